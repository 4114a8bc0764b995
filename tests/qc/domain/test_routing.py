"""Which models are asked, and what follows a failure."""

import pytest

from services.qc.domain.routing import (
    MAX_WAIT_S,
    MOST_ATTEMPTS,
    FailureKind,
    Fallback,
    GiveUp,
    ModelRef,
    Retry,
    Skipped,
    decide,
    model_ref,
    models_to_ask,
)

GPT = ModelRef("openai", "gpt-4o")
MINI = ModelRef("openai", "gpt-4o-mini")
GEMINI = ModelRef("google", "gemini-2.5-pro")
DEFAULT = ["openai/gpt-4o", "google/gemini-2.5-pro"]


def test_the_checks_own_models_come_in_their_order() -> None:
    wanted = ["google/gemini-2.5-pro", "openai/gpt-4o"]

    assert models_to_ask(wanted, DEFAULT, {"openai", "google"}) == (GEMINI, GPT)


def test_the_defaults_count_when_the_check_names_none() -> None:
    assert models_to_ask([], DEFAULT, {"openai", "google"}) == (GPT, GEMINI)


def test_a_provider_without_a_key_is_left_out() -> None:
    assert models_to_ask([], DEFAULT, {"google"}) == (GEMINI,)


def test_no_key_at_all_is_skipped_with_the_settings_to_set() -> None:
    assert models_to_ask([], DEFAULT, set()) == Skipped(
        "no provider configured: set OPENAI_API_KEY or GEMINI_API_KEY"
    )


def test_an_unknown_provider_is_named() -> None:
    skipped = models_to_ask(["Gemini/pro"], DEFAULT, {"google"})

    assert skipped == Skipped("no provider configured: Gemini is not known here")


def test_a_model_named_twice_is_asked_once() -> None:
    assert models_to_ask(["openai/gpt-4o"] * 2, [], {"openai"}) == (GPT,)


@pytest.mark.parametrize("written", ["gpt-4o", "/gpt-4o", "openai/", ""])
def test_a_model_is_written_with_its_provider(written: str) -> None:
    with pytest.raises(ValueError, match="provider/model"):
        model_ref(written)
    assert str(model_ref("openai/org/model")) == "openai/org/model"


def test_a_burst_waits_at_least_as_long_as_the_provider_asks() -> None:
    decision = decide(FailureKind.RATE_LIMITED, GPT, 1, [GEMINI], retry_after_s=7, jitter=0.3)

    assert isinstance(decision, Retry)
    assert 7 <= decision.after_s < 8


def test_a_wait_that_is_too_long_is_not_waited() -> None:
    decision = decide(FailureKind.RATE_LIMITED, GPT, 1, [GEMINI], retry_after_s=MAX_WAIT_S + 1)

    assert decision == Fallback(GEMINI, ())


def test_waits_grow_and_spread() -> None:
    def wait_s(attempt_no: int, jitter: float) -> float:
        decision = decide(FailureKind.RATE_LIMITED, GPT, attempt_no, [], jitter=jitter)
        assert isinstance(decision, Retry)
        return decision.after_s

    assert [wait_s(number, 1) for number in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert [wait_s(number, 0) for number in (1, 2, 3, 4)] == [0.5, 1, 2, 4]


@pytest.mark.parametrize("kind", list(MOST_ATTEMPTS))
def test_the_last_attempt_at_a_model_is_followed_by_the_next_model(kind: FailureKind) -> None:
    assert isinstance(decide(kind, GPT, MOST_ATTEMPTS[kind] - 1, [GEMINI]), Retry)
    assert decide(kind, GPT, MOST_ATTEMPTS[kind], [GEMINI]) == Fallback(GEMINI, ())
    assert decide(kind, GPT, MOST_ATTEMPTS[kind], []) == GiveUp()


@pytest.mark.parametrize("kind", sorted(set(FailureKind) - set(MOST_ATTEMPTS)))
def test_what_would_fail_again_is_not_retried(kind: FailureKind) -> None:
    assert decide(kind, GPT, 1, [GEMINI]) == Fallback(GEMINI, ())


def test_a_spent_quota_is_not_retried_even_when_told_to_wait() -> None:
    assert decide(FailureKind.QUOTA_EXHAUSTED, GPT, 1, [], retry_after_s=1) == GiveUp()


@pytest.mark.parametrize("kind", [FailureKind.UNAUTHORIZED, FailureKind.UNREACHABLE])
def test_a_dead_provider_is_left_with_all_its_models(kind: FailureKind) -> None:
    assert decide(kind, GPT, 9, [MINI, GEMINI]) == Fallback(GEMINI, ())
    assert decide(kind, GPT, 9, [MINI]) == GiveUp()


def test_another_model_of_the_same_provider_may_still_answer() -> None:
    assert decide(FailureKind.REFUSED, GPT, 1, [MINI, GEMINI]) == Fallback(MINI, (GEMINI,))


def test_an_unusable_answer_is_asked_again_at_once_and_only_once() -> None:
    assert decide(FailureKind.UNUSABLE_ANSWER, GPT, 1, []) == Retry(0)
    assert decide(FailureKind.UNUSABLE_ANSWER, GPT, 2, []) == GiveUp()
