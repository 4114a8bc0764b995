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
from services.qc.domain.shared_edges import Place, SharedEdge, agree, shared_edge

if TYPE_CHECKING:
    from services.qc.checks.edges import Element

MOST_FINDINGS = 10
MOST_ELEMENTS = 150
FAMILY = 3
"""So many elements on one edge make it an edge that others are held to."""

Axis = Literal["column", "row"]
AXES: tuple[Axis, ...] = ("column", "row")


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
class Limits:
    """Edges differ by at most `tolerance_px`, or by more than `near_px`."""

    tolerance_px: float
    near_px: float


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
    near miss: major where three or more share the edge that is missed, else minor.
    """
    findings: list[Finding] = []
    misses, pairs, count = 0, 0, 0
    for page in subject.pages:
        elements = _elements(subject, page)
        count += len(elements)
        side = max(subject.rgb(page).shape[:2])
        limits = Limits(parameters.tolerance_share * side, parameters.near_share * side)
        found, neighbours = _near_misses(elements, limits)
        pairs += neighbours
        misses += len(found)
        findings += [_finding(subject, page, miss, limits.tolerance_px) for miss in found]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "elements": count,
        "pairs": pairs,
        "near_misses": misses,
    }
    if not pairs:
        return not_applicable("There are no neighbours that could line up.", measurements)
    findings.sort(key=lambda finding: finding.severity != "major")
    return judged(findings[:MOST_FINDINGS], measurements, 100 * max(0.0, 1 - misses / pairs))


def _elements(subject: Subject, page: Page) -> list["Element"]:
    from services.qc.checks.edges import Element, panels, text_elements

    rgb = subject.rgb(page)
    found = [*text_elements(rgb, subject.copy_lines(page)), *panels(rgb)]
    logo = subject.logo(page).match if subject.brief.files("logo") else None
    if logo:
        height, width = rgb.shape[:2]
        box = logo.region
        ends = box.x * width, box.y * height, (box.x + box.w) * width, (box.y + box.h) * height
        slack_px = 0.02 * (ends[2] - ends[0])
        found.append(Element("logo", *ends, (slack_px, slack_px)))
    return found[:MOST_ELEMENTS]


def _near_misses(elements: Sequence["Element"], limits: Limits) -> tuple[list[NearMiss], int]:
    """The near misses, and how many pairs of neighbours there are."""
    pairs = list(_neighbours(elements))
    strays = [miss for axis in AXES for miss in _strays(elements, axis, limits)]
    known = {id(miss.one) for miss in strays}
    slight = [
        miss
        for one, other, axis in pairs
        if known.isdisjoint((id(one), id(other))) and (miss := _miss(one, other, axis, limits))
    ]
    return [*strays, *slight], len(pairs)


def _neighbours(elements: Sequence["Element"]) -> Iterator[tuple["Element", "Element", Axis]]:
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


def _miss(one: "Element", other: "Element", axis: Axis, limits: Limits) -> NearMiss | None:
    both = list(zip(_edges(one, axis), _edges(other, axis), strict=True))
    off = min(abs(first.at_px - second.at_px) for first, second in both)
    if off > limits.near_px or any(agree(*pair, limits.tolerance_px) for pair in both):
        return None
    return NearMiss(other, one, axis, off, False)


def _strays(elements: Sequence["Element"], axis: Axis, limits: Limits) -> Iterator[NearMiss]:
    """Elements just off an edge on which a neighbour of their kind and its family stand."""
    is_next = _is_below if axis == "column" else _is_beside
    sides = [_Side(elements, axis, edge, limits.tolerance_px) for edge in range(3)]
    for number, element in enumerate(elements):
        near = [
            other
            for other, beside in enumerate(elements)
            if other != number and (is_next(element, beside) or is_next(beside, element))
        ]
        near.sort(key=lambda other: _apart(element, elements[other]))
        missed = (_missed(number, near, sides, edge, limits) for edge in range(3))
        found = next((miss for miss in missed if miss), None)
        if found:
            fixed, off_px = found
            yield NearMiss(element, elements[fixed], axis, off_px, True)


def _apart(one: "Element", other: "Element") -> float:
    down = max(one.top - other.bottom, other.top - one.bottom)
    return max(down, one.left - other.right, other.left - one.right)


class _Side:
    """One edge of all elements: their left ones, say."""

    def __init__(
        self, elements: Sequence["Element"], axis: Axis, edge: int, tolerance_px: float
    ) -> None:
        self.kinds = [element.is_text for element in elements]
        self.places = [_edges(one, axis)[edge] for one in elements]
        self.tolerance_px = tolerance_px
        self._shared: dict[int, SharedEdge] = {}

    def shared(self, number: int) -> SharedEdge:
        if number not in self._shared:
            self._shared[number] = shared_edge(number, self.places, self.tolerance_px)
        return self._shared[number]

    def jumps(self, number: int, fixed: int) -> bool:
        """A visible step, not one of many slight ones, as lines of a turned page make."""
        place = self.places[number]
        step_px = abs(place.at_px - self.places[fixed].at_px)
        return step_px > self.tolerance_px + place.slack_px

    def agree(self, one: int, other: int) -> bool:
        return agree(self.places[one], self.places[other], self.tolerance_px)


def _missed(
    number: int, near: Sequence[int], sides: Sequence[_Side], edge: int, limits: Limits
) -> tuple[int, float] | None:
    """The neighbour whose family's edge is nearly missed, and by how much."""
    side = sides[edge]
    place = side.places[number]
    for fixed in near:
        if side.kinds[fixed] != side.kinds[number] or not side.jumps(number, fixed):
            continue
        family = side.shared(fixed)
        off_px = family.off_px(place)
        if len(family.members) < FAMILY or off_px > limits.near_px:
            continue
        others = [other for at, other in enumerate(sides) if at != edge]
        if family.is_missed_by(place) and not _has_another(number, near, others, family):
            return fixed, off_px
    return None


def _has_another(
    number: int, near: Sequence[int], others: Sequence[_Side], family: SharedEdge
) -> bool:
    """True when it stands on another edge with a neighbour, and not by chance.

    That one of the family has its middle there too is chance, as long as nobody else has.
    """
    return any(
        side.agree(number, other)
        and (other not in family.members or len(side.shared(number).members) >= FAMILY)
        for side in others
        for other in near
    )


def _edges(element: "Element", axis: Axis) -> tuple[Place, Place, Place]:
    first, last = element.slacks_px
    low, high = (element.left, element.right) if axis == "column" else (element.top, element.bottom)
    middle = Place((low + high) / 2, (first + last) / 2)
    return Place(low, first), middle, Place(high, last)


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
    version=5,
    example={"tolerance_share": 0.003, "near_share": 0.015},
)
