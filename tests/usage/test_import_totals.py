"""Old logs in a real ledger: what they say is what the report says, to the last digit."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from libs.postgres import Connection
from tests.usage.conftest import Usage
from tests.usage.old_logs import import_log, report_of


async def _import_logs(usage: Usage, shared_data: Path, backwards: bool = False) -> None:
    folder = shared_data / "legacy-logs" / "usage_logs"
    for path in sorted(folder.glob("*.jsonl"), reverse=backwards):
        content = path.read_bytes()
        if backwards:
            content = b"\n".join(reversed(content.split(b"\n")))
        await import_log(usage, content, file=path.name)


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

    report = await report_of(usage)

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
        assert _figures(await report_of(usage, **given)) == _due(row), given
    for name, row in due["by_provider"].items():
        report = await report_of(usage, provider=name)
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
        assert _figures(await report_of(usage, user=user_id)) == _due(due[email])
        of_one_client = next(iter(due[email]["clients"]))
        report = await report_of(usage, user=user_id, client=of_one_client)
        assert report["total_analyses"] == due[email]["clients"][of_one_client]


async def test_import_tells_what_it_did(usage: Usage, shared_data: Path) -> None:
    lines = _expected(shared_data, "expected-totals.json")["lines"]
    content = b"".join(
        path.read_bytes()
        for path in sorted((shared_data / "legacy-logs" / "usage_logs").glob("*.jsonl"))
    )

    told = await import_log(usage, content)

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


async def test_report_equals_usage_json(
    usage: Usage, shared_data: Path, tamper: Connection
) -> None:
    due = _expected(shared_data, "expected-usage-json.json")
    content = (shared_data / "legacy-logs" / "logs" / "usage.json").read_bytes()

    told = await import_log(usage, content, kind="usage_json", file="usage.json")
    again = await import_log(usage, content, kind="usage_json", file="usage.json")
    report = await report_of(usage)

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
        day = await report_of(usage, start_date=key, end_date=key)
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
