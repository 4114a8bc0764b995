"""Exact check: text and logo keep their distance from the trimmed edge."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import (
    ExactCheck,
    Measured,
    Parameters,
    judged,
    not_applicable,
    short,
)
from services.qc.checks.placed import Placed, placed_on
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page
from services.qc.domain.geometry import covered

MOST_FINDINGS = 20
SLUG_SHARE = 0.02
"""What lies in the trimmed page with less than this share is a note beside it."""

BOX_MARGIN_MM = 0.3
BOX_MARGIN_SHARE = 0.004
"""Boxes that OCR draws are a little larger than the ink."""

Side = tuple[str, float]


class SafetyArea(Parameters):
    min_distance_mm: float = Field(
        default=3.0,
        ge=0,
        le=500,
        description="Least distance from the trimmed edge on PDF pages (3 mm: usual in print)",
    )
    min_distance_share: float = Field(
        default=0.02,
        ge=0,
        lt=0.5,
        description="Least distance from a picture's edge, as a share of its short side "
        "(0.02: 3 mm on A5)",
    )


@dataclass(frozen=True)
class Sheet:
    """The trimmed page as shares of the shown one, its size and the unit of that."""

    trim: Region
    width: float
    height: float
    unit: str
    least: float
    margin: float


def measure(subject: Subject, parameters: SafetyArea) -> Measured:
    """Score: the least distance as a share of what it must be, in percent, at most 100.

    A PDF page is measured from its trim box. What lies beside the trimmed page is no artwork.
    """
    findings: list[Finding] = []
    nearest: tuple[float, float, str] | None = None
    count = 0
    for page in subject.pages:
        sheet = _sheet(subject, page, parameters)
        for one in placed_on(subject, page):
            side, distance = _nearest_side(one.region, sheet)
            if _outside(one.region, sheet.trim):
                continue
            count += 1
            if nearest is None or distance / max(sheet.least, 1e-9) < nearest[0]:
                nearest = (distance / max(sheet.least, 1e-9), distance, sheet.unit)
            if distance + sheet.margin < sheet.least:
                findings.append(_finding(page, one, side, distance, sheet))
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "elements": count}
    if nearest is None:
        return not_applicable("No text and no logo was found.", measurements)
    measurements |= {"least_distance": round(nearest[1], 2), "unit": nearest[2]}
    score = 100 * min(1.0, max(0.0, nearest[0])) if findings else 100.0
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _sheet(subject: Subject, page: Page, parameters: SafetyArea) -> Sheet:
    trim = subject.trim(page)
    if page.width_mm and page.height_mm:
        size = page.width_mm, page.height_mm
        return Sheet(trim, *size, "mm", parameters.min_distance_mm, BOX_MARGIN_MM)
    short = min(page.width_px, page.height_px)
    least, margin = parameters.min_distance_share * short, BOX_MARGIN_SHARE * short
    return Sheet(trim, page.width_px, page.height_px, "px", least, margin)


def _nearest_side(box: Region, sheet: Sheet) -> Side:
    return min(_distances(box, sheet), key=lambda side: side[1])


def _distances(box: Region, sheet: Sheet) -> Iterator[Side]:
    trim = sheet.trim
    yield "left", (box.x - trim.x) * sheet.width
    yield "top", (box.y - trim.y) * sheet.height
    yield "right", (trim.x + trim.w - box.x - box.w) * sheet.width
    yield "bottom", (trim.y + trim.h - box.y - box.h) * sheet.height


def _outside(box: Region, trim: Region) -> bool:
    return covered(box, trim) < SLUG_SHARE


def _finding(page: Page, one: Placed, side: str, distance: float, sheet: Sheet) -> Finding:
    return Finding(
        severity="major",
        message=f"{one.what} is too near to the {side} edge.",
        measured=f"{short(distance, 1)} {sheet.unit}",
        rule=f"at least {sheet.least:.1f} {sheet.unit}",
        evidence=one.text,
        fix="Move it inwards.",
        page=page.number,
        region=one.region,
    )


CHECK = ExactCheck(
    measures="Distance of text and logo from the trimmed edge",
    unit="px, mm on PDF pages",
    parameters=SafetyArea,
    measure=measure,
    reads_words=True,
    example={"min_distance_mm": 5},
)
