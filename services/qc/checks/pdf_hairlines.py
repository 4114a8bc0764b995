"""Exact check: lines of a PDF that are too thin to be printed.

GWG 2015 has the rule (effective line width). 0.25 pt, and 0.5 pt for lines of several inks, on
which the least misregister shows, are the usual figures of offset printers.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_judging import (
    Grounds,
    artwork_marks,
    concluded,
    finding,
    not_a_pdf,
    nothing_to_judge,
)
from services.qc.checks.subject import Subject

if TYPE_CHECKING:
    from services.qc.preflight.facts import Colour, Mark, PageFacts

ROUNDING_PT = 0.005
LEAST_LENGTH_PT = 6.0
LONG = 8.0
"""A filled path is a line when it is this many times as long as it is thick."""


class PdfHairlines(Parameters):
    min_line_pt: float = Field(default=0.25, ge=0, le=100, description="Least width of a line")
    min_line_pt_inks: float = Field(
        default=0.5, ge=0, le=100, description="Least width of a line of two or more inks"
    )


def measure(subject: Subject, parameters: PdfHairlines) -> Measured:
    """Score: the thinnest line as a share of its limit, in percent, at most 100.

    Widths are those on the page. A width of 0 is the thinnest that a device can draw. Filled
    paths that are long and thin are lines too; dots and letters are not judged.
    """
    if subject.pdf() is None:
        return not_a_pdf("lines with a width")
    lines = [(page, *line) for page in subject.pdf_pages() for line in _lines(page)]
    if not lines:
        return nothing_to_judge(subject, "There are no lines on the pages.")
    findings, worst = [], 1.0
    for page, mark, width, colour in lines:
        several = len((colour.plates() if colour else None) or {}) > 1
        least = parameters.min_line_pt_inks if several else parameters.min_line_pt
        if width < least - ROUNDING_PT:
            worst = min(worst, width / least)
            message = "A line is too thin to be printed" + (" in several inks." if several else ".")
            measured, rule = f"{width:.3f} pt", f"at least {least:g} pt"
            fix = "Make the line thicker, or set it in one ink." if several else "Make it thicker."
            findings.append(finding("major", message, measured, rule, fix, page, mark.box))
    findings.sort(key=lambda one: float((one.measured or "0").split()[0]))
    thinnest = min(width for _, _, width, _ in lines)
    measurements = {"lines": len(lines), "thinnest_pt": round(thinnest, 3)}
    return concluded(subject, findings, measurements, 100 * worst)


def _lines(page: "PageFacts") -> "Iterator[tuple[Mark, float, Colour | None]]":
    grounds = Grounds()
    for mark in artwork_marks(page):
        seen = _shows(mark, grounds)
        grounds.add(mark)
        if not seen:
            continue
        length = max(mark.box[2] - mark.box[0], mark.box[3] - mark.box[1]) * page.unit
        if length < LEAST_LENGTH_PT:
            continue
        if mark.line_pt is not None:
            if mark.fill is None:
                yield mark, mark.line_pt, mark.stroke
        elif mark.thickness_pt is not None and length > LONG * mark.thickness_pt:
            yield mark, mark.thickness_pt, mark.fill


def _shows(mark: "Mark", grounds: Grounds) -> bool:
    """White shows where it is cut out of something."""
    if mark.kind != "path":
        return False
    return any(not colour.is_white for colour in mark.colours()) or grounds.beneath(mark)


CHECK = ExactCheck(
    measures="Thinnest line of a PDF, of one ink and of several",
    unit="pt",
    parameters=PdfHairlines,
    measure=measure,
    needs=("pdf",),
    example={"min_line_pt": 0.3},
)
