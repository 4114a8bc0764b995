"""Exact check: transparency, where it must not be or must be, and borders that are all of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import FILMED

if TYPE_CHECKING:
    from services.qc.preflight.facts import Mark, PageFacts

MOST_FINDINGS = 20


class Transparency(Parameters):
    rule: Literal["forbidden", "required", "allowed"] = Field(
        default="forbidden",
        description="Whether pixels, or things on a PDF's page, may show through",
    )
    max_border_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Greatest empty border, as a share of that side; judged where transparency "
        "may be: an empty border makes the picture smaller than it is placed",
    )


def measure(subject: Subject, parameters: Transparency) -> Measured:
    """Score: 0 or 100. An alpha channel that is opaque all over is no transparency."""
    if subject.creative.format in FILMED:
        return not_applicable("Transparency of a video is not looked at.")
    if subject.creative.format == "PDF":
        return _of_pdf(subject, parameters)
    return _of_picture(subject, parameters)


def _of_picture(subject: Subject, parameters: Transparency) -> Measured:
    """The first page: frames of an animation share its ground."""
    from services.qc.checks.see_through import see_through

    alpha = subject.alpha(subject.creative.pages[0])
    seen = see_through(alpha) if alpha is not None else None
    measurements: dict[str, JsonValue] = {
        "alpha_channel": subject.creative.facts.alpha,
        "transparent_share": round(seen.share, 4) if seen else 0.0,
    }
    if seen is None or not seen.share:
        needed = [_finding("The picture is not transparent.", "opaque", "transparent ground")]
        return judged(needed if parameters.rule == "required" else [], measurements)
    findings = []
    if parameters.rule == "forbidden":
        shown = f"{100 * seen.share:.1f} % of the pixels"
        findings = [_finding("The picture is transparent.", shown, "opaque", seen.region)]
    for side, share in seen.borders.items():
        if parameters.rule != "forbidden" and share > parameters.max_border_share:
            message = f"The {side} border is empty."
            rule = f"at most {100 * parameters.max_border_share:g} %"
            findings.append(_finding(message, f"{100 * share:.1f} % of the side", rule, seen.ink))
    borders: dict[str, JsonValue] = {side: round(share, 4) for side, share in seen.borders.items()}
    return judged(findings, measurements | {"borders": borders})


def _of_pdf(subject: Subject, parameters: Transparency) -> Measured:
    live = {page.number: found for page in subject.pdf_pages() if (found := list(_live(page)))}
    measurements: dict[str, JsonValue] = {"pages_with_transparency": list(live)}
    findings: list[Finding] = []
    if parameters.rule == "required" and not live:
        findings = [_finding("Nothing in the PDF is transparent.", "none", "live transparency")]
    if parameters.rule == "forbidden":
        findings = [finding for found in live.values() for finding in found]
    return judged(findings[:MOST_FINDINGS], measurements)


def _live(page: "PageFacts") -> Iterator[Finding]:
    """One finding for each way in which something is transparent, where it is first."""
    seen: set[str] = set()
    for mark in page.marks:
        for way in _ways(mark):
            if way not in seen:
                seen.add(way)
                message = f"A {'picture' if mark.kind == 'image' else mark.kind} is transparent."
                found = _finding(message, way, "flattened", page.region(mark.box))
                yield found.model_copy(update={"page": page.number})


def _ways(mark: "Mark") -> Iterator[str]:
    look = mark.look
    opacity = min(look.fill_alpha if mark.fill or mark.image else 1.0, look.stroke_alpha)
    if look.is_transparent and opacity < 1:
        yield f"{100 * opacity:g} % opacity"
    if look.blend != "Normal":
        yield f"blend mode {look.blend}"
    if look.soft_mask or (mark.image and mark.image.soft_mask):
        yield "a soft mask"


def _finding(message: str, measured: str, rule: str, region: Region | None = None) -> Finding:
    fixes = {"opaque": "Flatten it on its ground.", "flattened": "Export it as PDF/X-1a or X-3."}
    return Finding(
        severity="major",
        message=message,
        measured=measured,
        rule=rule,
        fix=fixes.get(rule, "Cut it out, and crop it to its ink."),
        region=region,
    )


CHECK = ExactCheck(
    measures="Transparent pixels and borders; live transparency on a PDF's pages",
    unit="share",
    parameters=Transparency,
    measure=measure,
    example={"rule": "required", "max_border_share": 0.02},
)
