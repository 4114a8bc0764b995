"""Exact check: whether panels and grounds have the brand's colours, by Delta E 2000."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from libs.contracts.brand import BrandColour, SettledColour, Word
from libs.contracts.common import Request
from libs.contracts.qc import Finding, Region, Severity, Share
from services.qc.checks.measured import (
    BadParameter,
    ExactCheck,
    Measured,
    Parameters,
    judged,
    missing_input,
    not_applicable,
)
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

if TYPE_CHECKING:
    from services.qc.checks.flat_areas import FlatArea
    from services.qc.checks.palette import Near

LOST_PER_DELTA_E = 5
"""Percent of the score that each Delta E beyond the tolerance costs."""

MOST_FINDINGS = 20
FOREIGN: dict[str, Severity] = {"warn": "minor", "deny": "major"}


class ColourRegion(Request):
    """A place that must have one colour; without a `page` on every page."""

    colour: Word
    x: Share
    y: Share
    w: Share = Field(gt=0)
    h: Share = Field(gt=0)
    page: int | None = Field(default=None, ge=1)

    @property
    def region(self) -> Region:
        return Region(x=self.x, y=self.y, w=min(self.w, 1 - self.x), h=min(self.h, 1 - self.y))


class ColourShare(Request):
    """How much of the creative's flat surface one colour must take."""

    colour: Word
    min_share: Share = 0.0
    max_share: Share = 1.0


class BrandColors(Parameters):
    colours: tuple[BrandColour, ...] = Field(
        default=(), max_length=100, description="The colours; none: those of the brand client"
    )
    regions: tuple[ColourRegion, ...] = Field(
        default=(), max_length=50, description="Places, in shares of the page, and their colours"
    )
    shares: tuple[ColourShare, ...] = Field(
        default=(), max_length=50, description="Least and greatest area of a colour, of each page"
    )
    min_area_share: float = Field(
        default=0.02, ge=0.005, le=1, description="Share of the page from which a colour is judged"
    )
    near_delta_e: float = Field(
        default=15.0,
        ge=0,
        le=100,
        description="Up to this distance a colour is a wrong shade of a brand colour: people "
        "would give both the same name; beyond it is another colour",
    )
    foreign_colours: Literal["allow", "warn", "deny"] = Field(
        default="allow", description="Flat areas in colours that are no brand colour"
    )
    allow_neutrals: bool = Field(default=True, description="Whether white, grey, black are free")
    neutral_tolerance: float = Field(
        default=3.0, ge=0, le=20, description="Greatest distance in Delta E from a grey"
    )


def measure(subject: Subject, parameters: BrandColors) -> Measured:
    """Score: 100 less five for each Delta E by which the worst colour is beyond its tolerance.

    Judged are areas of one colour; photographs and gradients are not, whatever they contain.
    """
    colours = subject.brief.colours(parameters.colours)
    if not colours:
        return missing_input(
            "There are no brand colours. Give them to the brand client or as parameter colours."
        )
    _refuse_unknown_names(colours, parameters)
    findings: list[Finding] = []
    beyond, found = 0.0, []
    for page in subject.pages:
        seen = list(_seen_areas(subject, page, colours, parameters))
        found += seen
        for place, far in [
            *_area_findings(page, seen, parameters),
            *_region_findings(subject, page, colours, parameters),
            *_share_findings(page, seen, parameters),
        ]:
            findings.append(place)
            beyond = max(beyond, far)
    measurements = {**subject.seen_pages(), "areas": _measured_areas(found)}
    if not (found or parameters.regions or parameters.shares):
        return not_applicable("There is no large area of one colour.", measurements)
    failed = any(finding.severity != "minor" for finding in findings)
    score = max(0.0, 100 - LOST_PER_DELTA_E * beyond) if failed else 100.0
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _refuse_unknown_names(colours: tuple[SettledColour, ...], parameters: BrandColors) -> None:
    names = {colour.name for colour in colours}
    for what, rules in (("regions", parameters.regions), ("shares", parameters.shares)):
        for rule in rules:
            if rule.colour not in names:
                raise BadParameter(f"{what}: “{rule.colour}” is not one of the colours")


Seen = tuple["list[FlatArea]", "Near | None"]
"""The areas of one colour on a page, and the brand colour next to it; None for a neutral."""


def _seen_areas(
    subject: Subject, page: Page, colours: tuple[SettledColour, ...], parameters: BrandColors
) -> Iterator[Seen]:
    from services.qc.checks.flat_areas import flat_areas
    from services.qc.checks.palette import is_neutral, nearest

    by_colour: dict[int, list[FlatArea]] = {}
    for area in flat_areas(subject.rgb(page), parameters.min_area_share):
        by_colour.setdefault(area.cluster, []).append(area)
    for areas in by_colour.values():
        near = nearest(areas[0].rgb, colours)
        free = parameters.allow_neutrals and is_neutral(areas[0].rgb, parameters.neutral_tolerance)
        yield areas, None if free and near.beyond > 0 else near


def _area_findings(
    page: Page, seen: list[Seen], parameters: BrandColors
) -> Iterator[tuple[Finding, float]]:
    for areas, near in seen:
        if near is None or near.beyond <= 0:
            continue
        wrong_shade = near.delta_e <= parameters.near_delta_e
        if not wrong_shade and parameters.foreign_colours == "allow":
            continue
        share = sum(area.share for area in areas)
        finding = Finding(
            severity="major" if wrong_shade else FOREIGN[parameters.foreign_colours],
            message=f"The colour is off by ΔE {near.delta_e:.1f} from {near.colour.name}."
            if wrong_shade
            else f"{areas[0].hex} is not a colour of the brand.",
            measured=f"{areas[0].hex}, ΔE {near.delta_e:.1f}",
            rule=f"{near.colour.name} {near.colour.hex}, ΔE at most {near.colour.tolerance:g}",
            evidence=f"{100 * share:.0f} % of the page",
            fix=f"Set it to {near.colour.hex}, or check the colour conversion of the export."
            if wrong_shade
            else "Use a colour of the brand.",
            page=page.number,
            region=areas[0].region,
        )
        yield finding, near.beyond


def _region_findings(
    subject: Subject, page: Page, colours: tuple[SettledColour, ...], parameters: BrandColors
) -> Iterator[tuple[Finding, float]]:
    from services.qc.checks.flat_areas import dominant_colour
    from services.qc.checks.palette import nearest

    by_name = {colour.name: colour for colour in colours}
    for rule in parameters.regions:
        if rule.page not in (None, page.number):
            continue
        rgb, share = dominant_colour(subject.rgb(page), rule.region)
        near = nearest(rgb, [by_name[rule.colour]])
        if near.beyond > 0:
            finding = Finding(
                severity="major",
                message=f"The colour here is off by ΔE {near.delta_e:.1f} from {rule.colour}.",
                measured=f"{near.hex}, ΔE {near.delta_e:.1f}",
                rule=f"{rule.colour} {near.colour.hex}, ΔE at most {near.colour.tolerance:g}",
                evidence=f"{100 * share:.0f} % of the place has this colour",
                fix=f"Set it to {near.colour.hex}.",
                page=page.number,
                region=rule.region,
            )
            yield finding, near.beyond


def _share_findings(
    page: Page, seen: list[Seen], parameters: BrandColors
) -> Iterator[tuple[Finding, float]]:
    for rule in parameters.shares:
        share = sum(
            area.share
            for areas, near in seen
            if near and near.beyond <= 0 and near.colour.name == rule.colour
            for area in areas
        )
        if not rule.min_share <= share <= rule.max_share:
            few = share < rule.min_share
            finding = Finding(
                severity="major",
                message=f"There is too {'little' if few else 'much'} {rule.colour}.",
                measured=f"{100 * share:.1f} % of the page",
                rule=f"{100 * rule.min_share:g} to {100 * rule.max_share:g} %",
                fix=f"{'Give more' if few else 'Give less'} of the page this colour.",
                page=page.number,
            )
            yield finding, 10.0


def _measured_areas(found: list[Seen]) -> JsonValue:
    return [
        {
            "hex": areas[0].hex,
            "share": round(sum(area.share for area in areas), 4),
            "nearest": near.colour.name if near else "neutral",
            "delta_e": round(near.delta_e, 2) if near else None,
        }
        for areas, near in found[:MOST_FINDINGS]
    ]


CHECK = ExactCheck(
    measures="Areas of one colour against the brand's colours, by place and by share",
    unit="ΔE 2000",
    parameters=BrandColors,
    measure=measure,
    needs=("brand_colours",),
    example={
        "colours": [{"name": "Navy", "hex": "#0e1e3a", "tolerance": 4}],
        "regions": [{"colour": "Navy", "x": 0, "y": 0.8, "w": 1, "h": 0.2}],
        "foreign_colours": "warn",
    },
)
