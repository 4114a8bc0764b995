"""Listing the ledger."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from libs.ids import uuid7
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call, completed


async def _list(usage: Usage, **params: str) -> list[dict[str, Any]]:
    status, page = await usage.get("/v1/entries", params=params)
    assert status == 200, page
    entries: list[dict[str, Any]] = page["entries"]
    return entries


async def test_entry_tells_what_was_reported_and_what_it_cost(usage: Usage) -> None:
    event = call(
        analysis_id=uuid7(NOON),
        profile_version=3,
        provider="Gemini",
        model_requested="gemini-2.5-pro",
        model_served="models/gemini-2.5-pro",
        input_tokens=1_189,
        cached_input_tokens=512,
        output_tokens=1_003,
        reasoning_tokens=800,
        total_tokens=2_192,
        check_ids=["logo", "claim"],
    )
    await usage.send(event, completed())

    [entry] = await _list(usage)

    sent = event.model_dump(mode="json")
    same = entry.keys() & sent.keys() - {"provider", "occurred_at"}
    assert {name: entry[name] for name in same} == {name: sent[name] for name in same}
    assert entry["occurred_at"] == "2026-08-21T12:00:00Z"
    assert (entry["provider"], entry["state"]) == ("google", "posted")
    assert entry["cost_usd"] == "0.01094025"
    assert entry["price_id"].startswith("google/gemini-2.5-pro/standard/0/")


async def test_entries_come_oldest_first_and_page_without_gaps(usage: Usage) -> None:
    at = [NOON + timedelta(seconds=n // 3) for n in range(20)]
    events = [call(occurred_at=moment, event_id=uuid4()) for moment in at]
    await usage.send(*reversed(events))

    seen: list[dict[str, Any]] = []
    params = {"limit": "7"}
    while True:
        _, page = await usage.get("/v1/entries", params=params)
        seen += page["entries"]
        if page["next_cursor"] is None:
            break
        await usage.send(call(occurred_at=NOON - timedelta(days=1)))  # shifts nothing
        params["cursor"] = page["next_cursor"]

    expected = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    assert [entry["event_id"] for entry in seen] == [str(event.event_id) for event in expected]


async def test_filters_narrow(usage: Usage) -> None:
    analysis_id = uuid7(NOON)
    one = call(analysis_id=analysis_id)
    other = call(
        client_id="loreal",
        user_id="max",
        user_email="Max@agency.example",
        model_requested="unpriced-model",
        occurred_at=NOON + timedelta(days=1),
    )
    await usage.send(one, other)

    async def found(**params: str) -> list[str]:
        return [entry["event_id"] for entry in await _list(usage, **params)]

    assert await found(client="loreal") == [str(other.event_id)]
    assert await found(user="max") == [str(other.event_id)]
    assert await found(user="max@agency.example") == [str(other.event_id)]
    assert await found(analysis=str(analysis_id)) == [str(one.event_id)]
    assert await found(state="unpriced") == [str(other.event_id)]
    assert await found(to="2026-08-21") == [str(one.event_id)]
    assert await found(**{"from": "2026-08-22", "to": "2026-08-22"}) == [str(other.event_id)]
    assert await found(client="nobody") == []


@pytest.mark.parametrize("cursor", ["1~x", "999999999999999999~" + "0" * 32, "~", "x" * 101])
async def test_cursor_that_no_page_gave_is_refused(usage: Usage, cursor: str) -> None:
    assert (await usage.get("/v1/entries", params={"cursor": cursor}))[0] == 422
