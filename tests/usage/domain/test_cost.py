"""What a call costs: worked by hand, and as laws over any counts."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.cost import cost_of_call, cost_of_usage
from services.usage.domain.pricing import Price, RateCard
from services.usage.rate_card import read_price_files
from tests.usage.factories import call, price

FILES = read_price_files()
CARD = RateCard(
    [price for file in FILES for price in file.prices()], [file.names() for file in FILES]
)
GEMINI: dict[str, Any] = {"provider": "google", "model_requested": "gemini-2.5-pro"}


@pytest.mark.parametrize(
    ("given_call", "usd"),
    [
        ({"input_tokens": 1_245, "output_tokens": 187}, "0.0049825"),
        (
            {"input_tokens": 2_006, "cached_input_tokens": 1_920, "output_tokens": 300},
            "0.005615",
        ),
        (
            GEMINI
            | {
                "input_tokens": 1_189,
                "cached_input_tokens": 512,
                "output_tokens": 203 + 800,
                "reasoning_tokens": 800,
            },
            "0.01094025",
        ),
        (GEMINI | {"input_tokens": 199_999, "output_tokens": 1_000}, "0.25999875"),
        (GEMINI | {"input_tokens": 200_000, "output_tokens": 1_000}, "0.26"),
        (GEMINI | {"input_tokens": 200_001, "output_tokens": 1_000}, "0.5150025"),
        (GEMINI | {"input_tokens": 250_000, "output_tokens": 1_000}, "0.64"),
        (
            GEMINI
            | {"input_tokens": 250_000, "cached_input_tokens": 200_000, "output_tokens": 1_000},
            "0.19",
        ),
        (
            {
                "model_requested": "gpt-5",
                "input_tokens": 1_000,
                "cached_input_tokens": 500,
                "output_tokens": 400,
                "reasoning_tokens": 300,
            },
            "0.0046875",
        ),
        (
            {"service_tier": "batch", "input_tokens": 1_000_000, "output_tokens": 1_000_000},
            "6.25",
        ),
        (
            {"service_tier": "priority", "input_tokens": 1_000_000, "output_tokens": 1_000_000},
            "21.25",
        ),
        (
            {
                "model_requested": "gpt-5.6-sol",
                "input_tokens": 10_000,
                "cache_write_tokens": 4_000,
                "cached_input_tokens": 2_000,
                "output_tokens": 100,
            },
            "0.0388",
        ),
    ],
    ids=str,
)
def test_cost_equals_the_hand_calculation(given_call: dict[str, Any], usd: str) -> None:
    assert cost_of_call(call(**given_call), CARD).usd == Decimal(usd)


def test_model_that_answered_is_paid_not_the_one_asked_for() -> None:
    rerouted = call(**GEMINI, model_served="gemini-3.8-flash")

    assert cost_of_call(rerouted, CARD).usd == Decimal("0.001635")
    assert cost_of_call(call(model_served="gpt-next"), CARD).state == "unpriced"


def test_unknown_model_is_unpriced_and_not_free() -> None:
    cost = cost_of_call(call(model_requested="gpt-4o-zzz"), CARD)

    assert (cost.state, cost.usd, cost.price_id) == ("unpriced", None, None)


@pytest.mark.parametrize("outcome", ["unknown", "timed_out", "cancelled"])
def test_call_that_nobody_saw_end_has_a_ceiling_and_no_cost(outcome: str) -> None:
    cost = cost_of_call(call(outcome=outcome, input_tokens=0, output_tokens=0), CARD)

    assert (cost.state, cost.usd) == ("unknown", None)
    assert cost.ceiling_usd == Decimal("0.0045")  # 1,000 in at 2.50 and 200 out at 10


def test_ceiling_of_unknown_usage_is_what_the_sender_gives_as_bound() -> None:
    bound = call(outcome="failed", usage_source="unknown", input_tokens=4_000, output_tokens=2_000)

    cost = cost_of_call(bound, CARD)

    assert (cost.state, cost.usd, cost.ceiling_usd) == ("unknown", None, Decimal("0.03"))


def test_unknown_usage_of_an_unknown_model_has_no_ceiling_either() -> None:
    lost = call(outcome="timed_out", model_requested="x", input_tokens=0, output_tokens=0)

    assert cost_of_call(lost, CARD).ceiling_usd is None
    assert cost_of_call(lost, CARD).state == "unknown"


def test_cut_answer_whose_usage_arrived_is_paid() -> None:
    assert cost_of_call(call(outcome="cancelled"), CARD).usd == Decimal("0.0049825")


def test_estimated_usage_is_priced() -> None:
    cost = cost_of_call(call(usage_source="estimated", input_tokens=1_000, output_tokens=200), CARD)

    assert (cost.state, cost.usd) == ("posted", Decimal("0.0045"))


@pytest.mark.parametrize(
    "free",
    [
        {"outcome": "cached"},
        {"outcome": "cached", "model_requested": "nobody-knows"},
        {"outcome": "failed", "input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    ],
    ids=str,
)
def test_answer_from_our_cache_and_call_that_was_turned_away_are_free(
    free: dict[str, Any],
) -> None:
    cost = cost_of_call(call(**free), CARD)

    assert (cost.state, cost.usd) == ("posted", Decimal(0))


def test_total_that_contradicts_the_counts_is_suspect_and_still_priced() -> None:
    cost = cost_of_call(call(total_tokens=1_433), CARD)

    assert (cost.state, cost.usd) == ("suspect", Decimal("0.0049825"))
    assert cost_of_call(call(total_tokens=1_432), CARD).state == "posted"


def test_million_dollar_call_is_a_mistake_and_not_a_cost() -> None:
    cost = cost_of_usage(call(output_tokens=2_000_000_000), price(output_usd=Decimal(600)))

    assert (cost.state, cost.usd) == ("suspect", None)


def test_kind_without_a_price_of_its_own_is_billed_as_input() -> None:
    plain = price(cached_input_usd=None, cache_write_usd=None)
    mixed = call(input_tokens=1_000, cached_input_tokens=300, cache_write_tokens=200)

    assert cost_of_usage(mixed, plain).usd == cost_of_usage(call(input_tokens=1_000), plain).usd


def test_tool_and_reasoning_tokens_are_inside_and_cost_nothing_more() -> None:
    plain = cost_of_usage(call(), price())
    parts = call(tool_input_tokens=1_245, reasoning_tokens=187)

    assert cost_of_usage(parts, price()) == plain


tokens = st.integers(0, 2_000_000_000)
figures = st.decimals(0, 400, places=9, allow_nan=False)
prices = st.builds(
    price,
    input_usd=figures,
    cached_input_usd=st.none() | figures,
    cache_write_usd=st.none() | figures,
    output_usd=figures,
)


@st.composite
def usages(draw: st.DrawFn) -> dict[str, int]:
    given_tokens, made = draw(tokens), draw(tokens)
    cached = draw(st.integers(0, given_tokens))
    return {
        "input_tokens": given_tokens,
        "cached_input_tokens": cached,
        "cache_write_tokens": draw(st.integers(0, given_tokens - cached)),
        "output_tokens": made,
        "reasoning_tokens": draw(st.integers(0, made)),
    }


@given(usages(), prices)
def test_parts_sum_to_the_total_and_no_digit_is_lost(usage: dict[str, int], rate: Price) -> None:
    cost = cost_of_usage(call(**usage), rate)
    if cost.usd is None:
        return

    cached, written = usage["cached_input_tokens"], usage["cache_write_tokens"]
    by_kind = [
        (usage["input_tokens"] - cached - written, rate.input_usd),
        (cached, rate.input_usd if rate.cached_input_usd is None else rate.cached_input_usd),
        (written, rate.input_usd if rate.cache_write_usd is None else rate.cache_write_usd),
        (usage["output_tokens"], rate.output_usd),
    ]
    exact = sum((Fraction(count) * Fraction(usd) / 10**6 for count, usd in by_kind), Fraction(0))
    assert Fraction(cost.usd) == exact
    assert sum(cost.components.values()) == cost.usd
    assert all(type(part) is Decimal for part in cost.components.values())


@given(usages(), prices, st.integers(1, 1_000_000))
def test_more_tokens_never_cost_less(usage: dict[str, int], rate: Price, more: int) -> None:
    before = cost_of_usage(call(**usage), rate).usd
    for kind in ("input_tokens", "output_tokens"):
        grown = usage | {kind: min(usage[kind] + more, 2_000_000_000)}
        after = cost_of_usage(call(**grown), rate).usd
        assert before is None or after is None or after >= before
