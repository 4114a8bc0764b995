"""How many calls at a time one model gets: more while all goes well, fewer when it turns us away.

Slow start, then a little more each round; a cut when the model turns calls away, once for all
that were under way by then. Nothing starts while the provider asks us to wait.
Source: TCP's congestion control (RFC 5681), with the numbers of inspect_ai's controller.
"""

import math
from dataclasses import dataclass, replace

from services.qc.domain.rates import UNTOLD, Rate

LEAST_CALLS = 1
FIRST_CUT = 0.5
LATER_CUT = 0.8
GROWTH = 1.05
BUSY_SHARE = 0.8
LOW_SHARE = 0.1
LOW_CUTS = (0.2, 0.6)
STEADY_S = 15.0
FIRST_PAUSE_S = 1.0
LONGEST_OWN_PAUSE_S = 30.0
LONGEST_RESET_S = 600.0
LONGEST_PAUSE_S = 86_400.0
"""What is asked for by name is obeyed: a day's quota may be spent. A window that opens again later
than in ten minutes is no reason not to try."""

LONG_AGO_S = -math.inf


@dataclass(frozen=True, slots=True)
class Bounds:
    """Calls at a time: how many at first, and how many at most."""

    at_first: int = 16
    most: int = 64


@dataclass(frozen=True, slots=True)
class Allowance:
    """The state for one model and key; every event makes a new one.

    All times are seconds of one clock. A call that began before `since_s` was under way at the
    last cut: that it is turned away cuts no more, and its success proves nothing. No call starts
    before `closed_until_s`, nothing grows before `steady_until_s`. A round is as many answers as
    calls are allowed; `busiest` is the most in flight during it.
    """

    most: int
    allowed: float
    slow_start: bool = True
    since_s: float = LONG_AGO_S
    closed_until_s: float = LONG_AGO_S
    steady_until_s: float = LONG_AGO_S
    low_until_s: float = LONG_AGO_S
    pauses: int = 0
    answers: int = 0
    busiest: int = 0

    @property
    def calls(self) -> int:
        return int(self.allowed)

    def opens_in_s(self, now_s: float) -> float:
        """Seconds until a call may start, as far as the provider's wishes go."""
        return max(self.closed_until_s - now_s, 0.0)

    def may_start(self, now_s: float, in_flight: int) -> bool:
        return now_s >= self.closed_until_s and in_flight < self.calls

    def started(self, in_flight: int) -> "Allowance":
        """A call began; `in_flight` counts it."""
        return replace(self, busiest=max(self.busiest, in_flight))

    def answered(
        self, began_s: float, now_s: float, in_flight: int, rate: Rate = UNTOLD
    ) -> "Allowance":
        """A call that began then was served; `in_flight` still counts it.

        `rate` is the tightest of the windows that the provider tells of.
        """
        known = self._heeding(rate, now_s)
        if began_s < self.since_s:
            return known
        if now_s < known.steady_until_s:
            return replace(known, pauses=0)
        known = replace(known, pauses=0, answers=known.answers + 1)
        if known.answers < known.calls:
            return known
        was_busy = known.busiest >= BUSY_SHARE * known.calls
        grown = known._grown() if was_busy else known.allowed
        return replace(known, allowed=grown, answers=0, busiest=in_flight - 1)

    def turned_away(
        self, began_s: float, now_s: float, retry_after_s: float | None = None, rate: Rate = UNTOLD
    ) -> "Allowance":
        """The provider said that it was too much (429), and perhaps for how long."""
        asked_s = _bounded_s(retry_after_s, LONGEST_PAUSE_S)
        if asked_s is None and rate.left_share == 0:
            asked_s = _bounded_s(rate.reset_s, LONGEST_RESET_S)
        if began_s < self.since_s:
            return self._closed(now_s + (asked_s or 0.0))
        own_s: float = min(FIRST_PAUSE_S * 2**self.pauses, LONGEST_OWN_PAUSE_S)
        known = self._closed(now_s + (own_s if asked_s is None else asked_s))
        share = FIRST_CUT if known.slow_start else LATER_CUT
        reached = min(known.allowed, max(known.busiest, LEAST_CALLS))
        return replace(known._cut_to(reached * share, now_s), pauses=min(known.pauses + 1, 10))

    def troubled(self, now_s: float) -> "Allowance":
        """A call broke off or met a fault over there: no reason to cut, none to ask for more."""
        steady_s = max(self.steady_until_s, now_s + STEADY_S)
        return replace(self, steady_until_s=steady_s, answers=0)

    def _grown(self) -> float:
        more = self.allowed * 2 if self.slow_start else max(self.allowed * GROWTH, self.allowed + 1)
        return min(more, float(self.most))

    def _heeding(self, rate: Rate, now_s: float) -> "Allowance":
        """Cut before we are turned away: to the less, the less is left, once until the reset."""
        left = rate.left_share
        if left is None or left >= LOW_SHARE:
            return self
        reset_s = _bounded_s(rate.reset_s, LONGEST_RESET_S)
        known = self._closed(now_s + (reset_s or 0.0)) if left <= 0 else self
        if now_s < self.low_until_s:
            return known
        least, most = LOW_CUTS
        share = least + (most - least) * max(left, 0.0) / LOW_SHARE
        until_s = now_s + (FIRST_PAUSE_S if reset_s is None else reset_s)
        return replace(known._cut_to(known.allowed * share, now_s), low_until_s=until_s)

    def _closed(self, until_s: float) -> "Allowance":
        return replace(self, closed_until_s=max(self.closed_until_s, until_s))

    def _cut_to(self, calls: float, now_s: float) -> "Allowance":
        since_s = max(now_s, self.closed_until_s)
        return replace(
            self,
            allowed=max(min(calls, self.allowed), float(LEAST_CALLS)),
            slow_start=False,
            since_s=since_s,
            steady_until_s=max(self.steady_until_s, since_s + STEADY_S),
            answers=0,
            busiest=0,
        )


def allowance(bounds: Bounds) -> Allowance:
    """What a model starts with."""
    most = max(bounds.most, LEAST_CALLS)
    return Allowance(most=most, allowed=float(min(max(bounds.at_first, LEAST_CALLS), most)))


def _bounded_s(wait_s: float | None, most_s: float) -> float | None:
    """None for what is no time."""
    if wait_s is None or not math.isfinite(wait_s):
        return None
    return min(max(wait_s, 0.0), most_s)
