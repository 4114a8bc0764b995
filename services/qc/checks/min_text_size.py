"""Exact check: the size of the smallest type: in points on a PDF, in pixels in a picture.

On a PDF sizes are those of the text itself, after all scaling. 5 pt in one ink, and 8 pt in several
inks or in white, are what offset printers ask for; GWG 2015 has the rule (small text).
"""

from collections.abc import Iterator
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
from services.qc.checks.pdf_judging import artwork_marks, concluded, finding
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

if TYPE_CHECKING:
    from services.qc.preflight.facts import Mark, PageFacts

MM_PER_POINT = 25.4 / 72
ROUNDING_PT = 0.05
MOST_FINDINGS = 20
MOST_QUOTES = 12


class MinTextSize(Parameters):
    min_pt: float = Field(default=5.0, ge=0, le=1_000, description="Least font size on a PDF page")
    min_pt_inks: float = Field(
        default=8.0, ge=0, le=1_000, description="The same for text in several inks or in white"
    )
    min_mm: float = Field(
        default=0.0, ge=0, le=1_000, description="Least font size on a PDF page, in millimetres"
    )
    min_px: float = Field(
        default=10.0, ge=0, le=10_000, description="Least font size in a picture, in its own pixels"
    )


@dataclass
class Group:
    """Text of one size and kind on one page."""

    page: "PageFacts"
    size_pt: float
    least_pt: float
    marks: "list[Mark]"


def measure(subject: Subject, parameters: MinTextSize) -> Measured:
    """Score: the smallest type as a share of its limit, in percent, at most 100.

    Where a PDF has no text but outlines, and in pictures, lines are read by OCR and their size
    is estimated to 15 %. Invisible text is not judged.
    """
    groups = [group for page in subject.pdf_pages() for group in _groups(page, parameters)]
    if not groups:
        return _by_ocr(subject, parameters)
    findings, worst = [], 1.0
    smallest = min(groups, key=lambda group: group.size_pt)
    for group in sorted(groups, key=lambda group: group.size_pt / (group.least_pt or 1)):
        if group.size_pt < group.least_pt - ROUNDING_PT and (found := _finding(subject, group)):
            findings.append(found)
            worst = min(worst, group.size_pt / group.least_pt)
    measurements: dict[str, JsonValue] = {
        "by": "text objects",
        "smallest_pt": round(smallest.size_pt, 2),
        "smallest_mm": round(smallest.size_pt * MM_PER_POINT, 2),
        "texts": sum(len(group.marks) for group in groups),
    }
    return concluded(subject, findings, measurements, 100 * worst)


def _groups(page: "PageFacts", parameters: MinTextSize) -> Iterator[Group]:
    found: dict[tuple[float, float], Group] = {}
    for mark in artwork_marks(page):
        if mark.text is None or mark.text.is_invisible or not mark.text.size_pt:
            continue
        least = max(_least(mark, parameters), parameters.min_mm / MM_PER_POINT)
        size = round(mark.text.size_pt, 2)
        found.setdefault((size, least), Group(page, size, least, [])).marks.append(mark)
    yield from found.values()


def _least(mark: "Mark", parameters: MinTextSize) -> float:
    plates = mark.fill.plates() if mark.fill else None
    delicate = mark.fill is not None and (mark.fill.is_white or len(plates or {}) > 1)
    return max(parameters.min_pt, parameters.min_pt_inks) if delicate else parameters.min_pt


def _finding(subject: Subject, group: Group) -> Finding | None:
    """At the first place that has words; None when all that is set so small are spaces."""
    mark, quote = group.marks[0], None
    for mark in group.marks[:MOST_QUOTES]:
        quote = subject.pdf_view.quote(group.page.number, mark.box)
        if quote:
            break
    readable = all(mark.text and mark.text.font and mark.text.font.unicode for mark in group.marks)
    if quote is None and readable:
        return None
    count = len(group.marks)
    places = f", {count} places" if count > 1 else ""
    return finding(
        "critical" if group.size_pt < group.least_pt / 2 else "major",
        "The type is too small to be printed and read.",
        f"{group.size_pt:.1f} pt ({group.size_pt * MM_PER_POINT:.2f} mm{places})",
        f"at least {group.least_pt:.4g} pt",
        f"Set it in {group.least_pt:.4g} pt or more.",
        group.page,
        mark.box,
        quote,
    )


def _by_ocr(subject: Subject, parameters: MinTextSize) -> Measured:
    sized = [
        (page, line, size)
        for page in subject.pages
        for line in subject.copy_lines(page)
        if (size := _size(subject, page, line))
    ]
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "by": "OCR", "texts": len(sized)}
    if not sized:
        return not_applicable("No text was found.", measurements)
    findings, worst = [], 1.0
    for page, line, size in sorted(sized, key=lambda one: one[2]):
        unit, least = _limit(page, parameters)
        if size < least:
            worst = min(worst, size / least)
            findings.append(_read_finding(page, line, size, least, unit))
    smallest = min(size for _, _, size in sized)
    measurements |= {f"smallest_{_limit(subject.pages[0], parameters)[0]}": round(smallest, 1)}
    return judged(findings[:MOST_FINDINGS], measurements, 100 * worst)


def _size(subject: Subject, page: Page, line: Line) -> float | None:
    """The em, in points where the page has millimetres, else in pixels of the file."""
    from services.qc.checks.ink import ink_of

    ink = ink_of(subject.rgb(page), line)
    if ink is None:
        return None
    if page.width_mm:
        shown_px = subject.rgb(page).shape[1]
        return float(ink.font_size_px * page.width_mm / shown_px / MM_PER_POINT)
    return ink.font_size_px * subject.file_px(page)


def _limit(page: Page, parameters: MinTextSize) -> tuple[str, float]:
    if page.width_mm:
        return "pt", max(parameters.min_pt, parameters.min_mm / MM_PER_POINT)
    return "px", parameters.min_px


def _read_finding(page: Page, line: Line, size: float, least: float, unit: str) -> Finding:
    return Finding(
        severity="critical" if size < least / 2 else "major",
        message="The type is too small to be read.",
        measured=f"{short(size, 1)} {unit}",
        rule=f"at least {least:.4g} {unit}",
        evidence=line.text,
        fix=f"Set it {least / size + 0.05:.1f} times as large.",
        page=page.number,
        region=line.region,
    )


CHECK = ExactCheck(
    measures="Smallest type: its font size",
    unit="pt and mm on PDF pages, px in pictures",
    parameters=MinTextSize,
    measure=measure,
    reads_words=True,
    example={"min_pt": 6, "min_px": 12},
)
