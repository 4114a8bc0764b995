"""Exact check: whether the smallest text is large enough to be read."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

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

if TYPE_CHECKING:
    from services.qc.checks.ink import Ink

MOST_FINDINGS = 20


class TextReadability(Parameters):
    min_x_height_px: float = Field(
        default=8.0, ge=0, le=10_000, description="Least x-height in a picture, in its own pixels"
    )
    min_x_height_share: float = Field(
        default=0.0, ge=0, le=1, description="Least x-height as a share of the short side"
    )
    min_x_height_mm: float = Field(
        default=1.2,
        ge=0,
        le=1_000,
        description="Least x-height on a PDF page (1.2 mm: EU 1169/2011, Article 13)",
    )


@dataclass(frozen=True)
class Sized:
    """A line with its x-height, the limit that it must reach and the unit of both."""

    page: Page
    line: Line
    x_height: float
    least: float
    unit: str


def measure(subject: Subject, parameters: TextReadability) -> Measured:
    """Score: the smallest text's x-height as a share of its limit, in percent, at most 100.

    The x-height is the height of a small x. It is estimated from the ink of a whole line and
    the letters in it, to 15 %; type in capitals counts as if it had small letters. Judged are
    lines that OCR is sure of, outside the logo.
    """
    seen = [(page, *drawn) for page in subject.pages for drawn in subject.inks(page)]
    sized = [_sized(subject, page, line, ink, parameters) for page, line, ink in seen if ink]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "lines": len(sized),
        "lines_not_measured": len(seen) - len(sized),
    }
    if not sized:
        return not_applicable("No text was found.", measurements)
    smallest = min(sized, key=_nearness)
    measurements |= {
        "smallest_x_height": round(smallest.x_height, 2),
        "unit": smallest.unit,
        "smallest_text": smallest.line.text,
    }
    too_small = sorted((one for one in sized if one.x_height < one.least), key=_nearness)
    findings = [_finding(one) for one in too_small[:MOST_FINDINGS]]
    return judged(findings, measurements, 100 * min(1.0, _nearness(smallest)))


def _nearness(sized: Sized) -> float:
    return sized.x_height / sized.least if sized.least else math.inf


def _sized(
    subject: Subject, page: Page, line: Line, ink: "Ink", parameters: TextReadability
) -> Sized:
    rgb = subject.rgb(page)
    share = parameters.min_x_height_share * min(rgb.shape[:2])
    if page.width_mm:
        mm = page.width_mm / rgb.shape[1]
        least = max(parameters.min_x_height_mm, share * mm)
        return Sized(page, line, ink.x_height_px * mm, least, "mm")
    file_px = subject.file_px(page)
    least = max(parameters.min_x_height_px, share * file_px)
    return Sized(page, line, ink.x_height_px * file_px, least, "px")


def _finding(sized: Sized) -> Finding:
    return Finding(
        severity="critical" if sized.x_height < sized.least / 2 else "major",
        message="The text is too small to be read.",
        measured=f"x-height {short(sized.x_height, 1)} {sized.unit}",
        rule=f"x-height at least {sized.least:.1f} {sized.unit}",
        evidence=sized.line.text,
        fix=f"Set it {math.ceil(10 / _nearness(sized)) / 10:.1f} times as large.",
        page=sized.page.number,
        region=sized.line.region,
    )


CHECK = ExactCheck(
    measures="Smallest text: height of its small letters",
    unit="px, mm on PDF pages",
    parameters=TextReadability,
    measure=measure,
    reads_words=True,
    example={"min_x_height_px": 10},
    version=2,
)
