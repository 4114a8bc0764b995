"""The rate card: the files, the database and the tables that others publish."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from libs.postgres import Pool, transaction
from services.usage.domain.cost import cost_of_call
from services.usage.domain.pricing import RateCard
from services.usage.handlers import POOL
from services.usage.rate_card import (
    PriceChanged,
    PriceFile,
    load_prices,
    read_price_files,
)
from tests.factories import admin
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call

FILES = read_price_files()
TODAY = datetime(2026, 11, 22, tzinfo=UTC)
PRICES = [price for file in FILES for price in file.prices()]
CARD = RateCard(PRICES, [file.names() for file in FILES])


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


async def test_price_checked_again_is_not_a_changed_price_but_a_fresh_one(
    usage: Usage, pool: Pool
) -> None:
    again = FILES[0].model_copy(update={"checked_on": TODAY.date() + timedelta(days=30)})

    assert await load_prices(pool, [again]) == 0

    _, listed = await usage.get("/v1/prices", params={"provider": FILES[0].provider})
    assert {row["checked_on"] for row in listed["prices"]} == {"2026-12-22"}


async def test_file_corrects_its_own_price_by_a_revision(usage: Usage, pool: Pool) -> None:
    corrected = _changed(FILES[1], input=Decimal(99), revision=2)
    model = corrected.usd_per_million[0].model

    assert await load_prices(pool, [corrected]) == 1
    assert await load_prices(pool, [*FILES, corrected]) == 0

    _, listed = await usage.get("/v1/prices/history", params={"model": model})
    [revised] = [row for row in listed["prices"] if row["revision"] == 2]
    assert (revised["input_usd"], revised["added_by"]) == ("99", "files")
    assert revised["price_id"].endswith("/r2")


async def test_version_that_somebody_set_stands_when_a_file_brings_another(
    usage: Usage, pool: Pool
) -> None:
    body = {"provider": "openai", "model": "gpt-7", "effective_from": "2026-12-01"}
    figures = {"input_usd": "3", "output_usd": "12", "source_url": "https://prices.example"}
    await usage.post("/v1/prices", body | figures, admin())
    first = {"model": "gpt-7", "service_tier": "standard", "effective_from": date(2026, 12, 1)}
    file = _changed(FILES[1], **first, above_input_tokens=0)
    tier = _changed(FILES[1], **first, above_input_tokens=200_000)

    assert await load_prices(pool, [file, tier]) == 0

    _, listed = await usage.get("/v1/prices/history", params={"model": "gpt-7"})
    assert [row["input_usd"] for row in listed["prices"]] == ["3"]


async def test_services_that_start_at_once_add_each_row_once(usage: Usage, pool: Pool) -> None:
    later = _changed(FILES[0], effective_from=date(2030, 1, 1)).model_copy(
        update={"models": [FILES[0].models[0].model_copy(update={"note": "new"})]}
    )

    added = await asyncio.gather(*(load_prices(pool, [later]) for _ in range(4)))

    assert sorted(added) == [0, 0, 0, 1]
    async with transaction(pool) as db:
        noted = await db.fetchval("SELECT count(*) FROM model_retirement WHERE note = 'new'")
    assert noted == 1


async def test_start_says_once_when_models_end_and_the_last_word_counts(
    usage: Usage, pool: Pool
) -> None:
    await load_prices(pool, FILES)
    async with transaction(pool) as db:
        rows = await db.fetchval("SELECT count(*) FROM model_retirement")
    assert rows == sum(len(file.models) for file in FILES)

    later = {"provider": "gemini", "model": "models/gemini-2.5-pro", "shutdown_on": None}
    await usage.post("/v1/prices/retirements", later | {"source_url": "https://x.example"}, admin())
    await load_prices(pool, FILES)

    _, listed = await usage.get("/v1/prices/retirements")
    [end] = [row for row in listed["retirements"] if row["model"] == "gemini-2.5-pro"]
    assert (end["shutdown_on"], end["provider"]) == (None, "google")


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
