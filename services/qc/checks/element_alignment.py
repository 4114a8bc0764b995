"""Exact check: edges that nearly line up, which looks like a slip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page
from services.qc.domain.geometry import region_of

if TYPE_CHECKING:
    from services.qc.checks.edges import Element

MOST_FINDINGS = 10
MOST_ELEMENTS = 150
FAMILY = 3
"""So many elements on one edge make it an edge that others are held to."""

Axis = Literal["column", "row"]


class ElementAlignment(Parameters):
    tolerance_share: float = Field(
        default=0.002,
        ge=0,
        le=0.05,
        description="How far edges may differ, as a share of the longer side; letters get as "
        "much more as their own forms need",
    )
    near_share: float = Field(
        default=0.01,
        gt=0,
        le=0.1,
        description="Up to which difference edges are taken for meant to line up",
    )


@dataclass(frozen=True)
class NearMiss:
    """`other` is the element that `one` nearly lines up with; `is_meant` when it has company."""

    one: "Element"
    other: "Element"
    axis: Axis
    off_px: float
    is_meant: bool


def measure(subject: Subject, parameters: ElementAlignment) -> Measured:
    """Score: the share of neighbours that line up or stand clearly apart, in percent.

    Elements are lines of text by their ink, the logo and plain panels. Neighbours in a column
    line up by their left, middle or right; a difference between tolerance and `near_share` is a
    near miss: major where three or more of a kind share the edge that is missed, else minor.
    """
    findings: list[Finding] = []
    misses, pairs, count = 0, 0, 0
    for page in subject.pages:
        elements = _elements(subject, page)
        count += len(elements)
        side = max(subject.rgb(page).shape[:2])
        limits = parameters.tolerance_share * side, parameters.near_share * side
        neighbours = list(_neighbours(elements))
        pairs += len(neighbours)
        found = [miss for pair in neighbours if (miss := _miss(*pair, elements, limits))]
        misses += len(found)
        findings += [_finding(subject, page, miss, limits[0]) for miss in found]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "elements": count,
        "pairs": pairs,
        "near_misses": misses,
    }
    if not pairs:
        return not_applicable("There are no neighbours that could line up.", measurements)
    findings.sort(key=lambda finding: finding.severity != "major")
    return judged(findings[:MOST_FINDINGS], measurements, 100 * (1 - misses / pairs))


def _elements(subject: Subject, page: Page) -> list["Element"]:
    from services.qc.checks.edges import Element, panels, text_elements

    rgb = subject.rgb(page)
    found = [*text_elements(rgb, subject.copy_lines(page)), *panels(rgb)]
    logo = subject.logo(page).match if subject.brief.files("logo") else None
    if logo:
        height, width = rgb.shape[:2]
        box = logo.region
        ends = box.x * width, box.y * height, (box.x + box.w) * width, (box.y + box.h) * height
        found.append(Element("logo", *ends, 0.02 * (ends[2] - ends[0])))
    return found[:MOST_ELEMENTS]


Pair = tuple["Element", "Element", Axis]


def _neighbours(elements: Sequence["Element"]) -> Iterator[Pair]:
    """Each element with the next one below it in its column, and beside it for panels and logo."""
    for one in elements:
        below = [other for other in elements if _is_below(one, other)]
        if below:
            yield one, min(below, key=lambda other: other.top - one.bottom), "column"
        beside = [other for other in elements if _is_beside(one, other)]
        if beside:
            yield one, min(beside, key=lambda other: other.left - one.right), "row"


def _is_below(one: "Element", other: "Element") -> bool:
    gap = other.top - one.bottom
    shared = min(one.right, other.right) - max(one.left, other.left)
    narrow = min(one.right - one.left, other.right - other.left)
    near = 2.5 * max(one.bottom - one.top, other.bottom - other.top)
    if other.is_text != one.is_text:
        near = max(one.bottom - one.top, other.bottom - other.top)
    return -0.2 * (other.bottom - other.top) <= gap <= near and shared >= 0.5 * narrow


def _is_beside(one: "Element", other: "Element") -> bool:
    """Text beside text has another size or length nearly always: only panels and the logo count."""
    if one.is_text or other.is_text:
        return False
    gap = other.left - one.right
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    low = min(one.bottom - one.top, other.bottom - other.top)
    return -2 <= gap <= max(one.right - one.left, other.right - other.left) and shared >= 0.5 * low


def _miss(
    one: "Element",
    other: "Element",
    axis: Axis,
    elements: Sequence["Element"],
    limits: tuple[float, float],
) -> NearMiss | None:
    tolerance, near = limits
    slack = tolerance + one.slack_px + other.slack_px
    first, second = _edges(one, axis), _edges(other, axis)
    differences = [abs(a - b) for a, b in zip(first, second, strict=True)]
    off = min(differences)
    if not slack < off <= near:
        return None
    nearly = [edge for edge, away in enumerate(differences) if slack < away <= near]
    ways = [(one, other, edge) for edge in nearly] + [(other, one, edge) for edge in nearly]
    for fixed, stray, edge in ways if one.is_text == other.is_text else ():
        if _company(fixed, stray, axis, edge, elements, tolerance) >= FAMILY:
            return NearMiss(stray, fixed, axis, differences[edge], True)
    return NearMiss(other, one, axis, off, False)


def _company(
    fixed: "Element",
    stray: "Element",
    axis: Axis,
    edge: int,
    elements: Sequence["Element"],
    tolerance: float,
) -> int:
    """How many elements share the edge of `fixed`, itself among them."""
    place = _edges(fixed, axis)[edge]
    return sum(
        abs(_edges(element, axis)[edge] - place) <= tolerance + element.slack_px
        for element in elements
        if element is not stray
    )


def _edges(element: "Element", axis: Axis) -> tuple[float, float, float]:
    low, high = (element.left, element.right) if axis == "column" else (element.top, element.bottom)
    return low, (low + high) / 2, high


def _finding(subject: Subject, page: Page, miss: NearMiss, tolerance_px: float) -> Finding:
    height, width = subject.rgb(page).shape[:2]
    both = (miss.one, miss.other)
    corners = [p for e in both for p in ((e.left, e.top), (e.right, e.bottom))]
    scale = subject.file_px(page)
    line = "column" if miss.axis == "column" else "row"
    return Finding(
        severity="major" if miss.is_meant else "minor",
        message=f"Two elements of a {line} nearly line up.",
        measured=f"{miss.off_px * scale:.0f} px apart",
        rule=f"at most {tolerance_px * scale:.0f} px and what letters need, or clearly apart",
        evidence=f"{miss.one.name} · {miss.other.name}",
        fix="Set both on one edge, or move them clearly apart.",
        page=page.number,
        region=region_of(corners, width, height),
    )


CHECK = ExactCheck(
    measures="Edges of text, panels and logo that nearly line up",
    unit="px",
    parameters=ElementAlignment,
    measure=measure,
    reads_words=True,
    version=2,
    example={"tolerance_share": 0.003, "near_share": 0.015},
)
