"""Recording: each event once, all of a batch or nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs.contracts.access import Action
from libs.contracts.usage import (
    AccessChange,
    AccessRequested,
    AnalysisStarted,
    UsageEvent,
    UserLogin,
)
from libs.ids import uuid7
from libs.postgres import Pool, transaction
from services.usage.rate_card import RateCards, read_price_files
from services.usage.record import Recorder
from services.usage.rows import content_sha256, priced
from services.usage.staging import add_rows
from tests.factories import service
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, as_json, call, completed

RECORDER = service(Action.RECORD_USAGE)


async def _entries(usage: Usage) -> list[dict[str, Any]]:
    _, page = await usage.get("/v1/entries")
    entries: list[dict[str, Any]] = page["entries"]
    return entries


async def test_event_sent_twice_counts_once(usage: Usage) -> None:
    events: list[UsageEvent] = [call(), completed()]

    assert await usage.send(*events) == (200, {"accepted": 2, "duplicates": 0})
    assert await usage.send(*events, call()) == (200, {"accepted": 1, "duplicates": 2})
    assert len(await _entries(usage)) == 2


async def test_event_twice_in_one_batch_counts_once(usage: Usage) -> None:
    event = call()

    assert await usage.send(event, event) == (200, {"accepted": 1, "duplicates": 1})


async def test_every_kind_of_event_is_taken(usage: Usage) -> None:
    who: dict[str, Any] = {"occurred_at": NOON, "client_id": "diageo", "user_id": "uma"}
    events: list[UsageEvent] = [
        call(),
        completed(),
        AnalysisStarted(kind="analysis_started", event_id=uuid7(), analysis_id=uuid7(), **who),
        UserLogin(kind="user_login", event_id=uuid7(), **who),
        AccessChange(kind="access_change", event_id=uuid7(), details={"role": "editor"}, **who),
        AccessRequested(kind="access_request", event_id=uuid7(), details={"why": "ö"}, **who),
    ]

    assert await usage.send(*events) == (200, {"accepted": 6, "duplicates": 0})
    assert await usage.send(*events) == (200, {"accepted": 0, "duplicates": 6})


@pytest.mark.parametrize(
    "other",
    [
        {"output_tokens": 188},
        {"client_id": "loreal"},
        {"raw_usage": {"prompt_tokens": 1}},
        {"occurred_at": NOON + timedelta(microseconds=1)},
    ],
    ids=str,
)
async def test_id_used_again_for_other_content_stores_nothing_of_the_batch(
    usage: Usage, other: dict[str, Any]
) -> None:
    first = call()
    await usage.send(first)
    reused = call(**{"event_id": first.event_id} | other)

    status, problem = await usage.send(call(), completed(), reused)

    assert (status, problem["code"]) == (409, "event_id_reused")
    assert str(first.event_id) in problem["detail"]
    assert [entry["event_id"] for entry in await _entries(usage)] == [str(first.event_id)]


async def test_id_used_again_for_another_kind_is_refused(usage: Usage) -> None:
    first = call()
    await usage.send(first)

    assert (await usage.send(completed(event_id=first.event_id)))[0] == 409


async def test_batch_that_contradicts_itself_is_refused(usage: Usage) -> None:
    event_id = uuid7(NOON)

    status, _ = await usage.send(call(event_id=event_id), call(event_id=event_id, attempt_no=2))

    assert status == 409
    assert await _entries(usage) == []


def test_same_content_written_another_way_is_the_same_event() -> None:
    event = call(raw_usage={"a": 1, "b": 2})
    written = event.model_dump(mode="json")
    written["occurred_at"] = "2026-08-21T14:00:00+02:00"
    written["raw_usage"] = {"b": 2, "a": 1}
    del written["cached_input_tokens"]

    assert content_sha256(type(event).model_validate(written)) == content_sha256(event)


def test_content_hash_is_that_of_the_first_version() -> None:
    """Else events that are recorded already would be refused when they are sent again."""
    event = call(
        event_id="0198cd3a-9e00-7000-8000-000000000001",
        user_id="unknown",
        user_email="",
        profile_id="unknown",
        check_ids=["logo_use", "tone"],
        fill_percentage=87.5,
        tool_calls={"b": 1, "a": 2},
        raw_usage={"z": [{"b": 1.5, "a": None}], "a": "é"},
    )

    assert content_sha256(event).hex() == (
        "a8a2f40a62d6ede44f8c1e20f7d4d3a08d7e25b047a61bef32148939513b20fc"
    )


async def test_ids_of_checks_are_kept_whatever_they_hold(usage: Usage) -> None:
    odd = [
        '"quoted"',
        "back\\slash",
        "{a,b}",
        "a,b",
        "NULL",
        " ",
        "line\nbreak\ttab",
        "\\N",
        "品牌",
    ]
    await usage.send(call(check_ids=odd), call(check_ids=[], occurred_at=NOON + timedelta(1)))

    assert [entry["check_ids"] for entry in await _entries(usage)] == [odd, []]


async def test_batches_with_the_same_events_at_once_store_each_once(usage: Usage) -> None:
    events = [call() for _ in range(50)]

    answers = await asyncio.gather(*(usage.send(*events[i:], *events[:i]) for i in range(8)))

    assert [status for status, _ in answers] == [200] * 8
    assert sum(recorded["accepted"] for _, recorded in answers) == 50
    assert len(await _entries(usage)) == 50


async def test_of_two_batches_that_contradict_each_other_at_once_one_wins(usage: Usage) -> None:
    event_id = uuid7(NOON)
    versions = [call(event_id=event_id, output_tokens=tokens) for tokens in range(1, 9)]

    answers = await asyncio.gather(*(usage.send(version) for version in versions))

    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    assert len(await _entries(usage)) == 1


@pytest.mark.parametrize(
    ("again", "kept"),
    [({}, 1), ({"output_tokens": 188}, 0), ({"client_id": "loreal"}, 0)],
    ids=["same", "other content", "other client"],
)
async def test_event_that_another_process_is_adding_is_known_once_that_has_ended(
    usage: Usage, pool: Pool, again: dict[str, Any], kept: int
) -> None:
    first = call(output_tokens=187)
    await usage.send(call())  # which makes the month
    async with transaction(pool) as other_process:
        card = await RateCards(read_price_files()).current(other_process)
        row = priced(first, card, content_sha256(first)).row
        await add_rows(other_process, {"ledger_entry": [row]}, uuid7())
        reused = call(**{"event_id": first.event_id, "output_tokens": 187} | again)
        waiting = asyncio.create_task(usage.send(reused, call()))
        await asyncio.sleep(0.5)
        assert not waiting.done()

    status, answer = await waiting

    assert (status, answer.get("duplicates")) == ((200, 1) if kept else (409, None))
    assert len(await _entries(usage)) == 2 + kept


@pytest.mark.parametrize(
    "event_id",
    [uuid4(), uuid7(datetime(1999, 1, 1, tzinfo=UTC)), UUID(int=(1 << 128) - 1), UUID(int=0)],
    ids=str,
)
async def test_id_that_tells_no_month_is_taken_and_known_again(
    usage: Usage, event_id: UUID
) -> None:
    event = call(event_id=event_id)

    assert await usage.send(event) == (200, {"accepted": 1, "duplicates": 0})
    assert await usage.send(event) == (200, {"accepted": 0, "duplicates": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        {"unheard_of": 1},
        {"cached_input_tokens": 1_246},
        {"input_tokens": 1.5},
        {"occurred_at": "2026-08-21T12:00:00"},
        {"client_id": ""},
        {"client_id": "a\x00b"},
        {"raw_usage": {"note": "a\x00b"}},
        {"raw_usage": {"a\x00b": [{}]}},
        {"kind": "unheard_of"},
        {"outcome": "lucky"},
        {"event_id": "7"},
    ],
    ids=str,
)
async def test_event_that_breaks_a_rule_is_named_and_nothing_is_stored(
    usage: Usage, wrong: dict[str, Any]
) -> None:
    body = as_json(call(), call())
    body["events"][1] |= wrong

    status, problem = await usage.post("/v1/events", body, RECORDER)

    assert (status, problem["code"]) == (422, "bad_request_body")
    assert "events.1" in problem["detail"]
    assert await _entries(usage) == []


async def test_infinite_number_in_a_usage_block_is_refused(usage: Usage) -> None:
    body = as_json(call(raw_usage={"x": 1}))
    body["events"][0]["raw_usage"]["x"] = float("nan")

    assert (await usage.post("/v1/events", body, RECORDER))[0] == 422


async def test_empty_and_oversized_batches_are_refused(usage: Usage) -> None:
    body = as_json(call())

    assert (await usage.post("/v1/events", {"events": []}, RECORDER))[0] == 422
    body["events"] = body["events"] * 5_001
    assert (await usage.post("/v1/events", body, RECORDER))[0] == 422


async def test_largest_batch_is_taken(usage: Usage) -> None:
    raw = {"usage": {"details": ["x" * 20] * 40}}
    events = [call(raw_usage=raw) for _ in range(5_000)]

    assert await usage.send(*events) == (200, {"accepted": 5_000, "duplicates": 0})


async def test_sender_that_comes_as_the_writer_ends_is_served(usage: Usage, pool: Pool) -> None:
    recorder = Recorder(pool, RateCards(read_price_files()), writers=1)

    async with asyncio.timeout(20):
        for _ in range(3):
            assert (await recorder.record([call()])).accepted == 1


async def test_processes_do_not_wait_for_each_other_in_a_circle(usage: Usage, pool: Pool) -> None:
    """One changes a name in an analysis after its calls, another an address before its call."""
    cards = RateCards(read_price_files())
    await usage.send(call())

    async def keep_naming(number: int) -> None:
        recorder = Recorder(pool, cards)
        for name in range(5):
            calls = [call(user_email="") for _ in range(20)]
            await recorder.record([*calls, completed(user_email="", user_name=f"{number} {name}")])

    async def keep_addressing(number: int) -> None:
        recorder = Recorder(pool, cards)
        for name in range(5):
            await recorder.record([call(user_email=f"{number}{name}@agency.example")])

    await asyncio.gather(
        *(keep(number) for number in range(3) for keep in (keep_naming, keep_addressing))
    )

    assert len(await _entries(usage)) == 1 + 3 * 5 * 21


async def test_name_that_comes_late_is_better_than_none(usage: Usage) -> None:
    await usage.send(call(occurred_at=NOON + timedelta(hours=1), user_email="new@agency.example"))
    await usage.send(completed(user_name="Uma Berg"))

    [line] = (await usage.report())["by_user"].values()

    assert (line["name"], line["email"]) == ("Uma Berg", "new@agency.example")
