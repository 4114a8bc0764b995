"""Importing old logs: each line once, none left out without a word, whatever happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientError

from libs.contracts.access import Action, Actor, Role
from libs.postgres import Connection
from services.usage import importing
from tests.factories import admin, service, user
from tests.usage.conftest import Usage
from tests.usage.factories import call
from tests.usage.old_logs import IMPORTER, import_log, line, report_of, send

DEEP = b'{"a":' * 5_000 + b"}" * 5_000


async def test_importing_twice_changes_nothing(usage: Usage, tamper: Connection) -> None:
    log = line() + line("user_login") + line("check_execution", check_name="logo")
    first = await import_log(usage, log)
    before = await _count(tamper)

    again = await import_log(usage, log.replace(b"\n", b"\r\n"), file="copy.jsonl")

    assert (first["imported"], again["imported"], again["duplicates"]) == (3, 0, 3)
    assert (again["entries"], again["cost_usd"]) == (0, "0")
    assert await _count(tamper) == before


async def _count(db: Connection) -> Any:
    return await db.fetchrow(
        """
        SELECT (SELECT count(*) FROM usage.ledger_entry), (SELECT count(*) FROM usage.usage_event),
               (SELECT count(*) FROM usage.ledger_block), (SELECT count(*) FROM usage.person),
               (SELECT sum(cost_usd) FROM usage.ledger_entry)
        """
    )


async def test_lines_that_differ_count_though_their_session_is_the_same(usage: Usage) -> None:
    session = {"session_id": "20260126_090641"}
    await import_log(usage, line(**session) + line(**session, user_email="x@agency.example"))

    report = await report_of(usage)

    assert (report["total_analyses"], report["total_cost"]) == (2, Decimal("0.09"))


async def test_erased_person_does_not_come_back_with_the_same_log(usage: Usage) -> None:
    log = line() + line("user_login")
    await import_log(usage, log)
    body = {"user": "Marc.Dupont@agency.example"}
    status, _ = await usage.post("/v1/people/erase", body, IMPORTER)
    assert status == 200

    await import_log(usage, log)

    assert "Dupont" not in json.dumps(await usage.report())


async def test_dry_run_tells_the_same_and_writes_nothing(
    usage: Usage, tamper: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    log = line() + line("user_login") + b"rubbish\n\n" + line()
    dry = await import_log(usage, log, dry_run="true")
    written = await _count(tamper)

    wet = await import_log(usage, log)
    over = await import_log(usage, log, dry_run="true")

    assert dry == wet | {"dry_run": True}
    assert written[0] == written[1] == 0
    assert (over["imported"], over["duplicates"], over["skipped"]) == (0, 3, 1)


async def test_two_imports_at_once_count_each_line_once(
    usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 20)
    log = b"".join(
        line(overall_score=n % 100, session_id=str(n), client=f"c{n % 7}") for n in range(400)
    )

    both = await asyncio.gather(*(import_log(usage, log) for _ in range(3)))

    assert sum(told["imported"] for told in both) == 400
    assert sum(told["duplicates"] for told in both) == 800
    assert (await report_of(usage))["total_cost"] == Decimal("18")


async def test_import_that_broke_off_is_done_again_and_nothing_doubles(
    usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 10)
    lines = [line(session_id=str(n)) for n in range(100)]

    async def breaking() -> AsyncIterator[bytes]:
        for written in lines[:50]:
            yield written
            await asyncio.sleep(0.002)
        while not (await report_of(usage))["total_analyses"]:
            await asyncio.sleep(0.01)
        raise ConnectionError("the sender died")

    with pytest.raises(ClientError):
        await send(usage, breaking(), {}, IMPORTER)
    half = (await report_of(usage))["total_analyses"]
    told = await import_log(usage, b"".join(lines))

    assert 0 < half <= 50
    assert told["imported"] == 100 - told["duplicates"]
    assert (await report_of(usage))["total_cost"] == Decimal("4.5")


async def test_corrupt_lines_are_named_up_to_a_hundred_and_all_counted(usage: Usage) -> None:
    log = b"\xef\xbb\xbf" + line() + b"not json\n" * 150 + DEEP + b"\n" + line("lunch")[:-1]

    told = await import_log(usage, log)

    assert (told["imported"], told["skipped"]) == (1, 152)
    assert told["reasons"] == {"not JSON": 151, "unknown event": 1}
    assert len(told["skipped_lines"]) == 100
    assert told["skipped_lines"][0] == {
        "file": "old.jsonl",
        "place": "2",
        "reason": "not JSON",
        "detail": "expected ident at line 1 column 2",
        "text": "not json",
    }


async def test_line_of_fifty_megabytes_is_skipped_and_the_next_one_counts(usage: Usage) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"event": "'
        for _ in range(200):
            yield b"x" * (1 << 18)
        yield b'"}\n' + line()

    told = await import_log(usage, endless())

    assert (told["imported"], told["reasons"]) == (1, {"longer than 1,048,576 bytes": 1})
    assert len(told["skipped_lines"][0]["text"]) == 80


async def test_empty_log_is_no_mistake(usage: Usage) -> None:
    assert (await import_log(usage, b""))["lines"] == 0


USAGE_ROW = {
    "day": "2026-01-26",
    "model": "gpt-4o",
    "service": "openai",
    "pydantic_model_name": "LogoModel",
    "requests": 1,
    "cost": 0.01,
}


def _usage_json(**given: Any) -> bytes:
    return json.dumps({"daily_usage": [USAGE_ROW | given]}).encode()


async def test_row_that_grew_since_is_named_and_not_counted_twice(usage: Usage) -> None:
    await import_log(usage, _usage_json(), kind="usage_json")

    told = await import_log(usage, _usage_json(requests=2, cost=0.02), kind="usage_json")

    assert told["reasons"] == {"imported before with other figures": 1}
    assert told["skipped_lines"][0]["place"] == "daily_usage[0]"
    assert (await report_of(usage))["total_cost"] == Decimal("0.01")


@pytest.mark.parametrize("logs_first", [True, False])
async def test_days_of_the_other_tracker_are_refused_unless_allowed(
    usage: Usage, logs_first: bool
) -> None:
    logs: tuple[Any, dict[str, str]] = (line(), {})
    sums: tuple[Any, dict[str, str]] = (_usage_json(), {"kind": "usage_json"})
    (first, of_first), (second, of_second) = (logs, sums) if logs_first else (sums, logs)
    await usage.send(call())
    await import_log(usage, first, **of_first)

    status, refused = await send(usage, second, of_second, IMPORTER)
    allowed = await import_log(usage, second, **of_second, allow_overlap="true")

    assert (status, refused["code"]) == (409, "trackers_overlap")
    assert "2026-01-26 of old.jsonl" in refused["detail"]
    assert "--allow-overlap" in refused["detail"]
    assert allowed["imported"] == 1


async def test_other_days_and_other_events_do_not_overlap(usage: Usage) -> None:
    await import_log(usage, _usage_json(), kind="usage_json")

    told = await import_log(usage, line("user_login") + line(timestamp="2026-01-27T00:00:00"))

    assert told["imported"] == 2


async def test_file_that_is_no_usage_json_is_refused_in_words(usage: Usage) -> None:
    status, refused = await send(
        usage, b"[]", {"kind": "usage_json", "file": "usage.json"}, IMPORTER
    )

    assert (status, refused["code"]) == (422, "bad_usage_json")
    assert refused["detail"].startswith("usage.json is no usage.json: JSON, but has no list")


async def test_usage_json_has_a_limit(usage: Usage) -> None:
    async def much() -> AsyncIterator[bytes]:
        for _ in range(33):
            yield b" " * (1 << 20)

    status, refused = await send(usage, much(), {"kind": "usage_json"}, IMPORTER)

    assert (status, refused["code"]) == (413, "usage_json_too_large")


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (admin(), 200),
        (service(Action.MANAGE_LEDGER), 200),
        (service(Action.RECORD_USAGE), 403),
        (user(clients={"loreal": Role.CLIENT_ADMIN}), 403),
    ],
    ids=["admin", "service", "another service", "client admin"],
)
async def test_only_admins_import(usage: Usage, actor: Actor, status: int) -> None:
    assert (await send(usage, line(), {}, actor))[0] == status
