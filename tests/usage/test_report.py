"""The report adds up: its totals are the sum of the entries, to the last digit, in every form."""

import asyncio
import csv
import io
import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.usage import UsageEvent
from libs.ids import uuid7
from tests.factories import admin
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call, completed

MODELS = ("gpt-4o", "gpt-4.1-nano", "gemini-2.5-pro", "nobody-knows")


async def _report(usage: Usage, **filters: str) -> dict[str, Any]:
    """The JSON report with its numbers as they are written."""
    headers = {"Authorization": usage.trust.bearer("usage", admin())}
    params = {"format": "json"} | filters
    async with usage.client.get("/v1/reports/usage", params=params, headers=headers) as response:
        assert response.status == 200
        report: dict[str, Any] = json.loads(await response.text(), parse_float=Decimal)
        return report


async def _entries(usage: Usage) -> list[dict[str, Any]]:
    _, page = await usage.get("/v1/entries", params={"limit": "5000"})
    entries: list[dict[str, Any]] = page["entries"]
    return entries


def _random_calls(count: int) -> list[UsageEvent]:
    chance = random.Random(7)
    checks = ["logo", "claim", "contrast", "=spelling"]
    return [
        call(
            occurred_at=NOON + timedelta(hours=chance.randrange(96)),
            client_id=chance.choice(["diageo", "loreal", "unilever"]),
            user_id=chance.choice(["uma", "max"]),
            provider="google" if (model := chance.choice(MODELS)).startswith("gem") else "openai",
            model_requested=model,
            check_ids=chance.sample(checks, chance.randrange(4)),
            input_tokens=(tokens := chance.randrange(1, 300_000)),
            cached_input_tokens=chance.randrange(tokens),
            output_tokens=(made := chance.randrange(1, 9_999)),
            reasoning_tokens=chance.randrange(made),
            outcome=chance.choice(["succeeded", "succeeded", "failed", "timed_out"]),
            usage_source=chance.choice(["actual", "estimated", "unknown"]),
        )
        for _ in range(count)
    ]


async def test_totals_equal_the_sum_of_the_entries_in_every_dimension_and_form(
    usage: Usage,
) -> None:
    await usage.send(*_random_calls(300))
    entries = await _entries(usage)
    cost = sum((Decimal(entry["cost_usd"] or 0) for entry in entries), Decimal(0)).normalize()
    tokens = sum(entry["total_tokens"] for entry in entries if entry["state"] != "unknown")
    ceiling = sum(Decimal(entry["cost_ceiling_usd"] or 0) for entry in entries)

    report = await _report(usage)
    _, text = await usage.get("/v1/reports/usage")
    _, table = await usage.get("/v1/reports/usage", params={"format": "csv"})

    assert (report["total_cost"], report["total_tokens"]) == (cost, tokens)
    assert report["unknown_cost_ceiling"] == ceiling
    for dimension in ("by_client", "by_user", "by_date", "by_provider", "by_check", "by_model"):
        assert sum(line["cost"] for line in report[dimension].values()) == cost, dimension
    for dimension in ("by_client", "by_user", "by_provider", "by_check", "by_model"):
        lines = report[dimension].values()
        for kind in ("total", "prompt", "completion"):
            whole = report[f"total_{kind}_tokens" if kind != "total" else "total_tokens"]
            assert sum(line[f"{kind}_tokens"] for line in lines) == whole, (dimension, kind)
    assert ["Total Cost", format(cost, "f")] in csv.reader(io.StringIO(table))
    assert f"${cost:,f}" in text
    assert report["unpriced_calls"] == sum(entry["state"] == "unpriced" for entry in entries)
    assert report["unknown_calls"] == sum(entry["state"] == "unknown" for entry in entries)


async def test_cost_of_a_grouped_call_is_split_by_check_without_a_rest(usage: Usage) -> None:
    await usage.send(
        call(check_ids=["a", "b", "c"], input_tokens=1, output_tokens=1),
        call(check_ids=[], input_tokens=0, output_tokens=1),
    )

    report = await _report(usage)

    assert report["total_cost"] == Decimal("0.0000225")
    assert {key: line["cost"] for key, line in report["by_check"].items()} == {
        "unknown": Decimal("0.00001"),
        "a": Decimal("0.000004166666666668"),
        "b": Decimal("0.000004166666666666"),
        "c": Decimal("0.000004166666666666"),
    }
    assert [report["by_check"][check]["total_tokens"] for check in "abc"] == [1, 1, 0]


async def test_analysis_counts_once_and_averages_are_over_analyses(usage: Usage) -> None:
    analysis_id, other = uuid7(NOON), uuid7(NOON)
    await usage.send(
        *(call(analysis_id=analysis_id) for _ in range(3)),
        completed(analysis_id=analysis_id, overall_score=10, checks_completed=1),
        completed(
            analysis_id=analysis_id,
            overall_score=80,
            checks_completed=11,
            occurred_at=NOON + timedelta(minutes=1),
        ),
        completed(analysis_id=other, overall_score=None, checks_completed=0, user_id="max"),
    )

    report = await _report(usage)

    assert (report["total_analyses"], report["total_checks"]) == (2, 11)
    assert report["average_checks_per_analysis"] == Decimal("5.5")
    assert report["average_cost_per_analysis"] == Decimal("0.00747375")
    assert report["average_tokens_per_analysis"] == 3 * 1_432 / 2
    assert report["by_client"]["diageo"] == {
        "count": 2,
        "total_checks": 11,
        "users": 2,
        "average_score": 80,
        "total_tokens": 3 * 1_432,
        "prompt_tokens": 3 * 1_245,
        "completion_tokens": 3 * 187,
        "cost": Decimal("0.0149475"),
        "profiles": {"diageo_key_visual": 2},
    }


async def test_each_dimension_has_the_keys_that_scripts_read(usage: Usage) -> None:
    await usage.send(call(), completed(overall_score=80))

    report = await _report(usage)

    assert report["by_profile"] == {
        "diageo_key_visual": {
            "count": 1,
            "total_checks": 11,
            "average_score": 80,
            "clients": ["diageo"],
        }
    }
    assert report["by_date"] == {"2026-08-21": {"count": 1, "cost": Decimal("0.0049825")}}
    tokens = {"total_tokens": 1_432, "prompt_tokens": 1_245, "completion_tokens": 187}
    spent = tokens | {"cost": Decimal("0.0049825")}
    assert report["by_provider"] == {"OpenAI": spent}
    assert report["by_model"] == {"gpt-4o": {"calls": 1} | spent}
    assert report["by_check"] == {"logo": {"calls": 1} | spent}
    assert report["by_user"] == {
        "uma": {
            "name": "Uma Berg",
            "email": "uma@agency.example",
            "count": 1,
            "total_checks": 11,
            "average_score": 80,
            "clients": {"diageo": 1},
        }
        | spent
    }


async def test_days_are_inclusive_utc_days(usage: Usage) -> None:
    midnight = datetime(2026, 2, 28, tzinfo=UTC)
    for at in (
        midnight - timedelta(microseconds=1),
        midnight,
        midnight + timedelta(days=1, microseconds=-1),
        midnight + timedelta(days=1),
    ):
        await usage.send(call(occurred_at=at))

    async def days(**filters: str) -> list[str]:
        return list((await _report(usage, **filters))["by_date"])

    assert await days(start_date="2026-02-28", end_date="2026-02-28") == ["2026-02-28"]
    assert await days(start_date="2026-02-28", end_date="2026-02-31") == ["2026-02-28"]
    assert await days(end_date="2026-02-27") == ["2026-02-27"]
    assert await days(start_date="2026-03-01") == ["2026-03-01"]
    assert len(await days()) == 3


async def test_last_days_end_today(usage: Usage) -> None:
    now = datetime.now(UTC)
    await usage.send(call(occurred_at=now), call(occurred_at=now - timedelta(days=1)))

    assert (await _report(usage, last_days="1"))["total_calls"] == 1
    assert (await _report(usage, last_days="2"))["total_calls"] == 2


@pytest.mark.parametrize(
    "filters",
    [
        {"client": "loreal"},
        {"user": "max"},
        {"user": "MAX@agency.example"},
        {"profile": "loreal_key_visual"},
        {"check": "claim"},
        {"provider": "Gemini"},
        {"provider": "google"},
        {"model": "gemini-2.5-pro"},
    ],
    ids=str,
)
async def test_every_filter_narrows_calls_and_analyses(
    usage: Usage, filters: dict[str, str]
) -> None:
    others, wanted = uuid7(NOON), uuid7(NOON)
    mine: dict[str, Any] = {
        "client_id": "loreal",
        "user_id": "max",
        "user_email": "Max@agency.example",
        "profile_id": "loreal_key_visual",
        "analysis_id": wanted,
    }
    google = {"provider": "google", "model_requested": "gemini-2.5-pro", "check_ids": ["claim"]}
    await usage.send(
        call(analysis_id=others),
        completed(analysis_id=others),
        call(**mine | google),
        completed(**mine),
    )

    report = await _report(usage, **filters)

    assert (report["total_calls"], report["total_analyses"]) == (1, 1)
    assert list(report["by_client"]) == ["loreal"]
    assert list(report["by_provider"]) == ["Gemini"]


async def test_nothing_to_report_is_said_in_words_and_is_valid_json(usage: Usage) -> None:
    assert await usage.get("/v1/reports/usage") == (200, "No usage data found\n")
    report = await _report(usage)

    assert (report["total_cost"], report["by_client"]) == (0, {})
    assert report["period"] == {"start_date": None, "end_date": None}


async def test_sections_agree_while_events_arrive(usage: Usage) -> None:
    """One moment for all sections: else a busy ledger gives a report that does not add up."""
    stop = asyncio.Event()

    async def keep_sending() -> None:
        while not stop.is_set():
            await usage.send(call(), completed())

    sending = asyncio.create_task(keep_sending())
    for _ in range(10):
        report = await _report(usage)
        assert report["by_check"].get("logo", {"cost": 0})["cost"] == report["total_cost"]
        assert report["total_calls"] == report["total_analyses"]
    stop.set()
    await sending
