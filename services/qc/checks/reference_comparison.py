"""Exact check: whether a creative is still the approved picture, and exactly what has changed."""

from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import (
    BadParameter,
    ExactCheck,
    Measured,
    Parameters,
    judged,
    missing_input,
)
from services.qc.checks.subject import Subject
from services.qc.domain.brief import ReferenceFile
from services.qc.domain.creative import Page

if TYPE_CHECKING:
    from services.qc.checks.aligned import Aligned
    from services.qc.checks.differences import Difference

MOST_FINDINGS = 20
TOLERATED_CUT = 0.03
"""A shift of a pixel or half a percent of scale cuts so much of a small picture."""

WORDS = {
    "added": "Something was added.",
    "removed": "Something was removed.",
    "recoloured": "A colour was changed.",
    "moved": "Something was moved.",
    "changed": "Something was changed.",
}


class Ignored(Parameters):
    """A box in shares of the page, from the top left; on every page without `page`."""

    x: float = Field(default=0, ge=0, le=1, description="Left side")
    y: float = Field(default=0, ge=0, le=1, description="Upper side")
    w: float = Field(default=1, gt=0, le=1, description="Width")
    h: float = Field(default=1, gt=0, le=1, description="Height")
    page: int | None = Field(default=None, ge=1, description="The page; all when not given")


class ReferenceComparison(Parameters):
    reference: str | None = Field(
        default=None, max_length=200, description="Name of the approved file; else the first one"
    )
    tolerated_delta_e: float = Field(
        default=5.0,
        ge=2,
        le=50,
        description="Difference of colour (Delta E 1976) that an area may have; 5 is hardly seen",
    )
    min_area_px: int = Field(
        default=12, ge=1, le=10_000_000, description="Fewest changed pixels that count"
    )
    ignore: tuple[Ignored, ...] = Field(
        default=(), max_length=50, description="Boxes that may change, in shares of the page"
    )
    allow_crop: bool = Field(
        default=False, description="Another aspect or a cut is fine; only the shared part counts"
    )


def measure(subject: Subject, parameters: ReferenceComparison) -> Measured:
    """Score: 100 when nothing has changed, else 0: a changed digit is no small share of a picture.

    Size, quality of compression, a slight shift, scale or turn are no change. Pages are
    compared one by one.
    """
    from services.qc.checks.aligned import align
    from services.qc.decode import open_creative

    file = _reference(subject, parameters.reference)
    if file is None:
        return missing_input(
            "There is no approved picture to compare with. Upload a reference, or say which of "
            "several is meant."
        )
    findings: list[Finding] = []
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "reference": file.name}
    with open_creative(file.path, subject.limits) as approved:
        if len(approved.pages) != len(subject.creative.pages):
            findings.append(_other_pages(len(approved.pages), len(subject.creative.pages)))
        regions, unsure = 0, False
        for page, before in zip(subject.pages, approved.pages, strict=False):
            pair = align(subject.rgb(page), approved.rgb(before))
            if pair is None:
                findings.append(_another_picture(page))
                continue
            found = _page_findings(page, pair, parameters)
            regions += len(found)
            unsure |= not pair.sure and bool(found)
            findings += found
    measurements |= {"regions": regions}
    if unsure:
        reason = "There is too little detail to lay the pictures over each other; look yourself."
        return Measured(state="unsure", findings=findings, measurements=measurements, reason=reason)
    return judged(findings[:MOST_FINDINGS], measurements)


def _reference(subject: Subject, name: str | None) -> ReferenceFile | None:
    files = subject.brief.files("reference")
    if name is None or not files:
        return files[0] if files else None
    for file in files:
        if file.name.casefold() == name.casefold():
            return file
    raise BadParameter(f"reference: there is no reference named “{name}”")


def _page_findings(page: Page, pair: "Aligned", parameters: ReferenceComparison) -> list[Finding]:
    from services.qc.checks.differences import changed_pixels, find_differences

    mask = changed_pixels(pair, parameters.tolerated_delta_e)
    width, height = pair.size
    for box in parameters.ignore:
        if box.page in (None, page.number):
            rows = slice(round(box.y * height), round((box.y + box.h) * height))
            mask[rows, round(box.x * width) : round((box.x + box.w) * width)] = 0
    least = parameters.min_area_px * pair.scale**2
    places = find_differences(pair, mask, parameters.tolerated_delta_e, least)
    findings = [_finding(page, pair, place, parameters) for place in places]
    if not parameters.allow_crop and pair.cut_share > TOLERATED_CUT:
        findings.insert(0, _cut(page, pair.cut_share))
    return findings


def _finding(
    page: Page, pair: "Aligned", place: "Difference", parameters: ReferenceComparison
) -> Finding:
    area = round(place.area_px / pair.scale**2)
    return Finding(
        severity="major",
        message=WORDS[place.change],
        measured=f"{area} px² differ, by Delta E {place.delta_e:.0f} at most",
        rule=f"Delta E at most {parameters.tolerated_delta_e:g} to the approved picture",
        evidence=place.change,
        fix="Set it as approved, or have the change approved.",
        page=page.number,
        region=grid_region(pair, place.box),
    )


def grid_region(pair: "Aligned", box: tuple[int, int, int, int]) -> Region:
    """A box on the grid as shares of the newer page."""
    from services.qc.domain.geometry import region_of

    x, y, w, h = box
    return region_of(((x, y), (x + w, y + h)), *pair.size)


def _cut(page: Page, share: float) -> Finding:
    return Finding(
        severity="major",
        message="The picture is cut differently.",
        measured=f"{100 * share:.0f} % is not in both pictures",
        rule=f"at most {100 * TOLERATED_CUT:g} %",
        fix="Export it with the approved frame, or allow a crop.",
        page=page.number,
    )


def _another_picture(page: Page) -> Finding:
    return Finding(
        severity="critical",
        message="This is another picture than the approved one.",
        measured="no shift, scale or slight turn lays one over the other",
        rule="the approved picture",
        fix="Upload the approved picture, or name the reference that belongs to this one.",
        page=page.number,
        region=Region(x=0, y=0, w=1, h=1),
    )


def _other_pages(approved: int, measured: int) -> Finding:
    return Finding(
        severity="critical",
        message="The number of pages is another one than approved.",
        measured=f"{measured} pages",
        rule=f"{approved} pages",
        fix="Upload all approved pages.",
        page=min(measured, approved),
    )


CHECK = ExactCheck(
    measures="Regions that differ from the approved picture, laid over each other",
    unit="px², Delta E",
    parameters=ReferenceComparison,
    measure=measure,
    needs=("reference",),
    example={"tolerated_delta_e": 5, "allow_crop": True},
)
