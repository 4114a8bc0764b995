"""Importing old logs into a real ledger: what they say is what the report says."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError

from libs.contracts.access import Action, Actor, Role
from libs.postgres import Connection
from services.usage import importing
from tests.factories import admin, service, user
from tests.usage.conftest import Usage
from tests.usage.factories import call

IMPORTER = service(Action.MANAGE_LEDGER)
DEEP = b'{"a":' * 5_000 + b"}" * 5_000


def _line(event: str = "analysis_complete", **given: Any) -> bytes:
    known = {
        "event": event,
        "timestamp": "2026-01-26T09:06:41",
        "client": "loreal",
        "profile": "loreal_key_visual",
        "user_email": "Marc.Dupont@agency.example",
        "checks_completed": 10,
        "estimated_cost_usd": 0.045,
    }
    return json.dumps(known | given).encode() + b"\n"


async def _send(usage: Usage, content: Any, query: Mapping[str, str], actor: Actor) -> Any:
    headers = {"Authorization": usage.trust.bearer("usage", actor)}
    async with usage.client.post(
        "/v1/imports", params={"file": "old.jsonl", **query}, data=content, headers=headers
    ) as response:
        return response.status, json.loads(await response.text(), parse_float=Decimal)


async def _import(usage: Usage, content: Any, **query: str) -> Any:
    status, imported = await _send(usage, content, query, IMPORTER)
    assert status == 200, imported
    told = sum(imported[name] for name in ("blank", "imported", "duplicates", "skipped"))
    assert imported["lines"] == told
    return imported


async def _report(usage: Usage, **filters: str) -> Any:
    """With every digit of each number."""
    headers = {"Authorization": usage.trust.bearer("usage", admin())}
    params = {"format": "json"} | filters
    async with usage.client.get("/v1/reports/usage", params=params, headers=headers) as response:
        assert response.status == 200
        return json.loads(await response.text(), parse_float=Decimal)


async def _import_logs(usage: Usage, shared_data: Path, backwards: bool = False) -> None:
    folder = shared_data / "legacy-logs" / "usage_logs"
    for path in sorted(folder.glob("*.jsonl"), reverse=backwards):
        content = path.read_bytes()
        if backwards:
            content = b"\n".join(reversed(content.split(b"\n")))
        await _import(usage, content, file=path.name)


def _expected(shared_data: Path, name: str) -> Any:
    return json.loads((shared_data / "legacy-logs" / name).read_text())


def _figures(report: Any) -> tuple[Any, ...]:
    names = ("analyses", "checks", "tokens", "prompt_tokens", "completion_tokens", "cost")
    return tuple(report[f"total_{name}"] for name in names)


def _due(row: Any) -> tuple[Any, ...]:
    names = ("analyses", "checks", "total_tokens", "prompt_tokens", "completion_tokens")
    return (*(row[name] for name in names), Decimal(row["cost_usd"]))


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
async def test_report_is_exactly_what_the_logs_say(
    usage: Usage, shared_data: Path, backwards: bool
) -> None:
    due = _expected(shared_data, "expected-totals.json")["deduplicated"]
    await _import_logs(usage, shared_data, backwards)

    report = await _report(usage)

    assert _figures(report) == _due(due["summary"])
    assert report["estimated_calls"] == due["summary"]["analyses_without_tokens"]
    assert round(report["average_score"], 6) == Decimal(due["summary"]["average_score"])
    assert {key: _of_line(line) for key, line in report["by_client"].items()} == {
        key: _due(row) for key, row in due["by_client"].items()
    }
    assert {key: line["users"] for key, line in report["by_client"].items()} == {
        key: row["unique_users"] for key, row in due["by_client"].items()
    }
    assert {key: _of_line(line) for key, line in report["by_user"].items()} == {
        key: _due(row) for key, row in due["by_user"].items()
    }
    for key, row in due["by_user"].items():
        line = report["by_user"][key]
        assert ([line["name"]], line["email"]) == (row["names"], key)
        assert (line["clients"]) == row["clients"]
        assert round(line["average_score"], 6) == Decimal(row["average_score"])
    assert {key: (line["count"], line["cost"]) for key, line in report["by_date"].items()} == {
        key: (row["analyses"], Decimal(row["cost_usd"])) for key, row in due["by_date"].items()
    }
    for key, row in due["by_profile"].items():
        line = report["by_profile"][key]
        assert (line["count"], line["total_checks"]) == (row["analyses"], row["checks"])
        assert line["clients"] == row["clients"]
    for key, row in due["by_provider"].items():
        assert report["by_provider"][key]["cost"] == Decimal(row["cost_usd_unrounded"])
    for dimension in ("by_client", "by_user", "by_date", "by_provider", "by_check", "by_model"):
        costs = [line["cost"] for line in report[dimension].values()]
        assert sum(costs) == report["total_cost"], dimension


def _of_line(line: Any) -> tuple[Any, ...]:
    names = ("count", "total_checks", "total_tokens", "prompt_tokens", "completion_tokens", "cost")
    return tuple(line[name] for name in names)


async def test_every_filter_gives_exactly_its_part(usage: Usage, shared_data: Path) -> None:
    due = _expected(shared_data, "expected-totals.json")["deduplicated"]
    await _import_logs(usage, shared_data)
    filters = [
        ({name: key}, row)
        for name, dimension in {
            "client": "by_client",
            "user": "by_user",
            "profile": "by_profile",
        }.items()
        for key, row in due[dimension].items()
    ]
    filters += [({"start_date": d, "end_date": d}, row) for d, row in due["by_date"].items()]
    filters += [({"user": key.swapcase()}, row) for key, row in due["by_user"].items()]

    for given, row in filters:
        assert _figures(await _report(usage, **given)) == _due(row), given
    for name, row in due["by_provider"].items():
        report = await _report(usage, provider=name)
        assert report["total_analyses"] == row["analyses"]
        assert report["total_tokens"] == row["total_tokens"]
        assert report["total_cost"] == Decimal(row["cost_usd_unrounded"])


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
async def test_user_is_found_by_the_id_that_only_some_lines_have(
    usage: Usage, shared_data: Path, backwards: bool
) -> None:
    due = _expected(shared_data, "expected-totals.json")["deduplicated"]["by_user"]
    await _import_logs(usage, shared_data, backwards)

    for user_id, email in {
        "u-1002": "Marc.Dupont@agency.example",
        "u-1007": "tom.k@agency.example",
    }.items():
        assert _figures(await _report(usage, user=user_id)) == _due(due[email])
        of_one_client = next(iter(due[email]["clients"]))
        report = await _report(usage, user=user_id, client=of_one_client)
        assert report["total_analyses"] == due[email]["clients"][of_one_client]


async def test_import_tells_what_it_did(usage: Usage, shared_data: Path) -> None:
    lines = _expected(shared_data, "expected-totals.json")["lines"]
    content = b"".join(
        path.read_bytes()
        for path in sorted((shared_data / "legacy-logs" / "usage_logs").glob("*.jsonl"))
    )

    told = await _import(usage, content)

    assert (told["skipped"], told["duplicates"]) == (
        lines["bad"],
        lines["repeated_analysis_complete"],
    )
    assert told["imported"] + told["duplicates"] == lines["objects"]
    assert told["kinds"] == {
        "check_execution": 317,
        "analysis_started": 56,
        "user_login": 55,
        "analysis_completed": 54,
        "access_request": 3,
        "access_change": 2,
    }
    assert (told["total_tokens"], Decimal(told["cost_usd"])) == (412_223, Decimal("2.0111"))
    assert (told["first_on"], told["last_on"]) == ("2026-01-26", "2026-02-04")
    assert told["skipped_lines"][0]["text"] == r"\x00\x01\x7f PNG rubbish"


async def test_importing_twice_changes_nothing(usage: Usage, tamper: Connection) -> None:
    log = _line() + _line("user_login") + _line("check_execution", check_name="logo")
    first = await _import(usage, log)
    before = await _count(tamper)

    again = await _import(usage, log.replace(b"\n", b"\r\n"), file="copy.jsonl")

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
    await _import(usage, _line(**session) + _line(**session, user_email="x@agency.example"))

    report = await _report(usage)

    assert (report["total_analyses"], report["total_cost"]) == (2, Decimal("0.09"))


async def test_erased_person_does_not_come_back_with_the_same_log(usage: Usage) -> None:
    log = _line() + _line("user_login")
    await _import(usage, log)
    body = {"user": "Marc.Dupont@agency.example"}
    status, _ = await usage.post("/v1/people/erase", body, IMPORTER)
    assert status == 200

    await _import(usage, log)

    assert "Dupont" not in json.dumps(await usage.report())


async def test_dry_run_tells_the_same_and_writes_nothing(
    usage: Usage, tamper: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    log = _line() + _line("user_login") + b"rubbish\n\n" + _line()
    dry = await _import(usage, log, dry_run="true")
    written = await _count(tamper)

    wet = await _import(usage, log)
    over = await _import(usage, log, dry_run="true")

    assert dry == wet | {"dry_run": True}
    assert written[0] == written[1] == 0
    assert (over["imported"], over["duplicates"], over["skipped"]) == (0, 3, 1)


async def test_two_imports_at_once_count_each_line_once(
    usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 20)
    log = b"".join(
        _line(overall_score=n % 100, session_id=str(n), client=f"c{n % 7}") for n in range(400)
    )

    both = await asyncio.gather(*(_import(usage, log) for _ in range(3)))

    assert sum(told["imported"] for told in both) == 400
    assert sum(told["duplicates"] for told in both) == 800
    assert (await _report(usage))["total_cost"] == Decimal("18")


async def test_import_that_broke_off_is_done_again_and_nothing_doubles(
    usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 10)
    lines = [_line(session_id=str(n)) for n in range(100)]

    async def breaking() -> AsyncIterator[bytes]:
        for line in lines[:50]:
            yield line
            await asyncio.sleep(0.002)
        raise ConnectionError("the sender died")

    with pytest.raises(ClientError):
        await _send(usage, breaking(), {}, IMPORTER)
    half = (await _report(usage))["total_analyses"]
    told = await _import(usage, b"".join(lines))

    assert 0 < half <= 50
    assert told["imported"] == 100 - told["duplicates"]
    assert (await _report(usage))["total_cost"] == Decimal("4.5")


async def test_corrupt_lines_are_named_up_to_a_hundred_and_all_counted(usage: Usage) -> None:
    log = b"\xef\xbb\xbf" + _line() + b"not json\n" * 150 + DEEP + b"\n" + _line("lunch")[:-1]

    told = await _import(usage, log)

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
        yield b'"}\n' + _line()

    told = await _import(usage, endless())

    assert (told["imported"], told["reasons"]) == (1, {"longer than 1,048,576 bytes": 1})
    assert len(told["skipped_lines"][0]["text"]) == 80


async def test_empty_log_is_no_mistake(usage: Usage) -> None:
    assert (await _import(usage, b""))["lines"] == 0


async def test_report_equals_usage_json(
    usage: Usage, shared_data: Path, tamper: Connection
) -> None:
    due = _expected(shared_data, "expected-usage-json.json")
    content = (shared_data / "legacy-logs" / "logs" / "usage.json").read_bytes()

    told = await _import(usage, content, kind="usage_json", file="usage.json")
    again = await _import(usage, content, kind="usage_json", file="usage.json")
    report = await _report(usage)

    assert told["kinds"] == {"daily_usage": due["rows"], "daily_tool_usage": 23}
    for name in ("fill_percentage_by_llm_model", "fill_percentage_by_pydantic_model"):
        assert told["left_out"][name].keys() == due[name].keys()
    assert (again["imported"], again["duplicates"]) == (0, told["imported"])
    names = {"anthropic": "Anthropic", "google": "Gemini", "openai": "OpenAI"}
    by_service = {names[key]: row for key, row in due["by_service"].items()}
    for dimension, rows in (
        ("by_model", due["by_model"]),
        ("by_check", due["by_pydantic_model_name"]),
    ):
        for key, row in rows.items():
            assert report[dimension][key]["calls"] == row["requests"]
            assert _tokens(report[dimension][key]) == _row(row), key
    for key, row in by_service.items():
        assert _tokens(report["by_provider"][key]) == _row(row)
    for key, row in due["by_day"].items():
        day = await _report(usage, start_date=key, end_date=key)
        assert (day["total_calls"], day["total_tokens"]) == (row["requests"], row["total_tokens"])
        assert day["total_cost"] == Decimal(row["cost"])
    tools = await tamper.fetch(
        """
        SELECT tool, sum(times::int) AS calls
          FROM usage.ledger_entry, jsonb_each_text(tool_calls) AS called(tool, times) GROUP BY 1
        """
    )
    assert {row["tool"]: row["calls"] for row in tools} == due["tool_calls"]


def _tokens(line: Any) -> tuple[Any, ...]:
    names = ("total_tokens", "prompt_tokens", "completion_tokens", "cost")
    return tuple(line[name] for name in names)


def _row(row: Any) -> tuple[Any, ...]:
    return row["total_tokens"], row["input_tokens"], row["output_tokens"], Decimal(row["cost"])


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
    await _import(usage, _usage_json(), kind="usage_json")

    told = await _import(usage, _usage_json(requests=2, cost=0.02), kind="usage_json")

    assert told["reasons"] == {"imported before with other figures": 1}
    assert told["skipped_lines"][0]["place"] == "daily_usage[0]"
    assert (await _report(usage))["total_cost"] == Decimal("0.01")


@pytest.mark.parametrize("logs_first", [True, False])
async def test_days_of_the_other_tracker_are_refused_unless_allowed(
    usage: Usage, logs_first: bool
) -> None:
    logs: tuple[Any, dict[str, str]] = (_line(), {})
    sums: tuple[Any, dict[str, str]] = (_usage_json(), {"kind": "usage_json"})
    (first, of_first), (second, of_second) = (logs, sums) if logs_first else (sums, logs)
    await usage.send(call())
    await _import(usage, first, **of_first)

    status, refused = await _send(usage, second, of_second, IMPORTER)
    allowed = await _import(usage, second, **of_second, allow_overlap="true")

    assert (status, refused["code"]) == (409, "trackers_overlap")
    assert "2026-01-26 of old.jsonl" in refused["detail"]
    assert "--allow-overlap" in refused["detail"]
    assert allowed["imported"] == 1


async def test_other_days_and_other_events_do_not_overlap(usage: Usage) -> None:
    await _import(usage, _usage_json(), kind="usage_json")

    told = await _import(usage, _line("user_login") + _line(timestamp="2026-01-27T00:00:00"))

    assert told["imported"] == 2


async def test_file_that_is_no_usage_json_is_refused_in_words(usage: Usage) -> None:
    status, refused = await _send(
        usage, b"[]", {"kind": "usage_json", "file": "usage.json"}, IMPORTER
    )

    assert (status, refused["code"]) == (422, "bad_usage_json")
    assert refused["detail"].startswith("usage.json is no usage.json: JSON, but has no list")


async def test_usage_json_has_a_limit(usage: Usage) -> None:
    async def much() -> AsyncIterator[bytes]:
        for _ in range(33):
            yield b" " * (1 << 20)

    status, refused = await _send(usage, much(), {"kind": "usage_json"}, IMPORTER)

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
    assert (await _send(usage, _line(), {}, actor))[0] == status
