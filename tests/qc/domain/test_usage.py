"""Token counts of every vendor in the ledger's nesting."""

import pytest
from pydantic import JsonValue

from libs.contracts.usage import MAX_TOKENS
from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import (
    ESTIMATED_USAGE,
    NO_USAGE,
    UNKNOWN_USAGE,
    TokenUsage,
    from_gemini,
    from_openai_chat,
    from_openai_responses,
    ledger_outcome,
    settled_usage,
)


def test_openai_reasoning_is_already_in_the_completion() -> None:
    block: dict[str, JsonValue] = {
        "prompt_tokens": 1_000,
        "completion_tokens": 400,
        "total_tokens": 1_400,
        "prompt_tokens_details": {"cached_tokens": 500, "cache_write_tokens": 128},
        "completion_tokens_details": {"reasoning_tokens": 300},
    }

    assert from_openai_chat(block) == TokenUsage(
        input_tokens=1_000,
        cached_input_tokens=500,
        cache_write_tokens=128,
        output_tokens=400,
        reasoning_tokens=300,
        total_tokens=1_400,
        raw=block,
    )


def test_the_total_shows_when_a_server_leaves_reasoning_outside() -> None:
    usage = from_openai_chat(
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 115,
            "completion_tokens_details": {"reasoning_tokens": 100},
        }
    )

    assert usage is not None
    assert (usage.output_tokens, usage.reasoning_tokens, usage.adds_up) == (105, 100, True)


def test_responses_have_other_names_for_the_same() -> None:
    usage = from_openai_responses(
        {
            "input_tokens": 1_245,
            "input_tokens_details": {"cached_tokens": 1_024, "cache_write_tokens": 7},
            "output_tokens": 187,
            "output_tokens_details": {"reasoning_tokens": 64},
            "total_tokens": 1_432,
        }
    )

    assert usage is not None
    assert (usage.input_tokens, usage.cached_input_tokens, usage.cache_write_tokens) == (
        1_245,
        1_024,
        7,
    )
    assert (usage.output_tokens, usage.reasoning_tokens, usage.total_tokens) == (187, 64, 1_432)


def test_gemini_thoughts_are_output_beside_the_candidates() -> None:
    usage = from_gemini(
        {
            "promptTokenCount": 1_189,
            "cachedContentTokenCount": 512,
            "candidatesTokenCount": 203,
            "thoughtsTokenCount": 800,
            "totalTokenCount": 2_192,
        }
    )

    assert usage is not None
    assert (usage.input_tokens, usage.cached_input_tokens) == (1_189, 512)
    assert (usage.output_tokens, usage.reasoning_tokens) == (1_003, 800)
    assert usage.adds_up


def test_gemini_thoughts_inside_the_candidates_are_not_added_again() -> None:
    usage = from_gemini(
        {
            "promptTokenCount": 100,
            "candidatesTokenCount": 300,
            "thoughtsTokenCount": 200,
            "totalTokenCount": 400,
        }
    )

    assert usage is not None
    assert (usage.output_tokens, usage.reasoning_tokens, usage.adds_up) == (300, 200, True)


def test_gemini_tool_results_are_input_beside_the_prompt() -> None:
    usage = from_gemini(
        {"promptTokenCount": 32, "toolUsePromptTokenCount": 2_395, "totalTokenCount": 2_427}
    )

    assert usage is not None
    assert (usage.input_tokens, usage.tool_input_tokens) == (2_427, 2_395)


def test_a_total_that_fits_neither_reading_is_kept_and_seen() -> None:
    usage = from_gemini({"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 999})

    assert usage is not None
    assert (usage.total_tokens, usage.adds_up) == (999, False)


@pytest.mark.parametrize("read", [from_openai_chat, from_openai_responses, from_gemini])
@pytest.mark.parametrize("block", [None, {}, {"something_else": 1}])
def test_no_block_is_none_and_not_zero(read: object, block: object) -> None:
    assert callable(read)
    assert read(block) is None


def test_an_explicit_zero_is_a_report() -> None:
    assert from_openai_chat({"prompt_tokens": 0, "completion_tokens": 0}) is not None


@pytest.mark.parametrize(
    "nonsense", [None, "12", True, -5, float("nan"), float("-inf"), [1], {"a": 1}]
)
def test_a_count_that_is_no_number_is_what_the_total_leaves(nonsense: JsonValue) -> None:
    told: dict[str, JsonValue] = {"prompt_tokens": nonsense, "completion_tokens": 3}
    usage = from_openai_chat({**told, "total_tokens": 815})
    no_answer = from_openai_responses(
        {"input_tokens": 812, "output_tokens": nonsense, "total_tokens": 815}
    )
    too_small = from_openai_chat({**told, "total_tokens": 1})

    assert usage and no_answer and too_small
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (812, 3, "actual")
    assert (no_answer.input_tokens, no_answer.output_tokens) == (812, 3)
    assert (too_small.input_tokens, too_small.output_tokens) == (0, 3)
    assert not too_small.adds_up


@pytest.mark.parametrize("nonsense", [None, "12", True, -5, float("nan"), [1], {"a": 1}])
def test_without_a_total_a_count_that_is_no_number_is_estimated(nonsense: JsonValue) -> None:
    no_input = from_openai_chat({"prompt_tokens": nonsense, "completion_tokens": 3})
    no_output = from_openai_chat(
        {"prompt_tokens": 812, "completion_tokens": nonsense, "total_tokens": nonsense}
    )

    assert no_input and no_output
    assert (no_input.input_tokens, no_input.output_tokens) == (1_000, 3)
    assert (no_output.input_tokens, no_output.output_tokens) == (812, 200)
    assert no_input.source == no_output.source == "estimated"


@pytest.mark.parametrize("nonsense", [None, "12", True, -5, float("nan"), [1], {"a": 1}])
def test_counts_of_which_none_can_be_read_are_no_report_of_zero(nonsense: JsonValue) -> None:
    openai: dict[str, JsonValue] = {"prompt_tokens": nonsense, "completion_tokens": nonsense}

    assert from_openai_chat({**openai, "total_tokens": nonsense}) is None
    assert from_openai_responses({"input_tokens": nonsense, "output_tokens": nonsense}) is None
    assert from_gemini({"promptTokenCount": nonsense, "candidatesTokenCount": 5}) is None


@pytest.mark.parametrize("huge", [10**30, float("inf")])
def test_counts_stay_within_what_the_ledger_takes(huge: JsonValue) -> None:
    usage = from_gemini(
        {"promptTokenCount": huge, "toolUsePromptTokenCount": huge, "totalTokenCount": huge}
    )

    assert usage is not None
    assert usage.input_tokens == usage.total_tokens == MAX_TOKENS


def test_a_part_is_never_more_than_its_whole() -> None:
    usage = from_openai_chat(
        {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 90, "cache_write_tokens": 50},
            "completion_tokens_details": {"reasoning_tokens": 99},
        }
    )

    assert usage is not None
    assert (usage.cached_input_tokens, usage.cache_write_tokens) == (90, 10)
    assert usage.reasoning_tokens == 10
    assert usage.raw["prompt_tokens_details"] == {"cached_tokens": 90, "cache_write_tokens": 50}


def test_what_was_reported_always_counts() -> None:
    reported = TokenUsage(input_tokens=5)

    assert all(settled_usage(reported, kind) is reported for kind in [None, *FailureKind])


def test_usage_without_a_report_is_never_silently_nothing() -> None:
    assert settled_usage(None, None) == ESTIMATED_USAGE
    assert settled_usage(None, FailureKind.BLOCKED) == ESTIMATED_USAGE
    assert settled_usage(None, FailureKind.TIMED_OUT) == UNKNOWN_USAGE
    assert settled_usage(None, FailureKind.INTERRUPTED) == UNKNOWN_USAGE
    assert settled_usage(None, FailureKind.SERVER_ERROR) == UNKNOWN_USAGE
    assert settled_usage(None, FailureKind.UNAUTHORIZED) == NO_USAGE
    assert settled_usage(None, FailureKind.RATE_LIMITED) == NO_USAGE


def test_the_ledger_hears_how_the_call_ended() -> None:
    assert ledger_outcome(None) == "succeeded"
    assert ledger_outcome(FailureKind.TIMED_OUT) == "timed_out"
    assert ledger_outcome(FailureKind.INTERRUPTED) == "unknown"
    assert ledger_outcome(FailureKind.REFUSED) == "failed"
