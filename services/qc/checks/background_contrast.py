"""Exact check: how text stands out from its background, by the WCAG contrast ratio."""

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

LARGE_TEXT_MM = 6.35
"""18 points, where WCAG's large text begins; a PDF page tells its millimetres."""

MOST_FINDINGS = 20


class BackgroundContrast(Parameters):
    min_ratio: float = Field(default=4.5, ge=1, le=21, description="Least ratio of normal text")
    min_ratio_large: float = Field(default=3.0, ge=1, le=21, description="Least ratio, large text")
    large_text_share: float = Field(
        default=0.024,
        gt=0,
        le=1,
        description="Font size from which text is large, as a share of a picture's short side",
    )


def measure(subject: Subject, parameters: BackgroundContrast) -> Measured:
    """Score: the worst line's ratio as a share of what it needs, in percent, at most 100.

    Judged are lines that OCR is sure of, outside the logo.
    """
    findings: list[Finding] = []
    ratios: list[float] = []
    worst = 1.0
    for page in subject.pages:
        for line, ratio, font_size_px in _measured_lines(subject, page):
            least = _least(subject, page, font_size_px, parameters)
            ratios.append(ratio)
            worst = min(worst, ratio / least)
            if ratio < least:
                findings.append(_finding(page, line, ratio, least))
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "lines": len(ratios)}
    if not ratios:
        return not_applicable("No text was found.", measurements)
    measurements |= {"lowest_ratio": round(min(ratios), 2), "lines_too_weak": len(findings)}
    findings.sort(key=lambda finding: float((finding.measured or "21").split(":")[0]))
    return judged(findings[:MOST_FINDINGS], measurements, 100 * worst)


def _measured_lines(subject: Subject, page: Page) -> list[tuple[Line, float, float]]:
    return [(line, ink.contrast, ink.font_size_px) for line, ink in subject.inks(page) if ink]


def _least(
    subject: Subject, page: Page, font_size_px: float, parameters: BackgroundContrast
) -> float:
    shown_px = subject.rgb(page).shape[1]
    if page.width_mm:
        large = font_size_px * page.width_mm / shown_px >= LARGE_TEXT_MM
    else:
        short_px = min(subject.rgb(page).shape[:2])
        large = font_size_px >= parameters.large_text_share * short_px
    return min(parameters.min_ratio, parameters.min_ratio_large) if large else parameters.min_ratio


def _finding(page: Page, line: Line, ratio: float, least: float) -> Finding:
    return Finding(
        severity="critical" if ratio < least / 2 else "major",
        message="The text hardly stands out from its background.",
        measured=f"{short(ratio, 2)}:1",
        rule=f"at least {least:g}:1",
        evidence=line.text,
        fix="Make the text lighter or darker, or calm the background behind it.",
        page=page.number,
        region=line.region,
    )


CHECK = ExactCheck(
    measures="Contrast of each line of text with what lies behind it (WCAG)",
    unit="ratio",
    parameters=BackgroundContrast,
    measure=measure,
    reads_words=True,
    example={"min_ratio": 4.5, "min_ratio_large": 3.0},
    version=2,
)
