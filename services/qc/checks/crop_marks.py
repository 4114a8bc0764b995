"""Exact check: crop marks on PDF pages: there when they are asked for, whole, and out of the way.

In a PDF/X they lie outside the bleed, where no cut can show them.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_judging import concluded, finding, not_a_pdf
from services.qc.checks.subject import Subject
from services.qc.checks.trim_marks import TrimMarks, find_marks, place_of
from services.qc.preflight.geometry import MM, Box, around

if TYPE_CHECKING:
    from services.qc.preflight.facts import PageFacts

CORNERS = 4


class CropMarks(Parameters):
    marks: Literal["required", "forbidden", "any"] = Field(
        default="required", description="any: only where they are must be right"
    )
    min_offset_mm: float = Field(
        default=2.0,
        ge=0,
        le=50,
        description="Least distance from the trim (2 mm: short of the usual 3 mm bleed's edge)",
    )


def measure(subject: Subject, parameters: CropMarks) -> Measured:
    """Score: 0 or 100. Marks are short thin strokes outside the corners of the trim box."""
    if subject.pdf() is None:
        return not_a_pdf("strokes that can be told to be crop marks")
    findings: list[Finding] = []
    corners: list[JsonValue] = []
    for page in subject.pdf_pages():
        marks = find_marks(page)
        corners.append(marks.corners if marks else 0)
        if marks is None:
            if parameters.marks == "required":
                findings.append(_absent(page))
        elif parameters.marks == "forbidden":
            findings.append(_unwanted(page, marks))
        else:
            findings += _faults(page, marks, parameters)
    return concluded(subject, findings, {"marked_corners": corners})


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
    needs=("pdf",),
    example={"marks": "required", "min_offset_mm": 3},
)
