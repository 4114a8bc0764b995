"""How many calls at a time a model gets, whatever it answers and in whatever order."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.qc.domain.adaptive import (
    FIRST_CUT,
    GROWTH,
    LONGEST_PAUSE_S,
    STEADY_S,
    Allowance,
    Bounds,
    allowance,
)
from services.qc.domain.rates import Rate

SECONDS = st.floats(min_value=0, max_value=1_000)
WAITS = st.none() | st.floats(allow_nan=True, allow_infinity=True)
RATES = st.builds(
    Rate,
    st.none() | st.integers(-5, 10_000),
    st.none() | st.integers(-5, 20_000),
    st.none() | st.floats(allow_nan=True, allow_infinity=True),
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["start", "answer", "refusal", "trouble"]), SECONDS, WAITS, RATES),
    max_size=60,
)


def full_round(known: Allowance, now_s: float) -> Allowance:
    """As many answers as calls are allowed, with all places taken, begun just before."""
    for place in range(known.calls):
        known = known.started(place + 1)
    for left in range(known.calls, 0, -1):
        known = known.answered(now_s - 0.5, now_s, left)
    return known


def test_slow_start_doubles_each_round_up_to_the_most() -> None:
    known = allowance(Bounds(at_first=4, most=30))
    seen = []
    for round_no in range(5):
        seen.append(known.calls)
        known = full_round(known, float(round_no))

    assert seen == [4, 8, 16, 30, 30]


def test_after_the_first_refusal_it_grows_by_a_little() -> None:
    known = full_round(allowance(Bounds(at_first=8, most=64)), 1.0)
    known = known.started(16).turned_away(1.0, 2.0)
    later_s = 2.0 + STEADY_S + 5
    seen = []
    for round_no in range(3):
        seen.append(known.calls)
        known = full_round(known, later_s + round_no)

    assert seen == [8, 9, 10]


def test_all_refusals_of_one_burst_are_one_cut() -> None:
    known = allowance(Bounds(at_first=16)).started(16)
    for at_s in (2.0, 2.1, 2.9, 30.0):
        known = known.turned_away(1.0, at_s)

    assert known.calls == 16 * FIRST_CUT


def test_refusal_of_a_call_begun_after_the_cut_is_the_next_episode() -> None:
    known = allowance(Bounds(at_first=16)).started(16).turned_away(1.0, 2.0)
    again = known.started(8).turned_away(known.closed_until_s, known.closed_until_s + 0.1)

    assert again.calls < known.calls
    assert again.opens_in_s(0) - 3.1 > known.opens_in_s(0) - 2, "and the pause is longer"


def test_cut_is_from_what_was_in_flight_not_from_what_was_allowed() -> None:
    known = allowance(Bounds(at_first=64)).started(10).turned_away(1.0, 2.0)

    assert known.calls == 5


def test_refused_round_does_not_grow_for_a_while() -> None:
    known = allowance(Bounds(at_first=16)).started(16).turned_away(1.0, 2.0)

    assert full_round(known, 10.0).calls == 8
    assert full_round(known, 3.0 + STEADY_S + 1).calls == 9


@pytest.mark.parametrize("asked_s", [0.0, 0.2, 7.0, 59.0])
def test_nothing_starts_before_the_provider_wants_it(asked_s: float) -> None:
    known = allowance(Bounds()).started(1).turned_away(1.0, 2.0, asked_s)

    assert not known.may_start(2.0 + asked_s - 0.01, 0)
    assert known.may_start(2.0 + asked_s, 0)


def test_later_refusal_of_the_same_burst_may_ask_for_a_longer_wait() -> None:
    known = allowance(Bounds()).started(3).turned_away(1.0, 2.0, 1.0)
    longer = known.turned_away(1.0, 2.5, 10.0)
    shorter = longer.turned_away(1.0, 2.6, 0.1)

    assert longer.closed_until_s == 12.5
    assert shorter.closed_until_s == 12.5
    assert longer.calls == known.calls


def test_hour_that_was_asked_for_is_obeyed_and_an_absurd_wait_bounded() -> None:
    an_hour = allowance(Bounds()).turned_away(1.0, 2.0, 3600.0)
    absurd = allowance(Bounds()).turned_away(1.0, 2.0, 1e12)

    assert an_hour.opens_in_s(2.0) == 3600.0
    assert absurd.opens_in_s(2.0) == LONGEST_PAUSE_S


def test_refusals_in_a_row_without_a_wish_pause_ever_longer() -> None:
    known, now_s, pauses = allowance(Bounds()), 0.0, []
    for _ in range(8):
        known = known.started(known.calls).turned_away(now_s, now_s)
        pauses.append(known.opens_in_s(now_s))
        now_s = known.closed_until_s

    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert known.answered(now_s, now_s, 1).turned_away(now_s, now_s).opens_in_s(now_s) == 1


def test_idle_places_do_not_grow() -> None:
    known = allowance(Bounds(at_first=10)).started(7)
    for _ in range(50):
        known = known.answered(1.0, 2.0, 7)

    assert known.calls == 10


def test_trouble_over_there_only_holds_growth_up() -> None:
    known = allowance(Bounds(at_first=8)).started(8).troubled(2.0)

    assert known.calls == 8
    assert known.opens_in_s(2.0) == 0
    assert full_round(known, 3.0).calls == 8
    assert full_round(known, 3.0 + STEADY_S).calls == 16


@pytest.mark.parametrize(("left", "calls"), [(100, 20), (99, 11), (50, 8), (1, 4)])
def test_little_left_cuts_before_we_are_turned_away(left: int, calls: int) -> None:
    known = allowance(Bounds(at_first=20))
    known = known.started(1).answered(1.0, 2.0, 1, Rate(1_000, left, 30.0))

    assert known.calls == calls
    assert known.opens_in_s(2.0) == 0


def test_little_left_is_one_cut_until_the_reset() -> None:
    known = allowance(Bounds(at_first=20))
    low = Rate(1_000, 50, 30.0)
    for at_s in (2.0, 10.0, 31.9):
        known = known.started(1).answered(1.0, at_s, 1, low)
    assert known.calls == 8

    assert known.answered(1.0, 32.0, 1, low).calls < 8


def test_nothing_left_waits_for_the_reset() -> None:
    known = allowance(Bounds()).started(1).answered(1.0, 2.0, 1, Rate(500, 0, 6.0))

    assert known.opens_in_s(2.0) == 6.0


def test_refusal_without_a_wish_waits_for_the_reset() -> None:
    known = allowance(Bounds()).started(1).turned_away(1.0, 2.0, None, Rate(500, 0, 6.0))
    asked = allowance(Bounds()).started(1).turned_away(1.0, 2.0, 3.0, Rate(500, 0, 6.0))

    assert known.opens_in_s(2.0) == 6.0
    assert asked.opens_in_s(2.0) == 3.0, "what it asks for counts before what can be derived"


@settings(deadline=None)
@given(bounds=st.builds(Bounds, st.integers(-3, 100), st.integers(-3, 100)), events=EVENTS)
def test_whatever_comes_there_is_always_a_place_and_never_one_too_many(
    bounds: Bounds, events: list[tuple[str, float, float | None, Rate]]
) -> None:
    known, now_s = allowance(bounds), 0.0
    for event, passed_s, wait_s, rate in events:
        before = known
        now_s += passed_s / 100
        if event == "start":
            known = known.started(max(1, round(passed_s) % 20))
        elif event == "answer":
            known = known.answered(now_s - passed_s, now_s, 1, rate)
        elif event == "refusal":
            known = known.turned_away(now_s - passed_s, now_s, wait_s, rate)
        else:
            known = known.troubled(now_s)

        assert 1 <= known.calls <= max(bounds.most, 1)
        assert known.opens_in_s(now_s) <= LONGEST_PAUSE_S
        assert known.closed_until_s >= before.closed_until_s
        assert not known.may_start(now_s, known.calls)
        assert event == "answer" or known.allowed <= before.allowed
        assert math.isfinite(known.allowed)


@settings(deadline=None)
@given(begun=st.lists(st.floats(0, 9), min_size=1, max_size=40), places=st.integers(2, 64))
def test_however_many_refusals_a_burst_has_it_is_cut_once(begun: list[float], places: int) -> None:
    known = allowance(Bounds(at_first=places, most=64)).started(places)
    first = known.turned_away(begun[0], 10.0)
    rest = first
    for began_s in begun[1:]:
        rest = rest.turned_away(began_s, 10.5)

    assert replace(rest, closed_until_s=0) == replace(first, closed_until_s=0)


@settings(deadline=None, max_examples=40)
@given(capacity=st.integers(1, 60), at_first=st.integers(1, 64))
def test_it_settles_at_what_the_provider_bears(capacity: int, at_first: int) -> None:
    """A model that serves `capacity` calls of one second at a time and refuses the others."""
    known, now_s = allowance(Bounds(at_first, 64)), 0.0
    refused, calls = [], []
    for _ in range(120):
        began_s = now_s = max(now_s, known.closed_until_s)
        count = known.calls
        calls.append(count)
        for place in range(count):
            known = known.started(place + 1)
        now_s += 1.0
        for place in range(count):
            if place < capacity:
                known = known.answered(began_s, now_s, count - place)
            else:
                known = known.turned_away(began_s, now_s)
        refused.append(max(count - capacity, 0))

    assert min(calls[20:]) >= max(int(capacity * 0.4), 1)
    assert max(calls[20:]) <= capacity * GROWTH + 1
    assert sum(refused[20:]) <= len(refused[20:]) / 8, "it asks for more now and then, by one"
