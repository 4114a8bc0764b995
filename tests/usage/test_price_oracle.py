"""What a call costs, against genai-prices: any usage, at any time, of every model that we hold."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.contracts.prices import midnight
from services.usage.domain.cost import cost_of_usage
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import Published, billed, figures_of, tier_of
from services.usage.genai_feed import CONTEXTS, read_feed
from services.usage.rate_card import read_price_files
from tests.usage.factories import call

FILES = read_price_files()
CARD = RateCard(
    [price for file in FILES for price in file.prices()], [file.names() for file in FILES]
)
FEED = read_feed(["openai", "google"]).upstream
Kind = tuple[str, str, str]

UNKNOWN_TO_IT = {
    *(
        (model, tier)
        for _, model, tier in CARD.kinds
        if model.startswith("gemini-") and tier in ("flex", "priority")
    ),
    ("gemini-3-pro-preview", "batch"),
    ("gemini-3.5-flash", "batch"),
    ("gemini-3.7-flash", "batch"),
    ("gpt-5.3-chat-latest", "priority"),
}
"""It would price these as standard without a word."""

HISTORY_GAPS = {"gpt-4o": date(2024, 10, 2)}
"""It has one price for all time, where we have the cut of that day."""

EXPLAINED: dict[tuple[str, ...], str] = {
    (file.provider, known.model, known.service_tier, known.kind): known.why
    for file in FILES
    for known in file.known_disagreements
    if known.source == "genai-prices"
}
LAST_DAY = date(2027, 6, 30)
SIZES = [0, 1, 199_999, 200_000, 200_001, 271_999, 272_000, 272_001]
tokens = st.sampled_from(SIZES) | st.integers(0, 2_000_000)


def _stated(kind: Kind) -> list[Published]:
    provider, model, service_tier = kind
    rows = FEED.published.get((provider, model), ())
    return [row for row in rows if row.service_tier == service_tier]


KNOWN = [kind for kind in CARD.kinds if _stated(kind)]


def _first_day(kind: Kind) -> date:
    """From when on both have a price: before, its variants are priced as standard."""
    ours = min(price.effective_from.date() for price in CARD.history(*kind))
    return max(ours, _stated(kind)[0].since_on or ours, HISTORY_GAPS.get(kind[1], ours))


@st.composite
def usages(draw: st.DrawFn, kind: Kind) -> dict[str, int]:
    """Counts that nest, without tokens of a kind whose price is known to differ."""
    given_tokens = draw(tokens)
    if (*kind, "input_usd") in EXPLAINED:
        given_tokens = min(given_tokens, 272_000)
    cached = draw(st.integers(0, given_tokens))
    if (*kind, "cached_input_usd") in EXPLAINED and (*kind, "input_usd") not in EXPLAINED:
        cached = 0
    return {
        "input_tokens": given_tokens,
        "cached_input_tokens": cached,
        "cache_write_tokens": draw(st.integers(0, given_tokens - cached)),
        "output_tokens": draw(tokens),
    }


def _oracle(kind: Kind, usage: dict[str, int], at: datetime) -> Decimal:
    provider, model, service_tier = kind
    counts = Usage(
        input_tokens=usage["input_tokens"],
        cache_read_tokens=usage["cached_input_tokens"],
        cache_write_tokens=usage["cache_write_tokens"],
        output_tokens=usage["output_tokens"],
    )
    return calc_price(
        counts,
        model,
        provider_id=provider,
        genai_request_timestamp=at,
        price_context=CONTEXTS[service_tier],
    ).total_price


@pytest.mark.parametrize("kind", KNOWN, ids="/".join)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_cost_is_what_genai_prices_says_to_the_last_digit(kind: Kind, data: st.DataObject) -> None:
    first_at = midnight(_first_day(kind))
    seconds = int((midnight(LAST_DAY) - first_at).total_seconds())
    at = first_at + timedelta(seconds=data.draw(st.integers(0, seconds)))
    usage = data.draw(usages(kind))

    provider, model, service_tier = kind
    price = CARD.price_in_force(provider, model, service_tier, usage["input_tokens"], at)

    assert cost_of_usage(call(**usage), price).usd == _oracle(kind, usage, at)


def test_what_the_oracle_does_not_know_is_named() -> None:
    assert {kind[1:] for kind in CARD.kinds if not _stated(kind)} == UNKNOWN_TO_IT
    assert len(KNOWN) >= 90


def test_gap_in_the_oracles_history_is_still_there() -> None:
    for model, since_on in HISTORY_GAPS.items():
        before = datetime.combine(since_on, datetime.min.time(), UTC) - timedelta(seconds=1)
        price = CARD.price_in_force("openai", model, "standard", 1, before)
        usage = {"input_tokens": 1_000_000, "output_tokens": 0}
        nothing_else = {"cached_input_tokens": 0, "cache_write_tokens": 0}
        oracle = _oracle(("openai", model, "standard"), usage | nothing_else, before)
        assert price is not None and price.input_usd != oracle


@pytest.mark.parametrize("named", EXPLAINED, ids="/".join)
def test_known_disagreement_is_explained_and_still_there(named: tuple[str, ...]) -> None:
    *of, figure = named
    kind = (of[0], of[1], of[2])

    assert len(EXPLAINED[named]) > 40
    assert any(_differs(kind, row, figure) for row in _stated(kind))


def _differs(kind: Kind, row: Published, figure: str) -> bool:
    for day in _days(kind, row):
        ours = figures_of(CARD.version_in_force(*kind, midnight(day)))
        for tier in {tier.above_input_tokens for tier in (*ours, *row.tiers)} if ours else ():
            if billed(tier_of(ours, tier))[figure] != billed(tier_of(row.tiers, tier))[figure]:
                return True
    return False


def _days(kind: Kind, row: Published) -> Iterator[date]:
    yield row.since_on or min(price.effective_from.date() for price in CARD.history(*kind))
