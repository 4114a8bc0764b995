"""Which line of an older version became which line of the newer one."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from services.qc.checks.seen import Line
from services.qc.domain.geometry import Point

LEAST_LIKE = 55.0
SAME_PLACE = 0.5
NEAR_BONUS = 30.0


@dataclass(frozen=True)
class Placed:
    """A line and its box on the common grid: left, top, right, bottom."""

    line: Line
    box: tuple[float, float, float, float]

    @property
    def middle(self) -> Point:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


Pair = tuple[Placed | None, Placed | None]


def pair_lines(old: list[Placed], new: list[Placed], side: float) -> Iterator[Pair]:
    """Pairs of old and new; None for what has no partner. `side` is the grid's longer side.

    The same words first, the nearest of several; then what is alike or stands in the same place.
    """
    old, new = list(old), list(new)
    for one, other in _best(old, new, side, same=True):
        yield one, other
    for one, other in _best(old, new, side, same=False):
        yield one, other
    yield from ((one, None) for one in old)
    yield from ((None, other) for other in new)


def _best(
    old: list[Placed], new: list[Placed], side: float, same: bool
) -> Iterator[tuple[Placed, Placed]]:
    """Takes the best pair off both lists until none is good enough."""
    scored = [
        (score, i, j)
        for i, one in enumerate(old)
        for j, other in enumerate(new)
        if (score := _score(one, other, side, same)) is not None
    ]
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    for _, i, j in sorted(scored, key=lambda entry: -entry[0]):
        if i not in taken_old and j not in taken_new:
            taken_old.add(i)
            taken_new.add(j)
            yield old[i], new[j]
    old[:] = [one for i, one in enumerate(old) if i not in taken_old]
    new[:] = [one for j, one in enumerate(new) if j not in taken_new]


def _score(one: Placed, other: Placed, side: float, same: bool) -> float | None:
    distance = math.dist(one.middle, other.middle) / side
    if same:
        return -distance if _bare(one) == _bare(other) else None
    like = fuzz.ratio(_bare(one), _bare(other))
    in_place = _overlap(one.box, other.box) >= SAME_PLACE
    if like < LEAST_LIKE and not in_place:
        return None
    return like + NEAR_BONUS * (1 - distance) + (NEAR_BONUS if in_place else 0)


def _bare(placed: Placed) -> str:
    return placed.line.text.replace(" ", "")


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Shared area over the smaller one's."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return max(0.0, across) * max(0.0, down) / min(areas) if min(areas) > 0 else 0.0
