"""A result tells which models were asked, and why another than the first answered."""

from services.qc.domain.chain import Chain
from services.qc.domain.course import Course
from services.qc.domain.routing import ModelRef

GPT, PRO = ModelRef("openai", "gpt-4o"), ModelRef("google", "gemini-2.5-pro")
FLASH = ModelRef("google", "gemini-3.8-flash")
ENDED = "google/gemini-2.5-pro was shut down on 2026-12-01: google/gemini-3.8-flash is asked"


def test_first_model_needs_no_reason_even_when_it_had_to_be_asked_twice() -> None:
    course = Course((GPT, PRO), Chain((GPT, PRO)))
    course.fails(GPT, "cut off")

    assert course.why_fallback(GPT) is None
    assert course.attempted(GPT) == ["openai/gpt-4o"]


def test_fallback_tells_what_was_wrong_with_those_before() -> None:
    course = Course((GPT, PRO), Chain((GPT, FLASH), (ENDED,)))
    course.fails(GPT, "OpenAI answered 500")

    assert course.attempted(FLASH) == ["openai/gpt-4o", "google/gemini-3.8-flash"]
    assert course.why_fallback(FLASH) == f"{ENDED}; openai/gpt-4o: OpenAI answered 500"


def test_successor_is_a_fallback_with_a_reason() -> None:
    assert Course((PRO,), Chain((FLASH,), (ENDED,))).why_fallback(FLASH) == ENDED


def test_when_none_answered_every_failure_is_told() -> None:
    course = Course((GPT, PRO), Chain((GPT, PRO)))
    course.fails(GPT, "first")
    course.fails(PRO, "no credit")
    course.fails(GPT, "last")

    assert course.why_none == "openai/gpt-4o: last; google/gemini-2.5-pro: no credit"
    assert Course((GPT,), Chain((), ("sees nothing",))).why_none == "sees nothing"


def test_model_that_took_no_call_was_not_attempted_but_is_the_reason() -> None:
    course = Course((GPT, PRO), Chain((GPT, PRO)))
    course.fails(GPT, "wants no call for 900 s", called=False)

    assert course.attempted(PRO) == ["google/gemini-2.5-pro"]
    assert course.why_fallback(PRO) == "openai/gpt-4o: wants no call for 900 s"
