"""Exact check: whether a picture has enough pixels, for the screen or for a print size."""

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.measured import (
    BadParameter,
    ExactCheck,
    Measured,
    Parameters,
    judged,
    not_applicable,
)
from services.qc.checks.subject import Subject
from services.qc.domain.creative import DRAWN, Page

MM_PER_INCH = 25.4


class ImageResolution(Parameters):
    min_short_side_px: int = Field(
        default=1000, ge=1, le=100_000, description="Fewest pixels of the shorter side"
    )
    min_long_side_px: int = Field(
        default=1000, ge=1, le=100_000, description="Fewest pixels of the longer side"
    )
    print_width_mm: float | None = Field(
        default=None, gt=0, le=100_000, description="Width in print; needs print_height_mm"
    )
    print_height_mm: float | None = Field(
        default=None, gt=0, le=100_000, description="Height in print; needs print_width_mm"
    )
    min_dpi: float = Field(
        default=300, gt=0, le=5_000, description="Fewest pixels per inch at the print size"
    )


def measure(subject: Subject, parameters: ImageResolution) -> Measured:
    """Score: the share of the required pixels along the worst side, in percent, at most 100."""
    if (parameters.print_width_mm is None) != (parameters.print_height_mm is None):
        raise BadParameter("print_width_mm: goes together with print_height_mm")
    if subject.creative.format in DRAWN:
        format = subject.creative.format
        return not_applicable(f"A page in {format} has no pixels of its own; its pictures have.")
    findings, shares = [], []
    for page in subject.sheets:
        for what, measured, least, unit in _rules(page, parameters):
            shares.append(min(1.0, measured / least))
            if measured < least:
                findings.append(_finding(page, what, f"{measured:.0f} {unit}", f"{least:g} {unit}"))
    return judged(findings, _measurements(subject.creative.pages[0], parameters), 100 * min(shares))


Rule = tuple[str, float, float, str]
"""What is measured, its value, the least that is allowed, the unit."""


def _rules(page: Page, parameters: ImageResolution) -> list[Rule]:
    short, long = sorted((page.width_px, page.height_px))
    rules: list[Rule] = [
        ("shorter side", short, parameters.min_short_side_px, "px"),
        ("longer side", long, parameters.min_long_side_px, "px"),
    ]
    dpi = _print_dpi(page, parameters)
    if dpi is not None:
        rules.append(("print resolution", dpi, parameters.min_dpi, "dpi"))
    return rules


def _print_dpi(page: Page, parameters: ImageResolution) -> float | None:
    """Pixels per inch along the side that has fewer of them."""
    if parameters.print_width_mm is None or parameters.print_height_mm is None:
        return None
    across = page.width_px / parameters.print_width_mm
    down = page.height_px / parameters.print_height_mm
    return min(across, down) * MM_PER_INCH


def _finding(page: Page, what: str, measured: str, least: str) -> Finding:
    return Finding(
        severity="major",
        message=f"The {what} has {measured}.",
        measured=measured,
        rule=f"at least {least}",
        fix="Export it larger from the original; scaling the file up adds no detail.",
        page=page.number,
    )


def _measurements(page: Page, parameters: ImageResolution) -> dict[str, float | int | None]:
    dpi = _print_dpi(page, parameters)
    return {
        "width_px": page.width_px,
        "height_px": page.height_px,
        "print_dpi": round(dpi, 1) if dpi is not None else None,
    }


CHECK = ExactCheck(
    measures="Size in pixels, and pixels per inch at a print size",
    unit="px, dpi",
    parameters=ImageResolution,
    measure=measure,
    example={"min_short_side_px": 1080, "min_long_side_px": 1920},
)
