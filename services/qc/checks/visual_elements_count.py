"""Exact check: how many separate elements stand on a plain ground."""

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page
from services.qc.domain.geometry import region_of

MOST_FINDINGS = 20


class VisualElementsCount(Parameters):
    min_elements: int = Field(default=1, ge=0, le=1_000, description="Fewest elements")
    max_elements: int = Field(
        default=7, ge=1, le=1_000, description="Most elements; about seven are taken in at a glance"
    )
    gap_share: float = Field(
        default=0.03,
        gt=0,
        le=0.2,
        description="Gap up to which parts are one element, as a share of the longer side",
    )
    min_area_share: float = Field(
        default=0.0005, gt=0, le=0.5, description="Smallest element, as a share of the page"
    )


def measure(subject: Subject, parameters: VisualElementsCount) -> Measured:
    """Score: the allowed number over the counted one, in percent; the fullest page counts.

    Counted is what stands apart from a plain ground by colour: a block of text, a pack, a logo.
    On a photograph nothing says where one thing ends: that is for a model to judge.
    """
    from services.qc.checks.visual_weight import elements

    counts: list[tuple[int, int]] = []
    findings: list[Finding] = []
    for page in subject.pages:
        found = elements(subject.rgb(page), parameters.gap_share, parameters.min_area_share)
        if found is None:
            continue
        counts.append((len(found), page.number))
        if not parameters.min_elements <= len(found) <= parameters.max_elements:
            findings.append(_finding(page, found, parameters))
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "pages_counted": len(counts)}
    if not counts:
        reason = "The ground is a picture, where elements cannot be told apart. Ask a model."
        return not_applicable(reason, measurements)
    most = max(counts)[0]
    measurements |= {"elements": most}
    score = 100 * min(1.0, parameters.max_elements / max(1, most)) if most else 0.0
    return judged(findings[:MOST_FINDINGS], measurements, score if findings else 100)


def _finding(page: Page, found: list[Region], parameters: VisualElementsCount) -> Finding:
    many = len(found) > parameters.max_elements
    corners = [
        (box.x + dx * box.w, box.y + dy * box.h) for box in found for dx in (0, 1) for dy in (0, 1)
    ]
    return Finding(
        severity="major",
        message=f"There are too {'many' if many else 'few'} separate elements.",
        measured=f"{len(found)} elements",
        rule=f"{parameters.min_elements} to {parameters.max_elements}",
        fix="Group what belongs together, or leave something out."
        if many
        else "Add what is missing.",
        page=page.number,
        region=region_of(corners, 1, 1) if corners else None,
    )


CHECK = ExactCheck(
    measures="Separate elements on a plain ground",
    unit="elements",
    parameters=VisualElementsCount,
    measure=measure,
    version=2,
    example={"max_elements": 5},
)
