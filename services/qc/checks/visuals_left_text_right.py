"""Exact check: whether the visual weight lies on the left and the text on the right."""

from typing import Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

Side = Literal["left", "right"]


class VisualsLeftTextRight(Parameters):
    direction: Literal["visuals_left", "visuals_right"] = Field(
        default="visuals_left",
        description="Where visuals belong; text belongs on the other side "
        "(in right-to-left scripts usually visuals_right)",
    )
    min_share: float = Field(
        default=0.6,
        ge=0.5,
        le=1,
        description="Least share of the text's area, and of the visual weight, on its own side",
    )


def measure(subject: Subject, parameters: VisualsLeftTextRight) -> Measured:
    """Score: the lesser of both shares over the least one, in percent, at most 100.

    Text counts by the area of its lines. Visual weight is strength of edges and colour outside
    the text, as shares; what it shows is not known. The first page with text is judged.
    """
    from services.qc.checks.visual_weight import right_share

    for page in subject.pages:
        lines = subject.copy_lines(page)
        if lines:
            break
    else:
        return not_applicable("No text was found.", {**subject.seen_pages()})
    text_right = _text_right([line.region for line in lines])
    weight_right = right_share(subject.rgb(page), [line.region for line in lines])
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "page": page.number,
        "text_right_share": round(text_right, 3),
        "visual_right_share": None if weight_right is None else round(weight_right, 3),
    }
    if weight_right is None:
        return not_applicable("There is nothing but text on plain ground.", measurements)
    visuals: Side = "left" if parameters.direction == "visuals_left" else "right"
    text: Side = "right" if visuals == "left" else "left"
    shares = {
        "text": (text, text_right if text == "right" else 1 - text_right),
        "visuals": (visuals, weight_right if visuals == "right" else 1 - weight_right),
    }
    findings = [
        _finding(page, what, side, share, parameters.min_share)
        for what, (side, share) in shares.items()
        if share < parameters.min_share
    ]
    least = min(share for _, share in shares.values())
    return judged(findings, measurements, 100 * min(1.0, least / parameters.min_share))


def _text_right(regions: list[Region]) -> float:
    """Share of the lines' area that lies right of the middle."""
    right = sum(max(0.0, r.x + r.w - max(0.5, r.x)) * r.h for r in regions)
    area = sum(r.w * r.h for r in regions)
    return right / area if area else 0.5


def _finding(page: Page, what: str, side: Side, share: float, least: float) -> Finding:
    words = {
        "text": f"Too little of the text is on the {side}.",
        "visuals": f"Too little of the visual weight is on the {side}.",
    }
    half = Region(x=0.5 if side == "left" else 0, y=0, w=0.5, h=1)
    return Finding(
        severity="major",
        message=words[what],
        measured=f"{100 * share:.0f} %",
        rule=f"at least {100 * least:g} %",
        fix="Move it to its own side, or turn the rule round for this creative.",
        page=page.number,
        region=half,
    )


CHECK = ExactCheck(
    measures="Share of text on one side and of visual weight on the other",
    unit="share",
    parameters=VisualsLeftTextRight,
    measure=measure,
    reads_words=True,
    example={"direction": "visuals_left", "min_share": 0.6},
)
