"""Exact check: the proportions of each page."""

from typing import Annotated

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import BadParameter, ExactCheck, Measured, Parameters, judged
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

Ratio = Annotated[str, Field(pattern=r"^\d{1,5}(\.\d{1,4})?:\d{1,5}(\.\d{1,4})?$")]
ROUNDING = 1e-9
USUAL = ["1:1", "4:5", "5:4", "3:4", "4:3", "2:3", "3:2", "9:16", "16:9", "1.91:1"]


class AspectRatio(Parameters):
    allowed: list[Ratio] = Field(
        default=USUAL, min_length=1, max_length=50, description="Width to height, such as 4:5"
    )
    tolerance: float = Field(
        default=0.01, ge=0, le=0.5, description="Allowed deviation as a share of the ratio"
    )


def measure(subject: Subject, parameters: AspectRatio) -> Measured:
    """Score: 0 or 100. Every page of artwork is judged."""
    allowed = {name: _value(name) for name in parameters.allowed}
    findings: list[Finding] = []
    ratios: list[JsonValue] = []
    for page in subject.sheets:
        ratio = _of(page)
        name = min(allowed, key=lambda one: abs(ratio / allowed[one] - 1))
        ratios.append(round(ratio, 4))
        if abs(ratio / allowed[name] - 1) > parameters.tolerance + ROUNDING:
            findings.append(_finding(page, ratio, name, allowed))
    measurements: dict[str, JsonValue] = {"ratios": ratios, "tolerance": parameters.tolerance}
    return judged(findings, {**measurements, "pages_judged": len(ratios)})


def _of(page: Page) -> float:
    if page.width_mm and page.height_mm:
        return page.width_mm / page.height_mm
    return page.width_px / page.height_px


def _value(name: str) -> float:
    wide, high = (float(part) for part in name.split(":"))
    if not wide or not high:
        raise BadParameter(f"allowed: “{name}” is not a ratio")
    return wide / high


def _finding(page: Page, ratio: float, nearest: str, allowed: dict[str, float]) -> Finding:
    size = f"{page.width_px} x {page.height_px} px"
    if page.width_mm and page.height_mm:
        size = f"{page.width_mm:.1f} x {page.height_mm:.1f} mm"
    return Finding(
        severity="major",
        message=f"The proportions are {ratio:.3f}:1 ({size}).",
        measured=f"{ratio:.3f}:1",
        rule=f"one of {', '.join(allowed)}",
        fix=f"The nearest is {nearest} ({allowed[nearest]:.3f}:1): crop or extend the picture.",
        page=page.number,
    )


CHECK = ExactCheck(
    measures="Width to height of each page",
    unit="ratio",
    parameters=AspectRatio,
    measure=measure,
    example={"allowed": ["1:1", "4:5"]},
)
