"""`POST /v1/prices/validate`: prices and calls of a real database, against two tables."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.contracts.access import Role
from libs.contracts.prices import PublishedTable
from services.usage.domain.litellm_table import read_litellm
from tests.factories import admin, user
from tests.usage.conftest import Usage
from tests.usage.factories import call

FRESH = "2026-11-27"
"""A day on which the prices of the files are fresh."""


@pytest.fixture(scope="session")
def litellm(shared_data: Path) -> PublishedTable:
    path = shared_data / "prices" / "litellm" / "full_v1.109.1.json.gz"
    content = gzip.decompress(path.read_bytes())
    return read_litellm(content, "LiteLLM", frozenset({"openai", "google"}))


async def _validate(usage: Usage, at: str = FRESH, actor: Any = None, **body: Any) -> Any:
    status, found = await usage.post("/v1/prices/validate", {"at": at} | body, actor or admin())
    assert status == 200, found
    return found


def _codes(found: Any, severity: str) -> set[tuple[str, str]]:
    return {(r["code"], r["model"]) for r in found["remarks"] if r["severity"] == severity}


async def test_shipped_prices_have_no_error_in_either_table(
    usage: Usage, litellm: PublishedTable
) -> None:
    found = await _validate(usage, table=litellm.model_dump(mode="json"))

    assert (found["errors"], _codes(found, "error")) == (0, set())
    assert found["sources"][1] == "LiteLLM"
    assert ("shutdown_near", "gemini-2.5-pro") in _codes(found, "warning")
    assert {code for code, _ in _codes(found, "warning")} == {"shutdown_near"}
    confirmed = [row for row in found["prices"] if any(row["agrees"].values())]
    assert len(confirmed) >= 150


async def test_shipped_prices_have_no_error_without_a_second_opinion(usage: Usage) -> None:
    found = await _validate(usage)

    assert found["errors"] == 0
    assert len(found["sources"]) == 1


async def test_price_that_is_wrong_by_a_digit_is_an_error_that_names_all_figures(
    usage: Usage, litellm: PublishedTable
) -> None:
    wrong = {"provider": "openai", "model": "gpt-5", "effective_from": "2026-11-01"}
    figures = {"input_usd": "1.26", "cached_input_usd": "0.125", "output_usd": "10"}
    await usage.post("/v1/prices", wrong | figures, admin())

    found = await _validate(usage, table=litellm.model_dump(mode="json"))

    [error] = [remark for remark in found["remarks"] if remark["severity"] == "error"]
    assert (error["code"], error["model"], error["field"]) == (
        "price_differs",
        "gpt-5",
        "input_usd",
    )
    assert error["figures"] == {"ours": "1.26", found["sources"][0]: "1.25", "LiteLLM": "1.25"}
    assert found["errors"] == 1


async def test_second_opinion_alone_is_a_warning(usage: Usage) -> None:
    figures = {"input_usd": "2.5", "output_usd": "11"}
    price = {"provider": "openai", "model": "gpt-4o", "tiers": [figures]}

    found = await _validate(usage, table={"name": "mine", "prices": [price]})

    assert ("sources_disagree", "gpt-4o") in _codes(found, "warning")
    assert found["errors"] == 0


async def test_prices_grow_stale_after_thirty_days(usage: Usage) -> None:
    fresh, stale = await _validate(usage, "2026-12-22"), await _validate(usage, "2026-12-23")

    assert "stale" not in {code for code, _ in _codes(fresh, "warning")}
    stale_of = {r["provider"] for r in stale["remarks"] if r["code"] == "stale"}
    assert stale_of == {"google", "openai"}


async def test_calls_of_the_last_thirty_days_tell_of_their_models(usage: Usage) -> None:
    now = datetime.now(UTC)
    recent: dict[str, Any] = {"occurred_at": now}
    await usage.send(
        call(**recent, model_requested="gpt-4o", model_served="gpt-4o-2024-08-06"),
        call(**recent, model_requested="gpt-4o", model_served="gpt-4o-mini"),
        call(**recent, model_requested="gpt-next"),
        call(**recent, provider="google", model_requested="gemini-2.5-pro", service_tier="turbo"),
        call(occurred_at=now - timedelta(days=40), model_requested="gpt-old"),
        call(**recent, model_requested="o4-mini"),
    )

    found = await _validate(usage, now.date().isoformat())

    assert _codes(found, "error") >= {
        ("unpriced", "gpt-next"),
        ("unpriced", "gemini-2.5-pro"),
        ("used_after_shutdown", "o4-mini"),
    }
    others = {model for code, model in _codes(found, "warning") if code == "served_other_model"}
    assert others == {"gpt-4o"}
    assert "gpt-old" not in {remark["model"] for remark in found["remarks"]}


async def test_calls_of_foreign_clients_are_not_told(usage: Usage) -> None:
    now = datetime.now(UTC)
    await usage.send(call(client_id="loreal", occurred_at=now, model_requested="gpt-next"))
    stranger = user(clients={"diageo": Role.CLIENT_ADMIN})

    seen = await _validate(usage, now.date().isoformat())
    hidden = await _validate(usage, now.date().isoformat(), stranger)

    assert ("unpriced", "gpt-next") in _codes(seen, "error")
    assert ("unpriced", "gpt-next") not in _codes(hidden, "error")


async def test_figures_are_strings_between_services(usage: Usage) -> None:
    found = await _validate(usage)

    assert all(type(row["input_usd"]) is str for row in found["prices"])
    figures = [usd for remark in found["remarks"] for usd in remark["figures"].values()]
    assert figures and all(type(usd) is str for usd in figures)
