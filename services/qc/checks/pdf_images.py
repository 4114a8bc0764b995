"""Exact check: the resolution of the pictures in a PDF, as they are placed.

GWG 2015 has the rules: pictures of continuous tone and of one bit are judged apart. The figures are
common practice of sheet-fed offset: 150 ppi is half of what is asked for, 550 ppi the least for
line work. A poster may do with less.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from libs.contracts.qc import Finding, Severity
from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_judging import (
    artwork_marks,
    concluded,
    finding,
    not_a_pdf,
    nothing_to_judge,
)
from services.qc.checks.subject import Subject

if TYPE_CHECKING:
    from services.qc.preflight.facts import Image, Mark, PageFacts

ROUNDING = 0.995


class PdfImages(Parameters):
    min_ppi: float = Field(
        default=150, ge=0, le=10_000, description="Least pixels per inch, colour and grey"
    )
    wanted_ppi: float = Field(
        default=225, ge=0, le=10_000, description="Below this a colour or grey picture is a remark"
    )
    min_bitonal_ppi: float = Field(
        default=550, ge=0, le=10_000, description="Least pixels per inch, black and white only"
    )
    wanted_bitonal_ppi: float = Field(
        default=800, ge=0, le=10_000, description="Below this line work is a remark"
    )
    max_ppi: float | None = Field(
        default=None, gt=0, le=20_000, description="Above this a colour or grey picture is a remark"
    )
    ignore_below_px: int = Field(
        default=16, ge=1, le=1_000, description="Sides of fewer pixels are tints, not pictures"
    )


def measure(subject: Subject, parameters: PdfImages) -> Measured:
    """Score: the worst picture's resolution as a share of its limit, in percent, at most 100.

    Effective resolution: pixels over the length of each side on the page, the lower of the two.
    """
    if subject.pdf() is None:
        return not_a_pdf("placed pictures")
    placed = [
        (page, mark, mark.image)
        for page in subject.pdf_pages()
        for mark in artwork_marks(page)
        if mark.image and _is_judged(mark.image, parameters)
    ]
    if not placed:
        return nothing_to_judge(subject, "There is no picture on the pages.")
    findings = [
        found for page, mark, image in placed if (found := _judge(page, mark, image, parameters))
    ]
    lowest = min(image.effective_ppi for _, _, image in placed)
    shares = [image.effective_ppi / (_limits(image, parameters)[0] or 1) for _, _, image in placed]
    measurements = {"images": len(placed), "lowest_ppi": round(lowest)}
    return concluded(subject, findings, measurements, 100 * min(1.0, *shares, 1.0))


def _is_judged(image: "Image", parameters: PdfImages) -> bool:
    return min(image.width_px, image.height_px) >= parameters.ignore_below_px


def _is_bitonal(image: "Image") -> bool:
    return image.is_mask or (image.bits == 1 and image.space is not None
                             and image.space.components == 1)  # fmt: skip


def _limits(image: "Image", parameters: PdfImages) -> tuple[float, float]:
    if _is_bitonal(image):
        return parameters.min_bitonal_ppi, parameters.wanted_bitonal_ppi
    return parameters.min_ppi, parameters.wanted_ppi


def _judge(
    page: "PageFacts", mark: "Mark", image: "Image", parameters: PdfImages
) -> Finding | None:
    least, wanted = _limits(image, parameters)
    ppi = image.effective_ppi
    kind = "black and white " if _is_bitonal(image) else ""
    if ppi < max(least, wanted) * ROUNDING:
        low = ppi < least * ROUNDING
        severity: Severity = "major" if low else "minor"
        message = f"A {kind}picture has too few pixels for its size on the page."
        fix = "Place the original, or place it smaller; scaling up adds no detail."
        rule = f"at least {least if low else wanted:g} ppi"
        return finding(severity, message, _measured(image), rule, fix, page, mark.box)
    if parameters.max_ppi and not kind and ppi > parameters.max_ppi:
        message = "A picture has more pixels than can be printed, which only makes the file heavy."
        rule, fix = f"at most {parameters.max_ppi:g} ppi", "Let the export scale pictures down."
        return finding("minor", message, _measured(image), rule, fix, page, mark.box)
    return None


def _measured(image: "Image") -> str:
    return f"{image.effective_ppi:.0f} ppi ({image.width_px} x {image.height_px} px)"


CHECK = ExactCheck(
    measures="Pictures in a PDF: effective resolution where they are placed",
    unit="ppi",
    parameters=PdfImages,
    measure=measure,
    needs=("pdf",),
    example={"min_ppi": 300, "wanted_ppi": 300},
)
