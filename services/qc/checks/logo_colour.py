"""Exact check: whether each logo has the colours of its reference, or is an allowed plain one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.found_logos import found_logos, major
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.seen import LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

if TYPE_CHECKING:
    from services.qc.checks.mark_colours import InkColour, MarkColours

LOST_PER_DELTA_E = 5
PLAIN_DELTA_E = 6.0
"""How far a logo in plain white or black may be from it."""


class LogoColour(Parameters):
    max_delta_e: float = Field(
        default=5.0,
        ge=0,
        le=100,
        description="Greatest Delta E 2000 of a colour of the logo from the reference's; 5 is what "
        "people see at a glance and what other brand tools take",
    )
    max_delta_e_p95: float = Field(
        default=20.0,
        ge=0,
        le=100,
        description="Greatest Delta E that 95 % of the logo's pixels keep: more is a logo with "
        "something over it",
    )
    allow_white: bool = Field(default=False, description="Whether a plain white logo is allowed")
    allow_black: bool = Field(default=False, description="Whether a plain black logo is allowed")


def measure(subject: Subject, parameters: LogoColour) -> Measured:
    """Score: 100 less five for each Delta E by which the worst colour is beyond what is allowed.

    Where several reference logos fit a place, the one with the nearest colours counts.
    """
    found = found_logos(subject)
    if isinstance(found, Measured):
        return found
    findings: list[Finding] = []
    logos: list[JsonValue] = []
    beyond = 0.0
    for page, match in found:
        colours = _colours(subject, page, match)
        if colours is None:
            continue
        logos.append(_measurements(page, match, colours))
        if not _is_allowed_plain(colours, parameters):
            for finding, far in _breaches(page, match, colours, parameters):
                findings.append(finding)
                beyond = max(beyond, far)
    measurements = {**subject.seen_pages(), "logos": logos}
    if not logos:
        return not_applicable("The logo is too small to measure its colours.", measurements)
    return judged(findings, measurements, max(0.0, 100 - LOST_PER_DELTA_E * beyond))


def _colours(subject: Subject, page: Page, match: LogoMatch) -> "MarkColours | None":
    from services.qc.checks.mark_colours import mark_colours

    references = [r for r in subject.references("logo") if r.name == match.reference]
    return mark_colours(subject.rgb(page), references[0], match)


def _is_allowed_plain(colours: "MarkColours", parameters: LogoColour) -> bool:
    white = parameters.allow_white and colours.from_white <= PLAIN_DELTA_E
    black = parameters.allow_black and colours.from_black <= PLAIN_DELTA_E
    return white or black


def _breaches(
    page: Page, match: LogoMatch, colours: "MarkColours", parameters: LogoColour
) -> Iterator[tuple[Finding, float]]:
    wrong = [ink for ink in colours.inks if ink.delta_e > parameters.max_delta_e]
    for ink in wrong:
        yield _wrong_ink(page, match, ink, parameters), ink.delta_e - parameters.max_delta_e
    if not wrong and colours.p95 > parameters.max_delta_e_p95:
        finding = major(
            page,
            match,
            "Part of the logo has other colours, or something lies over it.",
            f"ΔE {colours.p95:.1f} at the 95th percentile",
            f"at most {parameters.max_delta_e_p95:g}",
            "Place the logo whole and uncovered.",
        )
        yield finding, colours.p95 - parameters.max_delta_e_p95


def _wrong_ink(page: Page, match: LogoMatch, ink: "InkColour", parameters: LogoColour) -> Finding:
    return major(
        page,
        match,
        f"The logo's {ink.expected} is shown as {ink.seen}.",
        f"{ink.seen}, ΔE {ink.delta_e:.1f}",
        f"{ink.expected}, ΔE at most {parameters.max_delta_e:g}",
        "Place the logo in its own colours, or in a plain version that is allowed.",
    )


def _measurements(page: Page, match: LogoMatch, colours: "MarkColours") -> JsonValue:
    return {
        "page": page.number,
        "reference": match.reference,
        "delta_e_median": round(colours.median, 2),
        "delta_e_p95": round(colours.p95, 2),
        "delta_e_worst_colour": round(max(ink.delta_e for ink in colours.inks), 2),
    }


CHECK = ExactCheck(
    measures="Each colour of the logo against the reference's",
    unit="ΔE 2000",
    parameters=LogoColour,
    measure=measure,
    needs=("logo",),
    example={"max_delta_e": 4, "allow_white": True},
    version=2,
)
