"""Shadings: of all the colours that a gradient runs through, those at its ends and stops."""

from typing import Any

from services.qc.preflight import objects
from services.qc.preflight.facts import Colour, Space

MOST_STOPS = 64
MOST_DEPTH = 4


def heaviest_colour(shading: Any, space: Space) -> Colour:
    """The stop with the most ink; without values where the stops are not written as such."""
    stops = [colour for colour in _stops(shading, space) if colour.plates() is not None]
    return max(stops, key=lambda one: sum((one.plates() or {}).values()), default=Colour(space))


def _stops(shading: Any, space: Space) -> list[Colour]:
    function = objects.get(shading, "/Function")
    parts = objects.elements(function, MOST_STOPS)
    if not parts:
        return [Colour(space, values) for values in _values(function)]
    each = [_values(part) for part in parts]
    if len(each) != space.components:
        return []
    ends = zip(*(values or [(0.0,)] for values in each), strict=False)
    return [Colour(space, tuple(one[0] for one in values)) for values in ends]


def _values(function: Any, depth: int = 0) -> list[tuple[float, ...]]:
    """Of an exponential function its two ends, of a stitched one those of its parts."""
    kind = objects.whole(objects.get(function, "/FunctionType"), -1)
    if kind == 2:
        ends = (_numbers(objects.get(function, "/C0")), _numbers(objects.get(function, "/C1")))
        return [ends[0] or (0.0,), ends[1] or (1.0,)]
    if kind == 3 and depth < MOST_DEPTH:
        parts = objects.elements(objects.get(function, "/Functions"), MOST_STOPS)
        return [values for part in parts for values in _values(part, depth + 1)][:MOST_STOPS]
    return []


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(min(1.0, max(0.0, objects.number(one))) for one in objects.elements(value, 32))
