"""Marks that show where a page is cut: short thin lines outside the corners."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.qc.preflight.geometry import MM, Box, around

if TYPE_CHECKING:
    from services.qc.preflight.facts import PageFacts

LENGTH_MM = (1.5, 20.0)
THICKEST_PT = 1.5
ALIGNED_PT = 1.0
LEAST_SHARE = 0.3
"""A page is at least this share of its media box: smaller frames are drawings."""


@dataclass(frozen=True)
class TrimMarks:
    """`trim` is the box that the marks point at; `lines` are the marks, `corners` those marked."""

    trim: Box
    lines: tuple[Box, ...]
    corners: int


def find_marks(page: "PageFacts") -> TrimMarks | None:
    """The marks round the trim box, or round any box that four corners of marks agree on."""
    upright, level = _candidates(page)
    if not upright or not level:
        return None
    return marks_among(upright, level, page.media, page.trim, ALIGNED_PT, 4)


def marks_among(
    upright: list[Box],
    level: list[Box],
    media: Box,
    trim: Box | None,
    aligned: float,
    corners: int,
) -> TrimMarks | None:
    """At two corners of a `trim` that is known, or at as many as `corners` of any frame."""
    for frame in _frames(media, trim, upright, level):
        found = _round(frame, upright, level, aligned)
        if found.corners >= (2 if frame == trim else corners):
            return found
    return None


def _candidates(page: "PageFacts") -> tuple[list[Box], list[Box]]:
    """Upright and level thin lines of a mark's length."""
    upright: list[Box] = []
    level: list[Box] = []
    for line in _lines(page):
        across, up = line[2] - line[0], line[3] - line[1]
        short, long = sorted((across, up))
        if short * page.unit > THICKEST_PT:
            continue
        if LENGTH_MM[0] <= long * page.unit * MM <= LENGTH_MM[1]:
            (upright if up > across else level).append(line)
    return upright[:400], level[:400]


def _lines(page: "PageFacts") -> Iterable[Box]:
    for mark in page.marks:
        if mark.kind != "path":
            continue
        if mark.stroke and mark.lines:
            if (mark.line_pt or 0) <= THICKEST_PT:
                yield from mark.lines
        elif mark.fill and not mark.stroke:
            yield mark.box


def _frames(media: Box, trim: Box | None, upright: list[Box], level: list[Box]) -> Iterable[Box]:
    """The trim box first; else the outermost places where lines stand on both sides."""
    if trim:
        yield trim
    middle_x, middle_y = (
        (media[0] + media[2]) / 2,
        (media[1] + media[3]) / 2,
    )
    xs = sorted({round((line[0] + line[2]) / 2, 1) for line in upright})
    ys = sorted({round((line[1] + line[3]) / 2, 1) for line in level})
    left, right = [x for x in xs if x < middle_x], [x for x in xs if x > middle_x]
    bottom, top = [y for y in ys if y < middle_y], [y for y in ys if y > middle_y]
    if not (left and right and bottom and top):
        return
    for inwards in range(min(4, len(left), len(right), len(bottom), len(top))):
        frame = left[inwards], bottom[inwards], right[-1 - inwards], top[-1 - inwards]
        width, height = media[2] - media[0], media[3] - media[1]
        if frame[2] - frame[0] > LEAST_SHARE * width and frame[3] - frame[1] > LEAST_SHARE * height:
            yield frame


def _round(trim: Box, upright: list[Box], level: list[Box], aligned: float) -> TrimMarks:
    """A corner is marked when a line of each direction points at it from outside."""
    lines: list[Box] = []
    corners = 0
    for x in (trim[0], trim[2]):
        for y in (trim[1], trim[3]):
            ups = [line for line in upright if _points(line, (x, y), trim, 0, aligned)]
            levels = [line for line in level if _points(line, (x, y), trim, 1, aligned)]
            corners += bool(ups and levels)
            lines += ups + levels
    return TrimMarks(trim, tuple(lines), corners)


def _points(line: Box, corner: tuple[float, float], trim: Box, along: int, aligned: float) -> bool:
    """Whether a line stands on the corner's edge and outside the box, on the corner's side.

    `along` is 0 for an upright line, which stands on an edge x, and 1 for a level one.
    """
    middle = (line[along] + line[along + 2]) / 2
    across = 1 - along
    low, high = line[across], line[across + 2]
    near, far = trim[across], trim[across + 2]
    if abs(middle - corner[along]) > aligned:
        return False
    reach = (far - near) / 4
    if corner[across] == near:
        return near - reach < high <= near + aligned
    return far - aligned <= low < far + reach


def place_of(marks: TrimMarks) -> Box:
    return around(marks.lines)
