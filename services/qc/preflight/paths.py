"""Paths: collected as they come, measured only when they are painted."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from services.qc.preflight import objects
from services.qc.preflight.facts import Colour
from services.qc.preflight.geometry import Box, Matrix, box_of, grown, mean_scale
from services.qc.preflight.lexer import numbers
from services.qc.preflight.shadings import heaviest_colour
from services.qc.preflight.state import Pen

if TYPE_CHECKING:
    from services.qc.preflight.walker import Walker

MOST_PATH_BYTES = 8 << 20
MOST_POINTS = 200_000
MOST_LINE_BYTES = 900
_SEGMENT = re.compile(rb"([^a-z]*)([mlcvyh])")


def run(walker: "Walker", operands: list[Any]) -> None:
    walker.pen.size += len(operands[0])
    if walker.pen.size <= MOST_PATH_BYTES:
        walker.pen.runs.append(operands[0])


def _rectangle(walker: "Walker", operands: list[Any]) -> None:
    x, y, width, height = map(float, operands[-4:])
    if len(walker.pen.points) < MOST_POINTS:
        walker.pen.points += [x, y, x + width, y, x + width, y + height, x, y + height]


def _clip(walker: "Walker", operands: list[Any]) -> None:
    walker.pen.clips = True


def _paint(fills: bool, strokes: bool) -> Callable[["Walker", list[Any]], None]:
    def act(walker: "Walker", operands: list[Any]) -> None:
        pen = walker.pen
        box = None
        if fills or strokes or pen.clips:
            points = pen.points + [value for run in pen.runs for value in numbers(run)]
            box = box_of(points, walker.state.ctm)
        try:
            if box and (fills or strokes):
                _mark(walker, box, fills, strokes)
            if pen.clips:
                walker.clip_to(box)
        finally:
            walker.pen = Pen(text=pen.text, line=pen.line)

    return act


def _mark(walker: "Walker", box: Box, fills: bool, strokes: bool) -> None:
    state = walker.state
    fill: Colour | None = state.fill if fills else None
    stroke, line_pt = None, None
    lines: tuple[Box, ...] = ()
    thickness = min(box[2] - box[0], box[3] - box[1]) * walker.page.unit if fills else None
    if strokes:
        scale = mean_scale(state.ctm)
        stroke, line_pt = state.stroke, state.line_width * scale * walker.page.unit
        lines = _lines(walker.pen.runs, state.ctm)
        box = grown(box, state.line_width * scale / 2)
    for pattern in (fills and state.fill_pattern, strokes and state.stroke_pattern):
        if pattern:
            paint_pattern(walker, pattern, box)
    walker.mark("path", box, fill, stroke, line_pt, lines=lines, thickness_pt=thickness)


def _lines(runs: list[bytes], ctm: Matrix) -> tuple[Box, ...]:
    """The straight strokes of a short path: where crop marks are looked for."""
    if sum(map(len, runs)) > MOST_LINE_BYTES or any(b"c" in run for run in runs):
        return ()
    lines: list[Box] = []
    last: list[float] = []
    for text, operator in _SEGMENT.findall(b"".join(runs)):
        here = numbers(text)[-2:]
        if operator == b"l" and last and len(here) == 2:
            line = box_of(last + here, ctm)
            if line:
                lines.append(line)
        last = here
    return tuple(lines)


def paint_pattern(walker: "Walker", pattern: Any, box: Box) -> None:
    """What a pattern is made of, once for a page; the whole painted box is its place."""
    key = objects.key_of(pattern) or id(pattern)
    if key in walker.walked or walker.within:
        return
    walker.walked.add(key)
    shading = objects.get(pattern, "/Shading")
    if shading is not None:
        space = walker.shared.spaces.of(objects.get(shading, "/ColorSpace"))
        walker.mark("shading", box, heaviest_colour(shading, space))
        return
    outer = walker.state.ctm
    walker.within, walker.state.ctm = box, walker.base
    try:
        walker.form(pattern, objects.matrix(objects.get(pattern, "/Matrix")))
    finally:
        walker.within, walker.state.ctm = None, outer


OPERATORS = {
    b"re": _rectangle,
    b"W": _clip,
    b"W*": _clip,
    b"n": _paint(False, False),
    b"S": _paint(False, True),
    b"s": _paint(False, True),
    b"f": _paint(True, False),
    b"F": _paint(True, False),
    b"f*": _paint(True, False),
    b"B": _paint(True, True),
    b"B*": _paint(True, True),
    b"b": _paint(True, True),
    b"b*": _paint(True, True),
}
