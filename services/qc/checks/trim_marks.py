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
    for trim in _frames(page, upright, level):
        found = _round(trim, upright, level)
        if found.corners >= 2 if trim == page.trim else found.corners == 4:
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


def _frames(page: "PageFacts", upright: list[Box], level: list[Box]) -> Iterable[Box]:
    """The trim box first; else the outermost places where lines stand on both sides."""
    if page.trim:
        yield page.trim
    middle_x, middle_y = (
        (page.media[0] + page.media[2]) / 2,
        (page.media[1] + page.media[3]) / 2,
    )
    xs = sorted({round((line[0] + line[2]) / 2, 1) for line in upright})
    ys = sorted({round((line[1] + line[3]) / 2, 1) for line in level})
    left, right = [x for x in xs if x < middle_x], [x for x in xs if x > middle_x]
    bottom, top = [y for y in ys if y < middle_y], [y for y in ys if y > middle_y]
    if not (left and right and bottom and top):
        return
    for inwards in range(min(4, len(left), len(right), len(bottom), len(top))):
        frame = left[inwards], bottom[inwards], right[-1 - inwards], top[-1 - inwards]
        width, height = page.media[2] - page.media[0], page.media[3] - page.media[1]
        if frame[2] - frame[0] > LEAST_SHARE * width and frame[3] - frame[1] > LEAST_SHARE * height:
            yield frame


def _round(trim: Box, upright: list[Box], level: list[Box]) -> TrimMarks:
    """A corner is marked when a line of each direction points at it from outside."""
    lines: list[Box] = []
    corners = 0
    for x in (trim[0], trim[2]):
        for y in (trim[1], trim[3]):
            ups = [line for line in upright if _points(line, x, y, trim, 0)]
            levels = [line for line in level if _points(line, x, y, trim, 1)]
            corners += bool(ups and levels)
            lines += ups + levels
    return TrimMarks(trim, tuple(lines), corners)


def _points(line: Box, x: float, y: float, trim: Box, along: int) -> bool:
    """`along` 0: an upright line on the edge x, on the side of the corner that is y's."""
    edge = (line[along] + line[along + 2]) / 2
    corner, other = (x, y) if along == 0 else (y, x)
    low, high = (line[1], line[3]) if along == 0 else (line[0], line[2])
    near, far = (trim[1], trim[3]) if along == 0 else (trim[0], trim[2])
    if abs(edge - corner) > ALIGNED_PT:
        return False
    reach = (far - near) / 4
    if other == near:
        return high <= near + ALIGNED_PT and high > near - reach
    return low >= far - ALIGNED_PT and low < far + reach


def place_of(marks: TrimMarks) -> Box:
    return around(marks.lines)
