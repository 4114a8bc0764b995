"""Exact check: whether a PDF page has bleed, and whether the artwork really runs into it.

Three millimetres are what offset printers ask for; 5 mm are usual for posters, 1/8 inch in the US.
"""

from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_judging import concluded, finding, not_a_pdf
from services.qc.checks.subject import Subject
from services.qc.preflight.geometry import MM, Box, inside

if TYPE_CHECKING:
    from services.qc.preflight.facts import PageFacts

SIDES = ("left", "bottom", "right", "top")
ROUNDING_MM = 0.05


class PrintBleed(Parameters):
    min_bleed_mm: float = Field(
        default=3.0, ge=0, le=100, description="Least distance from the trim box to the bleed box"
    )
    check_artwork: bool = Field(
        default=True, description="Whether pictures and grounds at the edge must run into the bleed"
    )
    max_missing_share: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Share of what touches an edge that may end there (2 %: corners, rounding)",
    )


def measure(subject: Subject, parameters: PrintBleed) -> Measured:
    """Score: the narrowest bleed as a share of what is asked for, in percent, at most 100.

    The trim box is where the page is cut; without one the art box counts, as PDF/X allows.
    A bleed box that is not given is the crop box (ISO 32000-1, 14.11.2).
    """
    if subject.pdf() is None:
        return not_a_pdf("a trim box and bleed")
    findings: list[Finding] = []
    bleeds: list[JsonValue] = []
    narrowest = parameters.min_bleed_mm
    for page in subject.pdf_pages():
        trim = page.trim or page.art
        if trim is None:
            findings.append(_without_trim(page, parameters))
            narrowest = 0.0
            continue
        bleed = _bleed_mm(page, trim)
        bleeds.append({side: round(bleed[side], 2) for side in SIDES})
        narrowest = min(narrowest, *bleed.values())
        narrow = [side for side in SIDES if bleed[side] < parameters.min_bleed_mm - ROUNDING_MM]
        if narrow:
            findings.append(_too_narrow(page, trim, bleed, narrow, parameters))
        elif parameters.check_artwork and parameters.min_bleed_mm:
            findings += _ends_at_the_edge(subject, page, trim, parameters)
    least = parameters.min_bleed_mm
    score = 100 * max(0.0, min(1.0, narrowest / least)) if least else 100.0
    stops = any("stops" in one.message for one in findings)
    return concluded(subject, findings, {"bleed_mm": bleeds}, min(score, 50.0) if stops else score)


def _bleed_mm(page: "PageFacts", trim: Box) -> dict[str, float]:
    outer = page.bleed or page.crop
    gaps = trim[0] - outer[0], trim[1] - outer[1], outer[2] - trim[2], outer[3] - trim[3]
    return {side: page.mm(gap) for side, gap in zip(SIDES, gaps, strict=True)}


def _without_trim(page: "PageFacts", parameters: PrintBleed) -> Finding:
    return finding(
        "major",
        "The page does not say where it is cut: it has no trim box.",
        "no trim box",
        f"a trim box with {parameters.min_bleed_mm:g} mm of bleed",
        "Export it as PDF/X with bleed, so that trim and bleed boxes are set.",
        page,
    )


def _too_narrow(
    page: "PageFacts", trim: Box, bleed: dict[str, float], sides: list[str], parameters: PrintBleed
) -> Finding:
    widths = ", ".join(f"{side} {max(0.0, bleed[side]):.1f} mm" for side in sides)
    box = _strip(trim, sides[0], parameters.min_bleed_mm / MM / page.unit) if _one(sides) else trim
    return finding(
        "major",
        "The page has too little bleed.",
        widths,
        f"at least {parameters.min_bleed_mm:g} mm on each side",
        "Extend the background past the trim and export with the document's bleed.",
        page,
        box,
    )


def _one(sides: list[str]) -> bool:
    return len(sides) == 1


def _strip(trim: Box, side: str, width: float) -> Box:
    """The bleed beside one edge, and as much inside it, so that there is something to see."""
    left, bottom, right, top = trim
    return {
        "left": (left - width, bottom, left + width, top),
        "right": (right - width, bottom, right + width, top),
        "bottom": (left, bottom - width, right, bottom + width),
        "top": (left, top - width, right, top + width),
    }[side]


def _ends_at_the_edge(
    subject: Subject, page: "PageFacts", trim: Box, parameters: PrintBleed
) -> list[Finding]:
    from services.qc.checks.bleed_pixels import missing_shares

    width = parameters.min_bleed_mm / MM / page.unit
    outer = (trim[0] - width, trim[1] - width, trim[2] + width, trim[3] + width)
    if not inside(outer, page.media, slack=ROUNDING_MM / MM):
        return []
    missing = missing_shares(subject.pdf_view, page.number, trim, width)
    return [
        finding(
            "major",
            f"The artwork stops at the trim on the {side}: cutting may leave a white line.",
            f"{100 * share:.0f} % of what touches the {side} edge has no bleed",
            f"it runs {parameters.min_bleed_mm:g} mm past the trim",
            "Extend the background or the picture into the bleed.",
            page,
            _strip(trim, side, width),
        )
        for side, share in missing.items()
        if share > parameters.max_missing_share
    ]


CHECK = ExactCheck(
    measures="Bleed beyond the trim box, and whether the artwork fills it",
    unit="mm",
    parameters=PrintBleed,
    measure=measure,
    needs=("pdf",),
    example={"min_bleed_mm": 5},
)
