"""Edges that several elements of a page stand on, and who stands just off them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where one edge of an element is seen, and how far off the true one may be, in px."""

    at_px: float
    slack_px: float


@dataclass(frozen=True, slots=True)
class SharedEdge:
    """An edge that lies between `low_px` and `high_px` if all `members` stand on it.

    `members` are numbers of places. A place may itself be off by half of `tolerance_px`.
    """

    low_px: float
    high_px: float
    members: frozenset[int]
    tolerance_px: float

    def off_px(self, place: Place) -> float:
        """From the middle of where the edge may lie."""
        return abs(place.at_px - (self.low_px + self.high_px) / 2)

    def is_missed_by(self, place: Place) -> bool:
        """True when no edge at all could be that of the members and of the place too."""
        low, high = _span(place, self.tolerance_px)
        return high < self.low_px or low > self.high_px


def shared_edge(number: int, places: Sequence[Place], tolerance_px: float) -> SharedEdge:
    """The edge that most places may share with that of `number`.

    Each place is a span, as wide as its slack; each further member narrows down where the edge
    is. So lines of large type, whose own edges are uncertain, are held to what small print
    beside them tells.
    """
    spans = [_span(place, tolerance_px) for place in places]
    lows, highs = sorted(low for low, _ in spans), sorted(high for _, high in spans)
    first, last = spans[number]
    starts = [low for low in lows if first <= low <= last]
    at = max(starts, key=lambda px: bisect_right(lows, px) - bisect_left(highs, px))
    members = frozenset(i for i, (low, high) in enumerate(spans) if low <= at <= high)
    low_px = max(spans[i][0] for i in members)
    high_px = min(spans[i][1] for i in members)
    return SharedEdge(low_px, high_px, members, tolerance_px)


def agree(one: Place, other: Place, tolerance_px: float) -> bool:
    """True when both may be within the tolerance of one another."""
    slack_px = tolerance_px + one.slack_px + other.slack_px
    return abs(one.at_px - other.at_px) <= slack_px


def _span(place: Place, tolerance_px: float) -> tuple[float, float]:
    reach = place.slack_px + tolerance_px / 2
    return place.at_px - reach, place.at_px + reach
