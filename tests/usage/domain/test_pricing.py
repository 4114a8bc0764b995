"""Which price is in force."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from services.usage.domain.pricing import Names, Price, RateCard
from tests.usage.factories import NOON, price

OPENAI = Names("openai", service_tier_aliases={"default": "standard"})
GOOGLE = Names("google", ("gemini",), {"gemini-2.5-pro-preview": "gemini-2.5-pro"}, ("models/",))


def _in_force(
    card: RateCard, tokens: int = 1_000, at: datetime = NOON, tier: str = "standard"
) -> Price | None:
    return card.price_in_force("openai", "gpt-4o", tier, tokens, at)


def test_new_price_does_not_change_the_past() -> None:
    old, new = price(), price(effective_from=NOON, input_usd=Decimal(5))
    card = RateCard([new, old])

    assert _in_force(card, at=NOON - timedelta(microseconds=1)) == old
    assert _in_force(card, at=NOON) == new


def test_there_is_no_price_before_the_first() -> None:
    assert _in_force(RateCard([price(effective_from=NOON)]), at=NOON - timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("input_tokens", "above"), [(0, 0), (199_999, 0), (200_000, 0), (200_001, 200_000)]
)
def test_tier_is_reached_by_strictly_more_tokens(input_tokens: int, above: int) -> None:
    card = RateCard([price(), price(above_input_tokens=200_000)])

    found = _in_force(card, input_tokens)

    assert found is not None
    assert found.above_input_tokens == above


def test_tier_that_a_new_price_does_not_restate_is_gone() -> None:
    new = price(effective_from=NOON)
    card = RateCard([price(), price(above_input_tokens=200_000), new])

    assert _in_force(card, 300_000) == new


def test_revision_corrects_the_price_of_its_day_only() -> None:
    wrong, right = price(), price(input_usd=Decimal(3), revision=2)
    later = price(effective_from=NOON, input_usd=Decimal(9))
    card = RateCard([right, later, wrong])

    assert _in_force(card, at=NOON - timedelta(seconds=1)) == right
    assert _in_force(card, at=NOON) == later


def test_revision_restates_every_tier() -> None:
    right = price(input_usd=Decimal(3), revision=2)
    card = RateCard([price(), price(above_input_tokens=200_000), right])

    assert _in_force(card, 300_000) == right


def test_service_tier_without_a_price_is_not_priced_as_standard() -> None:
    card = RateCard([price()], [OPENAI])

    assert _in_force(card, tier="flex") is None
    assert _in_force(card, tier="Default") == price()


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-4o-2024-11-20", "gpt-4", "GPT-4o", ""])
def test_model_that_only_looks_alike_has_no_price(model: str) -> None:
    card = RateCard([price()], [OPENAI])

    assert card.price_in_force("openai", model, "standard", 1, NOON) is None


@pytest.mark.parametrize("provider", ["google", "gemini", "Gemini", "GOOGLE"])
@pytest.mark.parametrize(
    "model", ["gemini-2.5-pro", "models/gemini-2.5-pro", "gemini-2.5-pro-preview"]
)
def test_listed_names_find_the_price(provider: str, model: str) -> None:
    listed = price(provider="google", model="gemini-2.5-pro")
    card = RateCard([listed], [GOOGLE])

    assert card.price_in_force(provider, model, "standard", 1, NOON) == listed


def test_price_id_changes_with_the_figures_and_not_with_the_check() -> None:
    again = replace(price(), checked_on=date(2027, 1, 1), input_usd=Decimal("2.50"))

    assert again.price_id == price().price_id
    assert price(input_usd=Decimal("2.6")).price_id != price().price_id
    assert price(cached_input_usd=None).price_id != price().price_id
    assert price().price_id.startswith("openai/gpt-4o/standard/0/2026-01-01/")
    assert price(effective_from=datetime(2026, 2, 1, tzinfo=UTC)).price_id != price().price_id
    assert price(revision=2).price_id == f"{price().price_id}/r2"
