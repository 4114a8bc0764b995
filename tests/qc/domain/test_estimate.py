"""Tokens before the call: by rule as long as nothing is known, then by what calls like it took."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.qc.domain.estimate import (
    Asked,
    Habit,
    Habits,
    expected_again,
    expected_call,
    summed,
)
from services.qc.domain.routing import ModelRef

GPT = ModelRef("openai", "gpt-4o")
FOUR = dict.fromkeys("abcd", 800)


def asked(**chars: int) -> Asked:
    return Asked(GPT, chars or FOUR, shared_chars=4_000, picture_tokens=765)


def again(habits: Habits = Habits(), budget: int = 6, audit: float = 0, most: int = 4) -> Decimal:  # noqa: B008
    found = expected_again(asked(), habits, budget=budget, audit_percent=audit, most_checks=most)
    return found.times if found else Decimal(0)


def test_without_history_the_rules_say_how_much_it_is() -> None:
    call = expected_call(asked(), Habits())

    assert call.input_tokens == 765 + (4_000 + 4 * 800) / 4
    assert (call.output_tokens, call.cached_input_tokens) == (4 * 200, 0)
    assert call.times == 1 and call.check_ids == ("a", "b", "c", "d")


def test_model_that_thinks_is_expected_to() -> None:
    thinking = Asked(GPT, FOUR, 4_000, 765, reasons=True)

    assert expected_call(thinking, Habits()).output_tokens == 4 * 200 + 800


def test_calls_that_asked_the_same_say_best_what_the_next_takes() -> None:
    same = Habit(
        calls=2, checks=8, input_tokens=7_000, cached_input_tokens=2_048, output_tokens=301
    )
    call = expected_call(asked(), Habits(of_groups={(GPT, ("a", "b", "c", "d")): same}))

    assert (call.input_tokens, call.cached_input_tokens, call.output_tokens) == (3_500, 1_024, 150)


def test_other_answers_of_the_model_say_how_long_these_will_be() -> None:
    seen = Habit(
        calls=25, checks=98, input_tokens=1_000, cached_input_tokens=250, output_tokens=4_900
    )
    call = expected_call(asked(), Habits(of_models={GPT: seen}))

    assert call.output_tokens == round((2 * 200 + 4_900) / 100 * 4)
    assert call.cached_input_tokens == round(call.input_tokens / 4)


def test_nothing_is_asked_again_when_nothing_is_in_doubt() -> None:
    assert again(Habits(escalated=0)) == 0
    assert again(budget=0) == 0


def test_budget_bounds_what_is_asked_again() -> None:
    always = Habits(escalated=1)
    half = expected_again(asked(), always, budget=2, audit_percent=0, most_checks=4)
    whole = expected_again(asked(), always, budget=9, audit_percent=0, most_checks=4)

    assert whole is not None and half is not None
    assert whole.times == 1 and whole.output_tokens == 800
    assert whole.input_tokens == 765 + (4_000 + 4 * 800) / 4
    assert half.times * half.output_tokens == pytest.approx(400, rel=0.01)


def test_audits_come_on_top_of_the_budget() -> None:
    assert again(Habits(escalated=0), budget=0, audit=100) == 1
    assert 0 < again(Habits(escalated=0), budget=0, audit=5) < Decimal("0.2")


def test_check_that_is_always_in_doubt_makes_its_call_certain() -> None:
    known = Habits(escalated=0.3, doubts={"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0})
    found = expected_again(asked(), known, budget=6, audit_percent=0, most_checks=4)

    assert found is not None
    assert found.times == 1 and found.output_tokens == 200
    assert found.input_tokens == 765 + (4_000 + 800) / 4


def test_earlier_second_calls_say_what_the_next_takes() -> None:
    seen = Habit(
        calls=2, checks=3, input_tokens=4_000, cached_input_tokens=1_000, output_tokens=210
    )
    known = Habits(
        doubts={"a": 1.0, "b": 1.0, "c": 0.0, "d": 0.0}, of_groups={(GPT, ("a", "b")): seen}
    )
    found = expected_again(asked(), known, budget=6, audit_percent=0, most_checks=4)

    assert found is not None and found.times == 1
    assert found.input_tokens == 2_000 + 0.5 * 800 / 4, "one check was asked more often than not"
    assert (found.cached_input_tokens, found.output_tokens) == (525, 2 * 70)


def test_many_doubts_take_several_calls() -> None:
    assert again(Habits(escalated=1), most=2) == 2


@given(
    escalated=st.floats(0, 1),
    budget=st.integers(0, 12),
    audit=st.floats(0, 100),
    count=st.integers(1, 12),
)
@example(escalated=5e-324, budget=1, audit=0, count=1)
def test_expected_calls_are_never_negative_nor_more_than_the_checks(
    escalated: float, budget: int, audit: float, count: int
) -> None:
    many = asked(**{f"check_{n}": 100 * n for n in range(count)})
    found = expected_again(
        many,
        Habits(escalated=escalated),
        budget=budget,
        audit_percent=audit,
        most_checks=4,
    )

    if found:
        assert 0 <= found.times <= count
        assert found.input_tokens >= 765 + 1_000
        assert found.output_tokens * found.times <= 200 * count + count


def test_habits_add_up() -> None:
    assert summed([Habit(1, 2, 3, 4, 5), Habit(1, 1, 1, 1, 1)]) == Habit(2, 3, 4, 5, 6)
    assert summed([]) == Habit()
