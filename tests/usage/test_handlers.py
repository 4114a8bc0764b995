"""The routes of the usage service: who may call them, and what they refuse."""

from datetime import UTC, datetime, timedelta

import pytest
import schemathesis

from libs.actor import Issuer, new_key
from libs.contracts.access import Action, Actor, Role
from services.usage.app import ROUTES
from tests.factories import admin, service, user
from tests.usage.conftest import Usage
from tests.usage.factories import as_json, call

QUOTE = {
    "provider": "openai",
    "model": "gpt-4o",
    "occurred_at": "2026-08-21T12:00:00Z",
    "input_tokens": 1_245,
    "output_tokens": 187,
}


async def _status(usage: Usage, authorization: str | None) -> int:
    headers = {"Authorization": authorization} if authorization else {}
    async with usage.client.get("/v1/entries", headers=headers) as response:
        return response.status


async def test_only_a_valid_passport_for_this_service_is_let_in(usage: Usage) -> None:
    stranger = Issuer("local", new_key("local")[0])
    foreign = stranger.passport(admin(), "usage", datetime.now(UTC))
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)

    assert await _status(usage, None) == 401
    assert await _status(usage, f"Bearer {foreign}") == 401
    assert await _status(usage, usage.trust.bearer("qc", admin())) == 401
    assert await _status(usage, usage.trust.bearer("usage", admin(), now=an_hour_ago)) == 401
    assert await _status(usage, usage.trust.bearer("usage", admin())) == 200


@pytest.mark.parametrize("actor", [admin(), service(Action.READ_USAGE)], ids=["admin", "reader"])
async def test_only_a_service_that_may_record_records(usage: Usage, actor: Actor) -> None:
    assert (await usage.post("/v1/events", as_json(call()), actor))[0] == 403


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/reports/usage"])
async def test_usage_is_shown_to_client_admins_of_that_client(usage: Usage, path: str) -> None:
    editor = user(clients={"diageo": Role.EDITOR})
    client_admin = user(clients={"diageo": Role.CLIENT_ADMIN, "loreal": Role.VIEWER})

    assert (await usage.get(path, editor))[0] == 403
    assert (await usage.get(path, client_admin, {"client": "diageo"}))[0] == 200
    assert (await usage.get(path, client_admin, {"client": "loreal"}))[0] == 403
    assert (await usage.get(path, client_admin, {"client": "unilever"}))[0] == 404


async def test_entries_and_reports_show_an_actor_their_clients_only(usage: Usage) -> None:
    await usage.send(call(client_id="diageo"), call(client_id="loreal"))
    mine = user(clients={"loreal": Role.CLIENT_ADMIN, "diageo": Role.EDITOR})

    _, entries = await usage.get("/v1/entries", mine)
    _, report = await usage.get("/v1/reports/usage", mine, {"format": "json"})

    assert [entry["client_id"] for entry in entries["entries"]] == ["loreal"]
    assert list(report["by_client"]) == ["loreal"]
    assert report["total_cost"] == 0.0049825


async def test_quote_is_exact_and_takes_no_client(usage: Usage) -> None:
    status, quote = await usage.post("/v1/prices/quote", QUOTE, service(Action.READ_USAGE))

    assert (status, quote["cost_usd"]) == (200, "0.0049825")
    assert quote["components"] == {
        "input": "0.0031125",
        "cached_input": "0",
        "cache_write": "0",
        "output": "0.00187",
    }
    assert quote["price_id"].startswith("openai/gpt-4o/standard/0/2024-10-02/")


async def test_quote_of_an_unknown_model_is_null_and_not_free(usage: Usage) -> None:
    body = QUOTE | {"model": "gpt-4o-zzz"}

    assert await usage.post("/v1/prices/quote", body, admin()) == (
        200,
        {"cost_usd": None, "components": {}, "price_id": None},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"unheard_of": 1},
        {"cached_input_tokens": 2_000},
        {"reasoning_tokens": 188},
        {"input_tokens": -1},
        {"input_tokens": "7"},
        {"occurred_at": "2026-08-21T12:00:00"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
    ],
    ids=str,
)
async def test_quote_refuses_what_cannot_be(usage: Usage, wrong: dict[str, object]) -> None:
    status, problem = await usage.post("/v1/prices/quote", QUOTE | wrong, admin())

    assert (status, problem["code"]) == (422, "bad_request_body")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/entries", {"limit": "5001"}),
        ("/v1/entries", {"cursor": "not-a-cursor"}),
        ("/v1/entries", {"clientt": "diageo"}),
        ("/v1/entries", {"kind": "user_login"}),
        ("/v1/reports/usage", {"start_date": "2026-13-01"}),
        ("/v1/reports/usage", {"start_date": "2026-02-02", "end_date": "2026-02-01"}),
        ("/v1/reports/usage", {"start_date": "2026-02-02", "last_days": "3"}),
        ("/v1/reports/usage", {"last_days": "0"}),
        ("/v1/reports/usage", {"format": "docx"}),
        ("/v1/reports/usage", {"client": "dia\x00geo"}),
    ],
    ids=str,
)
async def test_query_that_makes_no_sense_is_refused(
    usage: Usage, path: str, params: dict[str, str]
) -> None:
    status, problem = await usage.get(path, params=params)

    assert status == 422
    assert problem["detail"]


async def test_openapi_document_describes_every_route(usage: Usage) -> None:
    async with usage.client.get("/openapi.json") as response:
        document = await response.json()

    assert document["openapi"] == "3.1.0"
    assert {
        f"{method.upper()} {path}" for path, of in document["paths"].items() for method in of
    } == {f"{route.method} {route.path}" for route in ROUTES}
    assert len(list(schemathesis.openapi.from_dict(document).get_all_operations())) == len(ROUTES)
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["x-action"]
            assert operation["summary"]


async def test_service_is_ready_when_its_database_answers(usage: Usage) -> None:
    async with usage.client.get("/readyz") as response:
        assert await response.json() == {"service": "usage", "status": "ok", "problems": []}
