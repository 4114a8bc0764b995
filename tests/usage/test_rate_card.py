"""The rate card: the files, the database and the tables that others publish."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from libs.postgres import Pool
from services.usage.domain.cost import cost_of_call
from services.usage.domain.pricing import RateCard
from services.usage.handlers import POOL
from services.usage.rate_card import (
    PriceChanged,
    PriceFile,
    load_prices,
    read_price_files,
)
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call

FILES = read_price_files()
TODAY = datetime(2026, 11, 22, tzinfo=UTC)
PRICES = [price for file in FILES for price in file.prices()]
CARD = RateCard(PRICES, [file.names() for file in FILES])
LITELLM_TIERS = {"standard": "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}


def _changed(file: PriceFile, **figures: Any) -> PriceFile:
    row = file.usd_per_million[0].model_copy(update=figures)
    return file.model_copy(update={"usd_per_million": [row]})


@pytest.fixture
async def pool(usage: Usage) -> Pool:
    assert usage.client.app is not None
    pool: Pool = usage.client.app[POOL]
    return pool


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.provider)
def test_prices_have_sources_and_aliases_lead_to_prices(file: PriceFile) -> None:
    models = {row.model for row in file.usd_per_million}

    assert set(file.model_aliases.values()) <= models
    assert not models & file.model_aliases.keys()
    assert len({price.key for price in file.prices()}) == len(file.prices())
    for price in file.prices():
        assert price.source_url.startswith("https://")
        assert price.checked_on <= TODAY.date()


def test_every_model_has_a_standard_price_and_cached_tokens_cost_no_more() -> None:
    for price in PRICES:
        assert CARD.price_in_force(price.provider, price.model, "standard", 1, price.effective_from)
        assert price.cached_input_usd is None or price.cached_input_usd <= price.input_usd


@pytest.mark.parametrize("tier", LITELLM_TIERS)
def test_prices_of_today_are_those_of_the_published_table(shared_data: Path, tier: str) -> None:
    path = shared_data / "prices" / "litellm" / "full_v1.109.1.json.gz"
    table = json.loads(gzip.decompress(path.read_bytes()), parse_float=Decimal)
    compared = 0
    for price in PRICES:
        name = {"google": f"gemini/{price.model}"}.get(price.provider, price.model)
        in_force = CARD.price_in_force(
            price.provider, price.model, price.service_tier, price.above_input_tokens + 1, TODAY
        )
        if price.service_tier != tier or price != in_force or name not in table:
            continue
        above = price.above_input_tokens
        suffix = (f"_above_{above // 1000}k_tokens" if above else "") + LITELLM_TIERS[tier]
        for kind, usd in (("input", price.input_usd), ("output", price.output_usd)):
            assert table[name][f"{kind}_cost_per_token{suffix}"] * 10**6 == usd, price.price_id
        cached = table[name].get(f"cache_read_input_token_cost{suffix}")
        assert (None if cached is None else cached * 10**6) == price.cached_input_usd
        compared += 1
    assert compared >= 20


def test_recorded_answers_cost_what_another_project_calculated(shared_data: Path) -> None:
    compared = 0
    for path in sorted((shared_data / "provider-responses").glob("*/*.json")):
        expected = json.loads(path.read_text())["expected"]
        stated, usage = expected.get("stated_by_tests"), expected["usage"]
        if not stated or not usage or not stated.get("input_price_usd"):
            continue
        if stated["usage"].get("input_audio_tokens"):
            continue  # sound has a price of its own, which no check of a picture needs
        event = call(
            provider={"gemini": "google"}.get(path.parent.name, path.parent.name),
            model_requested=stated["model"],
            input_tokens=usage["input_tokens"],
            cached_input_tokens=usage["cached_input_tokens"],
            output_tokens=usage["output_tokens"],
            reasoning_tokens=usage["reasoning_tokens"],
        )
        cost = cost_of_call(event, CARD)
        if cost.state == "unpriced":
            assert any(word in stated["model"] for word in ("audio", "image", "o1-mini")), path
            continue
        parts = (Decimal(stated[f"{kind}_price_usd"]) for kind in ("input", "output"))
        assert cost.usd == sum(parts), path.name
        compared += 1
    assert compared >= 15


def test_dated_prices_follow_the_changes_that_were_announced() -> None:
    def output_usd(provider: str, model: str, at: str) -> Decimal:
        price = CARD.price_in_force(
            provider, model, "standard", 1, datetime.fromisoformat(f"{at}T00:00:00+00:00")
        )
        assert price is not None
        return price.output_usd

    assert output_usd("openai", "gpt-4o", "2024-10-01") == 15
    assert output_usd("openai", "gpt-4o", "2024-10-02") == 10
    assert output_usd("openai", "o3", "2025-06-09") == 40
    assert output_usd("openai", "o3", "2025-06-10") == 8
    assert output_usd("openai", "gpt-5.6-terra", "2026-07-29") == 15
    assert output_usd("openai", "gpt-5.6-terra", "2026-07-30") == 12
    assert output_usd("gemini", "gemini-3.8-flash", "2026-12-31") == Decimal("3.75")
    assert output_usd("gemini", "gemini-3.8-flash", "2027-01-01") == Decimal("7.5")


def test_price_written_as_a_json_number_with_a_point_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"usd_per_million": [{"input": 2.5}]}')

    with pytest.raises(ValueError, match=r"write 2\.5 as a string"):
        read_price_files(tmp_path)


async def test_prices_are_loaded_once(pool: Pool) -> None:
    assert await load_prices(pool, FILES) == 0


async def test_changed_price_stops_the_start_and_says_what_to_do(pool: Pool) -> None:
    changed = _changed(FILES[0], input=Decimal(99))

    with pytest.raises(PriceChanged, match="add rows with a new effective_from") as raised:
        await load_prices(pool, [changed])

    assert changed.prices()[0].price_id in str(raised.value)


async def test_price_checked_again_is_not_a_changed_price(pool: Pool) -> None:
    again = FILES[0].model_copy(update={"checked_on": TODAY.date() + timedelta(days=30)})

    assert await load_prices(pool, [again]) == 0


async def test_added_price_counts_from_its_date_and_leaves_entries_alone(
    usage: Usage, pool: Pool
) -> None:
    await usage.send(call())
    dearer = _changed(
        FILES[1],
        model="gpt-4o",
        service_tier="standard",
        above_input_tokens=0,
        effective_from=(NOON + timedelta(days=1)).date(),
        input=Decimal(1_000),
        output=Decimal(0),
    )
    assert await load_prices(pool, [dearer]) == 1

    await usage.send(call(), call(occurred_at=NOON + timedelta(days=1)))
    _, page = await usage.get("/v1/entries")

    assert [entry["cost_usd"] for entry in page["entries"]] == [
        "0.0049825",
        "0.0049825",
        "1.245",
    ]
