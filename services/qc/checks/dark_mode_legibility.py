"""Exact check: whether a transparent picture shows on light and on dark backgrounds."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.brand import Hex
from libs.contracts.qc import Finding
from services.qc.checks.measured import (
    ExactCheck,
    Measured,
    Parameters,
    judged,
    not_applicable,
    short,
)
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

if TYPE_CHECKING:
    from services.qc.checks.ink import Colour, Ink
    from services.qc.checks.seen import Line

SEEN_THROUGH = 0.5
"""Share of transparent pixels round a text from which the background lies behind it."""

LOST_EDGE = 0.5
MOST_FINDINGS = 20


class DarkModeLegibility(Parameters):
    backgrounds: list[Hex] = Field(
        default=["#FFFFFF", "#000000", "#121212"],
        min_length=1,
        max_length=20,
        description="Colours behind the picture (#121212: the dark surface of Material Design)",
    )
    min_ratio: float = Field(
        default=3.0,
        ge=1,
        le=21,
        description="Least contrast of text and of edges with the background (WCAG 2.2, 1.4.11: 3)",
    )
    max_lost_edge: float = Field(
        default=LOST_EDGE,
        ge=0,
        le=1,
        description="Greatest share of the outline that may sink into a background",
    )


def measure(subject: Subject, parameters: DarkModeLegibility) -> Measured:
    """Score: the share of backgrounds on which text and outline show, in percent.

    The outline is where opaque pixels meet transparent ones. A picture without transparency, or
    with a strip of it along an edge, brings its own background: only its rim is told.
    """
    from services.qc.checks.outline import has_clear_areas

    findings: list[Finding] = []
    lost: dict[str, float] = {}
    transparent = False
    for page in subject.pages:
        alpha = subject.alpha(page)
        if alpha is None or not has_clear_areas(alpha):
            continue
        transparent = True
        for background in parameters.backgrounds:
            share, found = _on(subject, page, background, parameters)
            lost[background] = max(share, lost.get(background, 0.0))
            findings += found
    measurements: dict[str, JsonValue] = {**subject.seen_pages()}
    if not transparent:
        measurements["rim"] = _rim(subject)
        return not_applicable("The picture has no transparent parts.", measurements)
    measurements["lost_edge"] = {name: round(share, 3) for name, share in lost.items()}
    bad = {finding.rule for finding in findings}
    score = 100 * (1 - len(bad) / len(parameters.backgrounds))
    return judged(findings[:MOST_FINDINGS], measurements, max(0.0, score))


def _rim(subject: Subject) -> str:
    from services.qc.checks.outline import rim_of

    return rim_of(subject.rgb(subject.pages[0]))


def _on(
    subject: Subject, page: Page, background: str, parameters: DarkModeLegibility
) -> tuple[float, list[Finding]]:
    from services.qc.checks.outline import lost_outline

    alpha = subject.alpha(page)
    assert alpha is not None
    colour = _colour(background)
    rule = f"contrast at least {parameters.min_ratio:g}:1 on {background}"
    found = [
        Finding(
            severity="major",
            message=f"The text hardly shows on {background}.",
            measured=f"{short(ratio, 2)}:1",
            rule=rule,
            evidence=line.text,
            fix="Give it an outline or a plate, or deliver a version for dark backgrounds.",
            page=page.number,
            region=line.region,
        )
        for line, ratio in _texts(subject, page, colour)
        if ratio < parameters.min_ratio
    ]
    share, region = lost_outline(subject.rgb(page), alpha, colour, parameters.min_ratio)
    if share > parameters.max_lost_edge and not found:
        found.append(
            Finding(
                severity="major",
                message=f"The outline sinks into {background}.",
                measured=f"{100 * share:.0f} % of the outline",
                rule=rule,
                fix="Give it an outline or a plate, or deliver a version for this background.",
                page=page.number,
                region=region,
            )
        )
    return share, found


def _texts(subject: Subject, page: Page, background: "Colour") -> Iterator[tuple["Line", float]]:
    """Texts that stand on nothing, with their contrast on `background`."""
    from services.qc.checks.outline import shows_through

    alpha = subject.alpha(page)
    assert alpha is not None
    for line, ink in subject.inks(page):
        if ink and shows_through(alpha, line.region) >= SEEN_THROUGH:
            laid: Ink = replace(ink, background=background)
            yield line, laid.contrast


def _colour(hex: str) -> "Colour":
    return int(hex[1:3], 16), int(hex[3:5], 16), int(hex[5:7], 16)


CHECK = ExactCheck(
    measures="Text and outline of a transparent picture on light and dark backgrounds",
    unit="ratio",
    parameters=DarkModeLegibility,
    measure=measure,
    reads_words=True,
    example={"backgrounds": ["#FFFFFF", "#1C1C1E"], "min_ratio": 3},
    version=2,
)
