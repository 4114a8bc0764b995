"""When a model counts as broken, and when it is tried again."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.qc.domain.model_health import (
    FAILURES_TO_MARK,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    ModelHealth,
    after_failure,
    after_success,
    is_certain,
    pause,
)
from services.qc.domain.routing import FailureKind
from tests.qc.factories import NOON

S = timedelta(seconds=1)


def failed(
    health: ModelHealth, at: datetime, asked_at: datetime | None = None, certain: bool = False
) -> ModelHealth:
    asked_at = at - S if asked_at is None else asked_at
    return after_failure(health, FailureKind.SERVER_ERROR, "broke", certain, asked_at, at)


def broken(at: datetime = NOON) -> ModelHealth:
    return failed(ModelHealth(), at, certain=True)


def test_model_is_marked_after_failures_in_a_row_only() -> None:
    health = ModelHealth()
    for _ in range(FAILURES_TO_MARK - 1):
        health = failed(health, NOON)
    assert health.works

    assert failed(after_success(health, NOON), NOON).works
    marked = failed(health, NOON)
    assert (marked.not_working_since, marked.try_again_at) == (NOON, NOON + FIRST_PAUSE)


@pytest.mark.parametrize(
    ("kind", "status", "certain"),
    [
        (FailureKind.UNAUTHORIZED, 401, True),
        (FailureKind.QUOTA_EXHAUSTED, 429, True),
        (FailureKind.INVALID_REQUEST, 404, True),
        (FailureKind.INVALID_REQUEST, 400, False),
        (FailureKind.SERVER_ERROR, 503, False),
        (FailureKind.TIMED_OUT, None, False),
    ],
)
def test_what_the_next_call_would_meet_too_marks_at_once(
    kind: FailureKind, status: int | None, certain: bool
) -> None:
    assert is_certain(kind, status) is certain
    assert failed(ModelHealth(), NOON, certain=certain).works is not certain


def test_pauses_grow_with_each_failed_trial_up_to_an_hour() -> None:
    health, pauses = broken(), []
    for _ in range(9):
        at = health.try_again_at
        assert at
        health = failed(health, at + S, asked_at=at)
        assert health.try_again_at
        pauses.append(health.try_again_at - (at + S))

    assert pauses[:3] == [2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert health.not_working_since == NOON


def test_calls_that_were_in_flight_do_not_lengthen_the_pause() -> None:
    marked = broken()
    later = NOON + FIRST_PAUSE + 30 * S

    late = failed(failed(marked, NOON + S), later, asked_at=NOON - S)

    assert (late.pauses, late.try_again_at) == (marked.pauses, marked.try_again_at)
    assert late.failed_at == later


def test_model_that_answers_is_back_and_its_pauses_are_forgotten() -> None:
    worn = broken()
    for _ in range(4):
        worn = failed(worn, NOON + timedelta(hours=3), asked_at=NOON + timedelta(hours=2))

    back = after_success(worn, NOON + timedelta(hours=4))

    assert back.works and back.failures == 0
    again = failed(back, NOON + timedelta(hours=5), certain=True)
    assert again.try_again_at == NOON + timedelta(hours=5) + FIRST_PAUSE


def test_model_is_due_when_its_pause_is_over() -> None:
    assert not broken().is_due(NOON + FIRST_PAUSE - S)
    assert broken().is_due(NOON + FIRST_PAUSE)
    assert not ModelHealth().is_due(NOON)


def test_message_is_made_fit_to_be_stored() -> None:
    said = "no\x00 \ud800" + "x" * 9_000
    told = after_failure(ModelHealth(), FailureKind.TIMED_OUT, said, False, NOON, NOON)

    assert told.message.startswith("no x") and len(told.message) == 500


@given(st.integers(min_value=0, max_value=10**6))
def test_pause_is_never_longer_than_the_longest(earlier: int) -> None:
    assert FIRST_PAUSE <= pause(earlier) <= LONGEST_PAUSE
