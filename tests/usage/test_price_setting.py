"""Setting prices by hand: over HTTP, on a real database."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from deploy.database import Dsns
from libs.contracts.access import Action, Role
from tests.factories import admin, service, user
from tests.usage.conftest import Usage
from tests.usage.factories import call

SOURCE = "https://prices.example/gpt"
BASE: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-4o",
    "input_usd": "3",
    "cached_input_usd": "1.5",
    "output_usd": "12",
    "effective_from": "2026-12-01",
    "source_url": SOURCE,
}
BOOK = ("price", "price_check", "price_proposal", "price_decision", "model_retirement")


async def _set(usage: Usage, **changes: Any) -> dict[str, Any]:
    status, done = await usage.post("/v1/prices", BASE | changes, admin())
    assert status == 200, done
    answer: dict[str, Any] = done
    return answer


async def _cost(usage: Usage, at: str, tokens: int = 1_000_000, **changes: Any) -> Any:
    asked = {"provider": "openai", "model": "gpt-4o", "occurred_at": f"{at}T00:00:00Z"}
    body = asked | {"input_tokens": tokens} | changes
    _, quote = await usage.post("/v1/prices/quote", body, admin())
    return quote["cost_usd"]


async def test_price_counts_from_its_day_on_and_says_what_it_replaces(usage: Usage) -> None:
    done = await _set(usage, note="a rumour")

    [added], [replaced] = done["added"], done["replaced"]
    assert (added["input_usd"], replaced["input_usd"]) == ("3", "2.5")
    assert (added["added_by"], added["note"], added["source_url"]) == (
        "ada",
        "a rumour",
        SOURCE,
    )
    assert await _cost(usage, "2026-11-30") == "2.5"
    assert await _cost(usage, "2026-12-01") == "3"


async def test_other_sizes_of_prompt_are_restated_unless_they_are_to_go(usage: Usage) -> None:
    gemini = {"provider": "gemini", "model": "models/gemini-2.5-pro"}
    done = await _set(usage, **gemini)
    assert [row["above_input_tokens"] for row in done["added"]] == [0, 200_000]
    assert await _cost(usage, "2026-12-01", 300_000, **gemini) == "0.75"

    dearer = await _set(usage, **gemini, above_input_tokens=200_000, input_usd="5")
    assert [row["input_usd"] for row in dearer["added"]] == ["3", "5"]

    flat = await _set(usage, **gemini, only=True)
    assert len(flat["added"]) == 1
    assert await _cost(usage, "2026-12-01", 300_000, **gemini) == "0.9"


async def test_wrong_price_is_corrected_by_a_revision_and_the_wrong_one_stays(usage: Usage) -> None:
    await _set(usage, input_usd="30")
    done = await _set(usage, input_usd="3")

    assert done["added"][0]["revision"] == 2
    assert done["added"][0]["price_id"].endswith("/r2")
    assert await _cost(usage, "2026-12-01") == "3"
    _, history = await usage.get("/v1/prices/history", params={"model": "gpt-4o"})
    assert [row["input_usd"] for row in history["prices"] if row["added_by"] != "files"] == [
        "30",
        "3",
    ]


async def test_back_to_the_first_figures_is_a_third_revision(usage: Usage) -> None:
    for figure in ("3", "30", "3.0"):
        done = await _set(usage, input_usd=figure)

    assert done["added"][0]["revision"] == 3
    assert await _cost(usage, "2026-12-01") == "3"


async def test_price_that_is_held_already_is_checked_and_not_added(usage: Usage) -> None:
    same = {"input_usd": "2.50", "cached_input_usd": "1.25", "output_usd": "10"}
    done = await _set(usage, **same, effective_from="2026-11-30")

    assert done == {"added": [], "replaced": []}
    _, listed = await usage.get("/v1/prices", params={"model": "gpt-4o"})
    [row] = [row for row in listed["prices"] if row["service_tier"] == "standard"]
    assert row["checked_on"] == max(datetime.now(UTC).date().isoformat(), "2026-11-22")


async def test_new_price_leaves_recorded_entries_alone(usage: Usage) -> None:
    await usage.send(call())
    await _set(usage, effective_from="2026-08-01")
    await usage.send(call())

    _, page = await usage.get("/v1/entries")
    assert sorted(entry["cost_usd"] for entry in page["entries"]) == ["0.0049825", "0.005979"]


async def test_model_and_provider_that_nobody_listed_can_be_priced(usage: Usage) -> None:
    new = {"provider": "Acme", "model": "acme-1", "service_tier": "Standard"}
    await _set(usage, **new)

    assert await _cost(usage, "2026-12-02", provider="ACME", model="acme-1") == "3"


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ({"input_usd": "NaN"}, "bad_request_body", "input_usd"),
        ({"input_usd": "-1"}, "bad_request_body", "input_usd"),
        ({"output_usd": "1000000"}, "bad_request_body", "output_usd"),
        ({"input_usd": "0.0000000001"}, "bad_request_body", "input_usd"),
        ({"effective_from": "2026-02-30"}, "bad_request_body", "effective_from"),
        ({"effective_from": "1999-01-01"}, "bad_request_body", "effective_from"),
        ({"source_url": "javascript:x"}, "bad_request_body", "source_url"),
        ({"service_tier": "a/b"}, "bad_request_body", "service_tier"),
        ({"provider": "a/b"}, "bad_request_body", "provider"),
        ({"model": "nul\x00"}, "bad_request_body", "model"),
        ({"input_usd": "1e400000000"}, "bad_request_body", "input_usd"),
        ({"input_usd": "1e-400000000"}, "bad_request_body", "input_usd"),
        ({"colour": "red"}, "bad_request_body", "colour"),
        ({"model": "new", "above_input_tokens": 200_000}, "no_base_price", "set that one first"),
        ({"provider": "acme", "source_url": None}, "no_source", "--source-url"),
    ],
    ids=str,
)
async def test_bad_price_is_refused_in_words(
    usage: Usage, wrong: dict[str, Any], code: str, says: str
) -> None:
    status, problem = await usage.post("/v1/prices", BASE | wrong, admin())

    assert (status, problem["code"]) == (422, code)
    assert says in problem["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/prices",
        "/v1/prices/proposals/sync",
        "/v1/prices/proposals/decide",
        "/v1/prices/retirements",
    ],
)
async def test_only_global_admins_and_services_with_the_scope_manage_prices(
    usage: Usage, path: str
) -> None:
    client_admin = user(clients={"diageo": Role.CLIENT_ADMIN})
    for actor in (client_admin, service(Action.READ_USAGE), service(Action.MANAGE_LEDGER)):
        status, problem = await usage.post(path, {}, actor)
        assert (status, problem["code"]) == (403, "not_allowed")
    for actor in (admin(), service(Action.MANAGE_PRICES)):
        status, _ = await usage.post(path, {"strange": 1}, actor)
        assert status == 422


async def test_client_admin_may_list_prices(usage: Usage) -> None:
    client_admin = user(clients={"diageo": Role.CLIENT_ADMIN})

    status, listed = await usage.get("/v1/prices", client_admin, {"at": "2024-09-01"})

    assert status == 200
    [old] = [row for row in listed["prices"] if row["model"] == "gpt-4o"]
    assert (old["input_usd"], old["effective_from"]) == ("5", "2024-05-13")


async def test_two_prices_for_one_day_set_at_once_are_two_revisions(usage: Usage) -> None:
    done = await asyncio.gather(*(_set(usage, input_usd=str(n)) for n in range(3, 9)))

    revisions = sorted(one["added"][0]["revision"] for one in done)
    assert revisions == [1, 2, 3, 4, 5, 6]
    last = max(done, key=lambda one: one["added"][0]["revision"])
    assert await _cost(usage, "2026-12-01") == last["added"][0]["input_usd"]


@pytest.mark.parametrize("table", BOOK)
async def test_book_is_never_changed(usage: Usage, dsns: Mapping[str, Dsns], table: str) -> None:
    await _set(usage)
    await usage.post("/v1/prices/proposals/sync", {}, admin())
    _, page = await usage.get("/v1/prices/proposals")
    ids = [page["proposals"][0]["proposal_id"]]
    await usage.post(
        "/v1/prices/proposals/decide", {"proposal_ids": ids, "decision": "rejected"}, admin()
    )
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    for dsn, says in ((dsns["usage"].run, "permission denied"), (dsns["usage"].owner, "never")):
        db = await asyncpg.connect(dsn, server_settings={"search_path": "usage"})
        if says == "never":
            await db.execute(
                "INSERT INTO price_check VALUES ('x', $1, 'https://x', 'x', now())", tomorrow
            )
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET {await _column(db, table)}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match=says):
                await db.execute(change)
        await db.close()


async def _column(db: Any, table: str) -> str:
    name = await db.fetchval(
        """
        SELECT column_name FROM information_schema.columns
         WHERE table_schema = 'usage' AND table_name = $1 AND data_type = 'text' LIMIT 1
        """,
        table,
    )
    return f"{name} = {name}"
