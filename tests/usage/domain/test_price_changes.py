"""Which statements of a table are worth proposing."""

from datetime import date, timedelta
from typing import Any

import pytest

from libs.contracts.prices import Figures, midnight
from services.usage.domain.price_changes import price_changes, too_many_lost
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import Published
from tests.usage.factories import price

DAY = date(2026, 11, 27)
GPT = ("openai", "gpt-4o")


def _figures(**given: Any) -> Figures:
    known = {"input_usd": "2.5", "cached_input_usd": "1.25", "output_usd": "10"}
    return Figures.model_validate(known | given)


def _stated(*since: date | None, service_tier: str = "standard", **given: Any) -> list[Published]:
    return [Published(*GPT, service_tier, day, (_figures(**given),)) for day in since]


def test_price_that_is_held_is_no_change() -> None:
    card = RateCard([price()])

    assert price_changes(card, _stated(None), DAY) == []
    assert price_changes(card, _stated(date(2026, 5, 1)), DAY) == []


@pytest.mark.parametrize(
    ("statement", "from_day", "reason"),
    [
        (_stated(None, input_usd="9"), DAY, "other price"),
        (_stated(date(2026, 5, 1), input_usd="9"), date(2026, 5, 1), "other price"),
        (_stated(date(2027, 1, 1), input_usd="9"), date(2027, 1, 1), "announced change"),
        (_stated(None, service_tier="flex"), date(2020, 1, 1), "new service tier"),
        (_stated(date(2025, 1, 1)), date(2025, 1, 1), "no price for that time"),
    ],
)
def test_change_counts_from_the_day_that_is_stated(
    statement: list[Published], from_day: date, reason: str
) -> None:
    [change] = price_changes(RateCard([price()]), statement, DAY)

    assert (change.effective_from, change.reason) == (from_day, reason)


def test_same_statement_has_one_fingerprint_whenever_it_is_read() -> None:
    first, later = (
        price_changes(RateCard([price()]), _stated(None, input_usd="9"), DAY + timedelta(days=n))[0]
        for n in (0, 5)
    )
    [other] = price_changes(RateCard([price()]), _stated(None, input_usd="8"), DAY)

    assert first.fingerprint == later.fingerprint != other.fingerprint
    assert first.effective_from != later.effective_from


def test_past_that_a_table_does_not_date_is_not_corrected() -> None:
    card = RateCard([price(), price(effective_from=midnight(date(2026, 5, 1)))])
    history = [*_stated(None, input_usd="7"), *_stated(date(2026, 5, 1))]

    assert price_changes(card, history, DAY) == []


def test_explained_figure_is_not_proposed() -> None:
    stated = _stated(None, cached_input_usd="0.5")

    assert len(price_changes(RateCard([price()]), stated, DAY)) == 1
    explained = [(*GPT, "standard", "cached_input_usd")]
    assert price_changes(RateCard([price()]), stated, DAY, explained) == []


@pytest.mark.parametrize(("lost", "refused"), [(0, False), (2, False), (3, True), (10, True)])
def test_table_that_lost_more_than_a_fifth_is_broken(lost: int, refused: bool) -> None:
    held = {f"m{n}" for n in range(10)}

    assert bool(too_many_lost(held, [f"m{n}" for n in range(lost, 10)])) is refused
