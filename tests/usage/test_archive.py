"""A month leaves the database only when its files are proven to hold it; reports stay the same."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from libs.contracts.access import Action, Role
from libs.contracts.usage import UsageEvent
from libs.ids import uuid7
from libs.postgres import Connection, Pool, transaction
from services.usage import rollups
from services.usage.archived import Archives, ArchiveStore
from services.usage.settings import UsageSettings
from tests.factories import service, user
from tests.usage.conftest import Usage
from tests.usage.factories import call, completed

ADMIN = service(Action.MANAGE_LEDGER)
OLD = datetime(2025, 3, 31, 12, tzinfo=UTC)
FILTERS: list[dict[str, str]] = [
    {},
    {"client": "loreal"},
    {"user": "uma"},
    {"profile": "diageo_key_visual"},
    {"check": "claim"},
    {"provider": "openai"},
    {"model": "gpt-4o"},
    {"start_date": "2025-03-31", "end_date": "2025-04-01"},
    {"start_date": "2025-04-01", "user": "uma"},
]


def _events() -> list[UsageEvent]:
    """Of two old months and of one that is not; one call stands on another month's day."""
    over_midnight = OLD.replace(hour=23, minute=59, second=59)
    return [
        call(occurred_at=OLD, check_ids=["logo", "claim"], tool_calls={"zoom": 2}),
        call(occurred_at=OLD, client_id="loreal", user_id="max", raw_usage={"a": [1, "ö", None]}),
        call(occurred_at=OLD, model_requested="nobody-knows", fallback_of=uuid7(OLD)),
        call(occurred_at=OLD, outcome="timed_out", usage_source="unknown", fill_percentage=12.5),
        call(occurred_at=over_midnight, event_id=uuid7(over_midnight + timedelta(seconds=2))),
        completed(occurred_at=OLD, analysis_id=uuid7(OLD)),
        call(occurred_at=OLD + timedelta(days=10)),
        call(occurred_at=datetime.now(UTC)),
    ]


async def _archive(usage: Usage, days: int = 400) -> Any:
    status, archived = await usage.post("/v1/ledger/archives", {"older_than_days": days}, ADMIN)
    assert status == 200, archived
    return archived["months"]


async def _restore(usage: Usage, month: str) -> tuple[int, Any]:
    return await usage.post("/v1/ledger/archives/restore", {"month": month}, ADMIN)


async def _reports(usage: Usage) -> list[Any]:
    reports = [await usage.report(**filters) for filters in FILTERS]
    for report in reports:
        del report["generated_at"]
    return reports


async def _proof(usage: Usage) -> tuple[Any, Any]:
    _, proof = await usage.get("/v1/ledger/proof", ADMIN, {"rollups": "true"})
    return proof["chain_faults"], proof["rollup_faults"]


async def _count(pool: Pool) -> int:
    async with transaction(pool) as db:
        count: int = await db.fetchval("SELECT count(*) FROM ledger_entry")
        return count


async def test_archived_months_are_in_every_report_as_before(usage: Usage, pool: Pool) -> None:
    await usage.send(*_events())
    before = await _reports(usage)

    moved = await _archive(usage)

    assert [(one["month"], one["entries"]) for one in moved] == [
        ("2025-03-01", 4),
        ("2025-04-01", 2),
    ]
    assert await _count(pool) == 1
    assert await _reports(usage) == before
    assert await _proof(usage) == ([], [])
    assert await _archive(usage) == []


@pytest.mark.parametrize("filters", FILTERS[3:], ids=str)
async def test_nobody_sees_archived_entries_of_foreign_clients(
    usage: Usage, filters: dict[str, str]
) -> None:
    await usage.send(*_events())
    await _archive(usage)
    mine = user(clients={"diageo": Role.CLIENT_ADMIN})

    _, report = await usage.get("/v1/reports/usage", mine, filters | {"format": "json"})

    assert set(report["by_client"]) <= {"diageo"}
    _, of_none = await usage.get("/v1/reports/usage", user(clients={}), filters)
    assert "diageo" not in str(of_none).lower()


async def test_restored_month_is_as_it_was(usage: Usage, tamper: Connection) -> None:
    await usage.send(*_events())
    before, rows = await _reports(usage), await _rows(tamper)
    await _archive(usage)

    status, back = await _restore(usage, "2025-03")

    assert (status, back["entries"]) == (200, 4)
    await _restore(usage, "2025-04")
    assert await _rows(tamper) == rows
    assert await _reports(usage) == before
    assert await _proof(usage) == ([], [])
    assert (await _restore(usage, "2025-03"))[0] == 404
    assert len(await _archive(usage)) == 2


async def test_archived_call_of_the_day_before_counts_its_analysis(usage: Usage) -> None:
    midnight = datetime(2025, 4, 1, tzinfo=UTC)
    analysis_id = uuid7(midnight)
    await usage.send(
        call(occurred_at=midnight - timedelta(minutes=1), analysis_id=analysis_id),
        completed(occurred_at=midnight + timedelta(minutes=1), analysis_id=analysis_id),
    )
    filters = {"start_date": "2025-04-01", "model": "gpt-4o"}
    before = await usage.report(**filters)

    await _archive(usage)

    after = await usage.report(**filters)
    assert (before["total_analyses"], after["total_analyses"]) == (1, 1)
    assert (before["total_calls"], after["total_calls"]) == (0, 0)


async def _rows(tamper: Connection) -> list[str]:
    rows = await tamper.fetch(
        "SELECT ledger_entry::text AS row FROM ledger_entry ORDER BY client_id, event_id"
    )
    return [row["row"] for row in rows]


async def test_files_sum_to_what_the_manifest_says(usage: Usage, settings: UsageSettings) -> None:
    await usage.send(*_events())
    [march, _] = await _archive(usage)

    [file] = _files(settings, "2025-03")
    costs = pq.read_table(file).column("cost_usd").to_pylist()

    assert sum(Decimal(cost or 0) for cost in costs) == Decimal(march["cost_usd"])


def _files(settings: UsageSettings, month: str) -> list[Path]:
    assert settings.archive_url
    return sorted(Path(settings.archive_url.removeprefix("file://"), month).glob("*.parquet"))


async def test_event_of_an_archived_month_is_refused_and_not_counted_twice(usage: Usage) -> None:
    """Whether it is new cannot be told without the entries that left."""
    events = _events()
    await usage.send(*events)
    await _archive(usage)

    status, problem = await usage.send(events[0])

    assert (status, problem["code"]) == (409, "month_archived")
    assert "aiqc archive --restore 2025-03" in problem["detail"]
    await _restore(usage, "2025-03")
    assert await usage.send(events[0]) == (200, {"accepted": 0, "duplicates": 1})


async def test_late_call_on_a_day_whose_month_is_archived_is_added_to_it(
    usage: Usage, pool: Pool, settings: UsageSettings
) -> None:
    """The id is of a month that is here, the day is of one that is not."""
    await usage.send(*_events())
    await _archive(usage)
    assert settings.archive_url
    before = await usage.report()

    await usage.send(call(occurred_at=OLD, event_id=uuid7()))

    behind = await usage.report()
    status, proof = await usage.get("/v1/ledger/proof", ADMIN, {"rollups": "true"})
    assert (status, proof["rollup_faults"]) == (200, [])
    while await rollups.refresh(pool, Archives(ArchiveStore(settings.archive_url))):
        pass
    fresh = await usage.report()
    assert behind["total_calls"] == fresh["total_calls"] == before["total_calls"] + 1
    assert behind["by_date"] == fresh["by_date"]
    assert await _proof(usage) == ([], [])


async def test_month_may_cost_more_than_a_call(usage: Usage, tamper: Connection) -> None:
    await tamper.execute(
        """
        INSERT INTO price (price_id, provider, model, service_tier, above_input_tokens,
            effective_from, input_usd, output_usd, source_url, checked_on)
        VALUES ('dear', 'openai', 'dear', 'standard', 0, '2024-01-01 00:00+00', 900, 900,
            'https://prices.example', '2026-11-01')
        """
    )
    many = [call(occurred_at=OLD, model_requested="dear", input_tokens=10**9) for _ in range(2)]
    await usage.send(*many)

    [march] = await _archive(usage)

    assert Decimal(march["cost_usd"]) > 1_800_000


@pytest.mark.parametrize("damage", ["changed", "gone"])
async def test_archive_that_was_damaged_is_said_and_never_summed(
    usage: Usage, settings: UsageSettings, damage: str
) -> None:
    await usage.send(*_events())
    whole = await usage.report()
    await _archive(usage)
    [file] = _files(settings, "2025-03")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1] + b"!")

    status, problem = await usage.get("/v1/reports/usage", params={"user": "uma"})

    assert (status, problem["code"]) == (
        503,
        "archive_away" if damage == "gone" else "archive_changed",
    )
    assert (await _restore(usage, "2025-03"))[0] == 503
    assert (await usage.report())["total_cost"] == whole["total_cost"]  # by the roll-ups


async def test_month_whose_chain_is_broken_stays(
    usage: Usage, pool: Pool, tamper: Connection
) -> None:
    await usage.send(*_events())
    await tamper.execute("UPDATE ledger_entry SET provider = 'x' WHERE day = '2025-04-10'")

    status, problem = await usage.post("/v1/ledger/archives", {"older_than_days": 400}, ADMIN)

    assert (status, problem["code"]) == (409, "chain_broken")
    async with transaction(pool) as db:
        assert await db.fetchval("SELECT count(*) FROM ledger_entry WHERE day = '2025-04-10'") == 1


async def test_senders_and_archivers_at_once_lose_and_double_nothing(
    usage: Usage, pool: Pool
) -> None:
    sent = [call(occurred_at=OLD + timedelta(seconds=n)) for n in range(60)]

    async def send(event: UsageEvent) -> int:
        return (await usage.send(event))[0]

    async def archive() -> int:
        return (await usage.post("/v1/ledger/archives", {"older_than_days": 400}, ADMIN))[0]

    await usage.send(*sent[:10])
    statuses = await asyncio.gather(
        *(send(event) for event in sent), *(archive() for _ in range(4))
    )
    stored = sum(status == 200 for status in statuses[10:60])

    assert set(statuses) <= {200, 409}
    assert (await usage.report(user="uma"))["total_calls"] == 10 + stored
    assert await _proof(usage) == ([], [])


async def test_rerate_of_archived_days_says_to_restore_them(usage: Usage) -> None:
    await usage.send(*_events())
    await _archive(usage)
    request = {"first_on": "2025-01-01", "reason": "a test"}

    status, problem = await usage.post("/v1/ledger/rerates", request, ADMIN)
    later, _ = await usage.post("/v1/ledger/rerates", request | {"first_on": "2025-06-01"}, ADMIN)

    assert (status, problem["code"], later) == (409, "month_archived", 200)


async def test_without_an_archive_nothing_is_archived(pool: Pool) -> None:
    with pytest.raises(Exception, match="USAGE_ARCHIVE_URL"):
        Archives(None).known()


@pytest.mark.parametrize("month", ["0000-01", "２０２５-01", "2025-13", "2025-1"])
async def test_month_of_no_calendar_is_refused(usage: Usage, month: str) -> None:
    asked = await usage.get("/v1/ledger/proof", ADMIN, {"month": month})
    brought = await usage.post("/v1/ledger/archives/restore", {"month": month}, ADMIN)

    assert (asked[0], brought[0]) == (422, 422)
