"""Exact check: whether the creative is made as its placement in the media plan asks for."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import Field, JsonValue

from libs.contracts.brand import Placement
from libs.contracts.qc import Finding
from services.qc.checks.measured import (
    ExactCheck,
    Measured,
    Parameters,
    judged,
    missing_input,
    not_applicable,
)
from services.qc.checks.subject import Subject
from services.qc.domain.creative import DRAWN, Page

MEGABYTE = 1_000_000
ELSE = 0.2
"""The most that format, weight or length count towards being near, of a size that is 22 % off."""

NAMED = 20
"""So many placements that fit are named; all are counted."""


class MediaPlanFormat(Parameters):
    ratio_tolerance: float = Field(
        default=0.01,
        ge=0,
        le=0.2,
        description="Allowed deviation from the planned ratio, as a share: 1200 x 628 px stands "
        "for 1.91:1, and is 0.05 % off",
    )
    scales: list[int] = Field(
        default=[1],
        min_length=1,
        max_length=4,
        description="Multiples of the planned size that are taken too: 2 for dense screens",
    )
    duration_tolerance_s: float = Field(
        default=0.1, ge=0, le=5, description="A film ends on a whole frame, some ms off"
    )


@dataclass(frozen=True, slots=True)
class Made:
    """The creative as a media plan sees it. `duration_s` is null for a still picture.

    `size` is null for a PDF and an SVG, which have no pixels of their own.
    """

    size: tuple[int, int] | None
    ratio: float
    format: str
    bytes: int
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the creative is not what a placement asks for; `distance` from 0, near, upwards."""

    what: str
    measured: str
    rule: str
    fix: str
    distance: float


def measure(subject: Subject, parameters: MediaPlanFormat) -> Measured:
    """Score: the share of the placement's rules that hold, in percent.

    With a named placement that one is judged, else the whole plan: one that fits is enough, and
    otherwise the nearest says what differs. Of a plan for several markets the creative's counts.
    """
    brief = subject.brief
    placements = _in_market((brief.placement,) if brief.placement else brief.plan, brief.market)
    if not brief.placement and not brief.plan:
        return missing_input(
            "There is no active media plan for this client. Upload and activate one."
        )
    if not placements:
        return not_applicable(f"The media plan has no placement for the market {brief.market}.")
    made = _made(subject)
    judgements = [(p, list(_differences(made, p, parameters))) for p in placements]
    fits = [placement.name for placement, differences in judgements if not differences]
    measurements = _measurements(made, placements, fits)
    if fits:
        return judged([], measurements)
    nearest, differences = min(judgements, key=lambda one: _distance(one[1]))
    measurements |= {"nearest": nearest.name, "differs_in": [d.what for d in differences]}
    findings = [_finding(nearest, difference) for difference in differences]
    rules = _rules(nearest)
    return judged(findings, measurements, 100 * max(0, rules - len(differences)) / rules)


def _in_market(placements: Sequence[Placement], market: str | None) -> list[Placement]:
    """Those that say something to measure, everywhere or in that market."""
    return [
        placement
        for placement in placements
        if _rules(placement) and (market is None or placement.market in (None, market))
    ]


def _rules(placement: Placement) -> int:
    asked = (
        placement.width_px or placement.height_px,
        placement.aspect_ratio,
        placement.formats,
        placement.max_bytes,
        placement.max_duration_s or placement.min_duration_s,
    )
    return sum(bool(rule) for rule in asked)


def _made(subject: Subject) -> Made:
    creative = subject.creative
    page = (subject.artwork or creative.pages)[0]
    motion = creative.facts.motion
    return Made(
        size=None if creative.format in DRAWN else (page.width_px, page.height_px),
        ratio=_ratio(page),
        format=creative.format,
        bytes=creative.facts.byte_size,
        duration_s=motion.duration_s if motion else None,
    )


def _ratio(page: Page) -> float:
    if page.width_mm and page.height_mm:
        return page.width_mm / page.height_mm
    return page.width_px / page.height_px


def _differences(
    made: Made, placement: Placement, parameters: MediaPlanFormat
) -> Iterator[Difference]:
    yield from _size(made, placement, parameters)
    if placement.aspect_ratio:
        yield from _aspect(made, placement.aspect_ratio, parameters)
    if placement.formats and made.format not in placement.formats:
        wanted = " or ".join(placement.formats)
        yield Difference("format", made.format, wanted, f"Export it as {wanted}.", ELSE)
    if placement.max_bytes and made.bytes > placement.max_bytes:
        over = math.log(made.bytes / placement.max_bytes)
        most = f"at most {_weight(placement.max_bytes)}"
        yield Difference("weight", _weight(made.bytes), most, "Compress it more.", min(over, ELSE))
    if made.duration_s is not None:
        yield from _duration(made.duration_s, placement, parameters)


def _size(made: Made, placement: Placement, parameters: MediaPlanFormat) -> Iterator[Difference]:
    """A PDF has no pixels: its proportions are compared."""
    wide, high = placement.width_px, placement.height_px
    if wide is None and high is None:
        return
    if made.size is None:
        if wide and high:
            yield from _aspect(made, f"{wide}:{high}", parameters)
        return
    has = made.size
    for scale in parameters.scales:
        if (wide is None or has[0] == wide * scale) and (high is None or has[1] == high * scale):
            return
    far = sum(abs(math.log(a / b)) for a, b in zip(has, (wide, high), strict=True) if b)
    planned = f"{wide or 'any'} x {high or 'any'} px"
    yield Difference("size", f"{has[0]} x {has[1]} px", planned, f"Export it with {planned}.", far)


def _aspect(made: Made, wanted: str, parameters: MediaPlanFormat) -> Iterator[Difference]:
    wide, high = (float(part) for part in wanted.split(":"))
    far = abs(math.log(made.ratio * high / wide)) if wide and high else math.inf
    if math.expm1(far) > parameters.ratio_tolerance:
        fix = "Crop or extend the picture."
        yield Difference("ratio", f"{made.ratio:.3f}:1", wanted, fix, 2 * far)


def _duration(
    seconds: float, placement: Placement, parameters: MediaPlanFormat
) -> Iterator[Difference]:
    most, least = placement.max_duration_s, placement.min_duration_s
    slack = parameters.duration_tolerance_s
    if most is not None and seconds > most + slack:
        far = min(ELSE, math.log(seconds / most))
        yield Difference("duration", f"{seconds:.1f} s", f"at most {most:g} s", "Cut it.", far)
    if least is not None and seconds < least - slack:
        rule = f"at least {least:g} s"
        yield Difference("duration", f"{seconds:.1f} s", rule, "Make it longer.", ELSE)


def _distance(differences: Sequence[Difference]) -> tuple[float, int]:
    """A placement of the same size is nearer than one of the same weight, say."""
    return sum(difference.distance for difference in differences), len(differences)


def _finding(placement: Placement, difference: Difference) -> Finding:
    return Finding(
        severity="major",
        message=f"The {difference.what} is not what “{placement.name}” asks for.",
        measured=difference.measured,
        rule=difference.rule,
        evidence=f"placement “{placement.name}”"
        + (f" in {placement.channel}" if placement.channel else ""),
        fix=difference.fix,
    )


def _measurements(
    made: Made, placements: Sequence[Placement], fits: list[str]
) -> dict[str, JsonValue]:
    measured: dict[str, JsonValue] = {
        "width_px": made.size[0] if made.size else None,
        "height_px": made.size[1] if made.size else None,
        "ratio": round(made.ratio, 4),
        "format": made.format,
        "bytes": made.bytes,
        "placements": len(placements),
        "fits": [*fits[:NAMED]],
        "fitting": len(fits),
    }
    if made.duration_s is not None:
        measured["duration_s"] = round(made.duration_s, 3)
    return measured


def _weight(size: int) -> str:
    return f"{size / MEGABYTE:.2f} MB" if size >= MEGABYTE else f"{size / 1000:,.1f} KB"


CHECK = ExactCheck(
    measures="Size, ratio, format, weight and length against the client's media plan",
    unit="px, bytes, s",
    parameters=MediaPlanFormat,
    measure=measure,
    needs=("placement",),
    example={"scales": [1, 2]},
)
