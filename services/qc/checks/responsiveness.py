"""Exact check: whether the text can be read when the picture is shown on small screens."""

from dataclasses import dataclass

from pydantic import Field, JsonValue, field_validator

from libs.contracts.qc import Finding
from services.qc.checks.measured import (
    ExactCheck,
    Measured,
    Parameters,
    judged,
    not_applicable,
    short,
)
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

MOST_FINDINGS = 20


class Responsiveness(Parameters):
    widths_px: list[int] = Field(
        default=[320, 375, 768],
        min_length=1,
        max_length=20,
        description="Widths at which the picture is shown, in CSS pixels "
        "(320: least width of WCAG 2.2, 1.4.10; 375: telephones; 768: tablets)",
    )
    min_x_height_px: float = Field(
        default=4.0,
        gt=0,
        le=1_000,
        description="Least height of a small x as shown, in CSS pixels (4: type of 8 px)",
    )
    small_print_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Type smaller than this share of the largest is small print and only told",
    )

    @field_validator("widths_px")
    @classmethod
    def _are_screens(cls, widths: list[int]) -> list[int]:
        if not all(50 <= width <= 10_000 for width in widths):
            raise ValueError("a width is from 50 to 10000")
        return widths


@dataclass(frozen=True)
class Sized:
    """`x_height` is a share of the page's width."""

    page: Page
    line: Line
    x_height: float


def measure(subject: Subject, parameters: Responsiveness) -> Measured:
    """Score: the share of lines that can be read at the smallest width, in percent.

    The picture is taken to fill the width. Judged are lines that OCR is sure of, outside the
    logo; sizes are estimated to 15 %.
    """
    sized = [
        Sized(page, line, ink.x_height_px / float(subject.rgb(page).shape[1]))
        for page in subject.pages
        for line, ink in subject.inks(page)
        if ink
    ]
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "lines": len(sized)}
    if not sized:
        return not_applicable("No text was found.", measurements)
    smallest = min(one.x_height for one in sized)
    measurements["smallest_x_height_px"] = {
        str(width): round(smallest * width, 1) for width in sorted(parameters.widths_px)
    }
    least_share = parameters.min_x_height_px / min(parameters.widths_px)
    small = sorted((one for one in sized if one.x_height < least_share), key=lambda s: s.x_height)
    limit = parameters.small_print_share * max(one.x_height for one in sized)
    findings = [_finding(one, parameters, one.x_height < limit) for one in small]
    score = 100 * (1 - len(small) / len(sized))
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _finding(one: Sized, parameters: Responsiveness, small_print: bool) -> Finding:
    width = min(parameters.widths_px)
    fails = [
        str(w)
        for w in sorted(parameters.widths_px)
        if one.x_height * w < parameters.min_x_height_px
    ]
    return Finding(
        severity="minor" if small_print else "major",
        message=f"The text cannot be read at a width of {', '.join(fails)} px.",
        measured=f"x-height {short(one.x_height * width, 1)} px at {width} px",
        rule=f"x-height at least {parameters.min_x_height_px:g} px",
        evidence=one.line.text,
        fix=f"Set it {parameters.min_x_height_px / (one.x_height * width) + 0.05:.1f} times as "
        "large, or make a format of its own for small screens.",
        page=one.page.number,
        region=one.line.region,
    )


CHECK = ExactCheck(
    measures="Size of the text when the picture is shown on small screens",
    unit="px",
    parameters=Responsiveness,
    measure=measure,
    reads_words=True,
    example={"widths_px": [375], "small_print_share": 0.3},
)
