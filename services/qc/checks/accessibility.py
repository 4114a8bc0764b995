"""Exact check: text that people with weak or other sight can read."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.colour_vision import SIMULATED, as_seen, chroma, difference
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

if TYPE_CHECKING:
    from services.qc.checks.ink import Ink

LARGE_TEXT_MM = 6.35
"""18 points, where WCAG's large text begins."""

APART, ALIKE, COLOURFUL = 40.0, 12.0, 30.0
"""Delta E of colours that all tell apart, of ones that some do not, and chroma of no grey."""

MOST_FINDINGS = 20


class Accessibility(Parameters):
    min_ratio: float = Field(
        default=4.5, ge=1, le=21, description="Least contrast of normal text (WCAG 2.2, 1.4.3)"
    )
    min_ratio_large: float = Field(
        default=3.0, ge=1, le=21, description="Least contrast of large text (WCAG 2.2, 1.4.3)"
    )
    large_text_share: float = Field(
        default=0.024,
        gt=0,
        le=1,
        description="Font size from which text is large, as a share of a picture's short side",
    )
    min_x_height_px: float = Field(
        default=8.0, ge=0, le=10_000, description="Least x-height in a picture, in its own pixels"
    )
    min_x_height_mm: float = Field(
        default=1.2,
        ge=0,
        le=1_000,
        description="Least x-height on a PDF page (1.2 mm: EU 1169/2011, Article 13)",
    )
    colour_blindness: bool = Field(
        default=True, description="Whether contrast must hold for colour-blind people too"
    )


@dataclass(frozen=True)
class Drawn:
    page: Page
    line: Line
    ink: "Ink"


def measure(subject: Subject, parameters: Accessibility) -> Measured:
    """Score: the share of lines without a finding, in percent.

    Contrast is measured as it is, and as people without one kind of cone see it. What only
    they see too weakly is a minor finding: WCAG asks for the contrast of the colours as they
    are. So are two texts whose colours only they cannot tell apart: colour may carry a meaning.
    """
    drawn = [
        Drawn(page, line, ink) for page in subject.pages for line, ink in subject.inks(page) if ink
    ]
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "lines": len(drawn)}
    if not drawn:
        return not_applicable("No text was found.", measurements)
    measurements["lowest_ratio"] = round(min(one.ink.contrast for one in drawn), 2)
    measurements["lowest_ratio_colour_blind"] = round(
        min(ratio for one in drawn for _, ratio in _seen(one)), 2
    )
    breaches = [(one, finding) for one in drawn for finding in _breaches(subject, one, parameters)]
    findings = [finding for _, finding in breaches]
    if parameters.colour_blindness:
        findings += _confused(drawn)
    poor = len({id(one) for one, _ in breaches})
    return judged(findings[:MOST_FINDINGS], measurements, 100 * (1 - poor / len(drawn)))


def _seen(one: Drawn) -> Iterator[tuple[str, float]]:
    """The contrast for each kind of colour blindness."""
    from services.qc.checks.ink import Ink

    for kind in SIMULATED:
        text, background = as_seen(one.ink.text, kind), as_seen(one.ink.background, kind)
        yield kind, Ink(one.ink.height_px, one.ink.font_size_px, text, background).contrast


def _breaches(subject: Subject, one: Drawn, parameters: Accessibility) -> Iterator[Finding]:
    least = _least_ratio(subject, one, parameters)
    if one.ink.contrast < least:
        yield _finding(
            one,
            "The text hardly stands out from its background.",
            f"{short(one.ink.contrast, 2)}:1",
            f"at least {least:g}:1",
            "Make the text lighter or darker.",
        )
    elif parameters.colour_blindness:
        kind, ratio = min(_seen(one), key=lambda seen: seen[1])
        if ratio < least:
            yield _finding(
                one,
                f"The text hardly stands out for people with {kind}.",
                f"{short(ratio, 2)}:1 as they see it, {one.ink.contrast:.2f}:1 for others",
                f"at least {least:g}:1",
                "Choose colours of different lightness.",
                minor=True,
            )
    x_height, least_height, unit = _x_height(subject, one, parameters)
    if x_height < least_height:
        yield _finding(
            one,
            "The text is too small to be read.",
            f"x-height {short(x_height, 1)} {unit}",
            f"x-height at least {least_height:.1f} {unit}",
            f"Set it {least_height / x_height + 0.05:.1f} times as large.",
        )


def _least_ratio(subject: Subject, one: Drawn, parameters: Accessibility) -> float:
    rgb = subject.rgb(one.page)
    size = one.ink.font_size_px
    if one.page.width_mm:
        large = size * one.page.width_mm / rgb.shape[1] >= LARGE_TEXT_MM
    else:
        large = size >= parameters.large_text_share * min(rgb.shape[:2])
    return min(parameters.min_ratio, parameters.min_ratio_large) if large else parameters.min_ratio


def _x_height(subject: Subject, one: Drawn, parameters: Accessibility) -> tuple[float, float, str]:
    if one.page.width_mm:
        mm = one.page.width_mm / subject.rgb(one.page).shape[1]
        return one.ink.x_height_px * mm, parameters.min_x_height_mm, "mm"
    file_px = subject.file_px(one.page)
    return one.ink.x_height_px * file_px, parameters.min_x_height_px, "px"


def _confused(drawn: list[Drawn]) -> Iterator[Finding]:
    """Pairs of colours, each told once, at the second line."""
    colourful = {one.ink.text: one for one in drawn if chroma(one.ink.text) >= COLOURFUL}
    for (a, first), (b, second) in combinations(colourful.items(), 2):
        if first.page is not second.page or difference(a, b) < APART:
            continue
        for kind in SIMULATED:
            distance = difference(as_seen(a, kind), as_seen(b, kind))
            if distance < ALIKE:
                yield _finding(
                    second,
                    f"People with {kind} cannot tell its colour from that of another text.",
                    f"Delta E {distance:.0f} as they see it, {difference(a, b):.0f} for others",
                    f"at least {ALIKE:g}",
                    f"If the colours mean something beside “{first.line.text}”, "
                    "say it in words or shapes too.",
                    minor=True,
                )
                break


def _finding(
    one: Drawn, message: str, measured: str, rule: str, fix: str, minor: bool = False
) -> Finding:
    return Finding(
        severity="minor" if minor else "major",
        message=message,
        measured=measured,
        rule=rule,
        evidence=one.line.text,
        fix=fix,
        page=one.page.number,
        region=one.line.region,
    )


CHECK = ExactCheck(
    measures="Contrast, also for colour-blind people, and size of the text",
    unit="ratio, px, mm on PDF pages",
    parameters=Accessibility,
    measure=measure,
    reads_words=True,
    example={"min_ratio": 4.5, "colour_blindness": True},
)
