"""Exact check: crop marks: there when they are asked for, whole, and out of the way.

In a PDF/X they lie outside the bleed, where no cut can show them.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged
from services.qc.checks.pdf_judging import concluded, finding
from services.qc.checks.subject import Subject
from services.qc.checks.trim_marks import TrimMarks, find_marks, place_of
from services.qc.domain.creative import Page
from services.qc.domain.geometry import region_of
from services.qc.preflight.geometry import MM, Box, around

if TYPE_CHECKING:
    from services.qc.preflight.facts import PageFacts

CORNERS = 4


class CropMarks(Parameters):
    marks: Literal["required", "forbidden", "any"] | None = Field(
        default=None,
        description="null: required on PDF pages, forbidden in pictures; any: where they are "
        "must be right",
    )
    min_offset_mm: float = Field(
        default=2.0,
        ge=0,
        le=50,
        description="Least distance from the trim (2 mm: short of the usual 3 mm bleed's edge)",
    )


def measure(subject: Subject, parameters: CropMarks) -> Measured:
    """Score: 0 or 100. Marks are short thin strokes outside the corners of the trim box.

    In a picture they are thin dark lines on a light rim that agree at four corners.
    """
    if subject.pdf() is None:
        return _in_pictures(subject, parameters)
    findings: list[Finding] = []
    corners: list[JsonValue] = []
    for page in subject.pdf_pages():
        marks = find_marks(page)
        corners.append(marks.corners if marks else 0)
        if marks is None:
            if parameters.marks in (None, "required"):
                findings.append(_absent(page))
        elif parameters.marks == "forbidden":
            findings.append(_unwanted(page, marks))
        else:
            findings += _faults(page, marks, parameters)
    return concluded(subject, findings, {"marked_corners": corners})


def _in_pictures(subject: Subject, parameters: CropMarks) -> Measured:
    from services.qc.checks.crop_mark_pixels import find_in_picture

    findings: list[Finding] = []
    corners: list[JsonValue] = []
    for page in subject.pages:
        rgb = subject.rgb(page)
        marks = find_in_picture(rgb)
        corners.append(marks.corners if marks else 0)
        if marks is None and parameters.marks == "required":
            findings.append(_none_in(page))
        elif marks is not None and parameters.marks in (None, "forbidden"):
            findings.append(_unwanted_in(page, marks, rgb.shape[0], rgb.shape[1]))
    return judged(findings, {**subject.seen_pages(), "marked_corners": corners})


def _none_in(page: Page) -> Finding:
    return Finding(
        severity="major",
        message="The picture has no crop marks.",
        measured="none",
        rule="crop marks at four corners",
        fix="Export it with crop marks.",
        page=page.number,
    )


def _unwanted_in(page: Page, marks: TrimMarks, height_px: int, width_px: int) -> Finding:
    left, bottom, right, top = place_of(marks)
    corners = (left, height_px - top), (right, height_px - bottom)
    return Finding(
        severity="major",
        message="The picture has crop marks.",
        measured=f"{marks.corners} corners",
        rule="no crop marks",
        fix="Export it without printer's marks, cut to the trim.",
        page=page.number,
        region=region_of(corners, width_px, height_px),
    )


def _absent(page: "PageFacts") -> Finding:
    return finding(
        "major",
        "The page has no crop marks.",
        "none",
        "crop marks at four corners",
        "Export it with crop marks.",
        page,
    )


def _unwanted(page: "PageFacts", marks: TrimMarks) -> Finding:
    return finding(
        "major",
        "The page has crop marks.",
        f"{marks.corners} corners",
        "no crop marks",
        "Export it without printer's marks.",
        page,
        place_of(marks),
    )


def _faults(page: "PageFacts", marks: TrimMarks, parameters: CropMarks) -> list[Finding]:
    found = []
    if marks.corners < CORNERS:
        found.append(
            finding(
                "major",
                "Crop marks are missing at a corner.",
                f"{marks.corners} of {CORNERS} corners",
                "crop marks at four corners",
                "Export the marks again; do not crop them off.",
                page,
                place_of(marks),
            )
        )
    near = [line for line in marks.lines if _offset_mm(page, marks.trim, line) < _least(parameters)]
    if near:
        nearest = min(_offset_mm(page, marks.trim, line) for line in near)
        found.append(
            finding(
                "major",
                "Crop marks stand in the bleed and may show after cutting.",
                f"{max(0.0, nearest):.1f} mm from the trim",
                f"at least {parameters.min_offset_mm:g} mm",
                "Set the offset of the marks to the bleed or more.",
                page,
                around(near),
            )
        )
    return found


def _least(parameters: CropMarks) -> float:
    return parameters.min_offset_mm - 0.05


def _offset_mm(page: "PageFacts", trim: Box, line: Box) -> float:
    """How far a mark begins outside the trim box, along its own direction."""
    if line[3] - line[1] > line[2] - line[0]:
        gap = max(trim[1] - line[3], line[1] - trim[3])
    else:
        gap = max(trim[0] - line[2], line[0] - trim[2])
    return gap * page.unit * MM


CHECK = ExactCheck(
    measures="Crop marks: there or not, at which corners, how far from the trim",
    unit="corners, mm",
    parameters=CropMarks,
    measure=measure,
    example={"marks": "required", "min_offset_mm": 3},
)
