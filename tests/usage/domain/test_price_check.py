"""Comparing our prices with others, figure by figure."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.prices import Figures, PriceRow, midnight
from services.usage.domain.price_check import (
    Explained,
    coming_changes,
    compare_prices,
    stale_prices,
)
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import Published, Upstream, bill_alike
from tests.usage.factories import price

DAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
GPT = ("openai", "gpt-4o")


def _figures(**given: Any) -> Figures:
    known = {"input_usd": "2.5", "cached_input_usd": "1.25", "output_usd": "10"}
    return Figures.model_validate(known | given)


def _row(**given: Any) -> PriceRow:
    known = {
        "price_id": "p",
        "provider": "openai",
        "model": "gpt-4o",
        "service_tier": "standard",
        "effective_from": "2026-01-01",
        "revision": 1,
        "cache_write_usd": None,
        "source_url": "https://prices.example",
        "checked_on": DAY,
        "added_by": "files",
        "added_at": NOW,
        "note": "",
    }
    return PriceRow.model_validate(known | _figures().model_dump() | given)


def _source(name: str, *tiers: Figures, complete: bool = False, **given: Any) -> Upstream:
    since_on = given.pop("since_on", None)
    rows = [Published(*GPT, "standard", since_on, tiers)]
    return Upstream(name, {GPT: rows}, complete=complete, **given)


@pytest.mark.parametrize(
    ("others", "severity"),
    [
        (["10"], None),
        (["10", "10"], None),
        (["11"], "error"),
        (["11", "11"], "error"),
        (["11", "12"], "error"),
        (["10", "11"], "warning"),
    ],
)
def test_figure_is_wrong_when_it_is_contradicted_and_nobody_confirms_it(
    others: list[str], severity: str | None
) -> None:
    sources = [_source(f"s{n}", _figures(output_usd=usd)) for n, usd in enumerate(others)]

    prices, remarks = compare_prices([[_row()]], sources, DAY)

    assert [remark.severity for remark in remarks] == ([severity] if severity else [])
    assert prices[0].agrees == {f"s{n}": usd == "10" for n, usd in enumerate(others)}
    if remarks:
        expected = {"ours": "10"} | {f"s{n}": usd for n, usd in enumerate(others)}
        assert (remarks[0].field, remarks[0].figures) == ("output_usd", expected)
        assert all(f"s{n} ${usd}" in remarks[0].message for n, usd in enumerate(others))


def test_equal_figures_are_equal_however_they_are_written() -> None:
    _, remarks = compare_prices([[_row()]], [_source("s", _figures(output_usd="10.000"))], DAY)

    assert remarks == []


def test_figure_that_a_source_leaves_out_is_unknown_unless_its_silence_says_no() -> None:
    silent = _figures(cached_input_usd=None)

    assert compare_prices([[_row()]], [_source("s", silent)], DAY)[1] == []
    _, [remark] = compare_prices([[_row()]], [_source("s", silent, complete=True)], DAY)
    assert (remark.field, remark.figures) == ("cached_input_usd", {"ours": "1.25", "s": "2.5"})


def test_cached_tokens_that_both_bill_as_input_are_no_difference_of_their_own() -> None:
    silent = {"cached_input_usd": None}
    source = _source("s", _figures(input_usd="9", **silent), complete=True)

    _, [remark] = compare_prices([[_row(**silent)]], [source], DAY)

    assert remark.field == "input_usd"


def test_size_of_prompt_that_only_a_source_knows_is_a_difference() -> None:
    tiered = _source("s", _figures(), _figures(above_input_tokens=200_000, input_usd="5"))

    _, remarks = compare_prices([[_row()]], [tiered], DAY)

    assert [(r.above_input_tokens, r.field) for r in remarks] == [(200_000, "input_usd")]


def test_explained_difference_is_a_note_with_its_reason() -> None:
    why = Explained("s", *GPT, "standard", "output_usd", "because")
    sources = [_source("s 1.0", _figures(output_usd="11"))]

    _, [remark] = compare_prices([[_row()]], sources, DAY, [why])
    _, [other, _] = compare_prices([[_row(cached_input_usd="2")]], sources, DAY, [why])

    assert (remark.severity, "because" in remark.message) == ("note", True)
    assert (other.severity, other.field) == ("error", "cached_input_usd")


@pytest.mark.parametrize(("age_days", "is_stale"), [(30, False), (31, True)])
def test_price_is_stale_after_thirty_days(age_days: int, is_stale: bool) -> None:
    row = _row(checked_on=DAY - timedelta(days=age_days))
    prices, _ = compare_prices([[row]], [], DAY)

    remarks = list(stale_prices(prices))

    assert prices[0].age_days == age_days
    assert [remark.code for remark in remarks] == (["stale"] if is_stale else [])


def test_announced_change_is_noted_and_a_missing_one_is_a_warning() -> None:
    soon = DAY + timedelta(days=20)
    card = RateCard([price(), price(effective_from=midnight(soon), input_usd=Decimal(3))])
    theirs = _source("s", _figures(input_usd="9"), since_on=soon + timedelta(days=1))

    remarks = list(coming_changes(card, [theirs], DAY))

    assert [(r.severity, r.code) for r in remarks] == [
        ("note", "announced"),
        ("warning", "change_not_held"),
    ]


def test_tiers_bill_alike_only_when_each_size_of_prompt_costs_the_same() -> None:
    flat, same = [_figures()], [_figures(), _figures(above_input_tokens=200_000)]
    dearer = [_figures(), _figures(above_input_tokens=200_000, output_usd="15")]

    assert bill_alike(flat, same)
    assert not bill_alike(flat, dearer)
    assert bill_alike(flat, dearer, ["output_usd"])
    assert not bill_alike([], flat)
    assert bill_alike([_figures(cached_input_usd=None)], [_figures(cached_input_usd="2.50")])
