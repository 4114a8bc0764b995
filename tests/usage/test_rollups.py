"""Roll-ups are a function of the entries, whatever happened in between and whoever summed."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from libs.contracts.access import Action
from libs.contracts.usage import UsageEvent
from libs.ids import uuid7
from libs.postgres import Connection, Pool, transaction
from libs.problems import Unavailable
from services.usage import rollups
from services.usage.archived import Archives, ArchiveStore
from services.usage.settings import UsageSettings
from services.usage.sums import ROLLUPS
from tests.factories import service
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call, completed

ADMIN = service(Action.MANAGE_LEDGER)


def some_events(count: int, seed: int = 3) -> list[UsageEvent]:
    draw = random.Random(seed)
    return [
        call(
            occurred_at=(at := NOON + timedelta(hours=draw.randrange(72))),
            client_id=draw.choice(["diageo", "loreal"]),
            user_id=draw.choice(["uma", "max", "unknown"]),
            provider=draw.choice(["openai", "nobody"]),
            check_ids=draw.sample(["logo", "claim", "tone"], draw.randrange(4)),
            input_tokens=draw.randrange(1, 9_999),
            output_tokens=draw.randrange(9_999),
            outcome=draw.choice(["succeeded", "timed_out"]),
            usage_source=draw.choice(["actual", "estimated", "unknown"]),
            fallback_of=draw.choice([None, uuid7()]),
            fill_percentage=draw.choice([None, 12.5, 100.0]),
            tool_calls=draw.choice([{}, {"search": 2, "zoom": 1}]),
        )
        if number % 4
        else completed(
            occurred_at=(at := NOON + timedelta(hours=draw.randrange(72))),
            analysis_id=uuid7(at),
            verdict=draw.choice(["pass", "fail", "incomplete", None]),
            duration_ms=draw.choice([None, 900]),
        )
        for number in range(count)
    ]


async def _refresh(pool: Pool) -> None:
    while await rollups.refresh(pool, Archives(None)):
        pass


async def _faults(usage: Usage) -> Any:
    status, proof = await usage.get("/v1/ledger/proof", ADMIN, {"rollups": "true"})
    assert status == 200, proof
    return proof


async def test_roll_ups_are_the_sums_of_their_entries(usage: Usage, pool: Pool) -> None:
    await usage.send(*some_events(200))
    await _refresh(pool)
    await usage.send(*some_events(50, seed=4))
    await _refresh(pool)

    proof = await _faults(usage)

    assert (proof["rollup_faults"], proof["behind"]) == ([], 0)
    async with transaction(pool) as db:
        for rollup in ROLLUPS:
            assert await db.fetchval(f"SELECT count(*) FROM {rollup}"), f"{rollup} is empty"


async def test_report_is_the_same_from_roll_ups_from_rows_and_from_both(
    usage: Usage, pool: Pool
) -> None:
    events = some_events(120)
    await usage.send(*events[:60])
    await _refresh(pool)
    await usage.send(*events[60:])
    mixed = await usage.report()
    await _refresh(pool)
    fresh = await usage.report()
    async with transaction(pool) as db:
        await db.execute(
            """INSERT INTO dirty_day SELECT DISTINCT client_id, day, gen_random_uuid()
                 FROM ledger_entry"""
        )
    rows = await usage.report()

    for report in (mixed, fresh, rows):
        del report["generated_at"]
    assert mixed == fresh == rows


@pytest.mark.parametrize("rollup", ROLLUPS)
async def test_roll_up_that_was_changed_is_named(
    usage: Usage, pool: Pool, tamper: Connection, rollup: str
) -> None:
    await usage.send(*some_events(40))
    await _refresh(pool)
    figure = "analyses" if rollup == "analysis_day" else "calls"
    [row] = await tamper.fetch(
        f"""UPDATE {rollup} SET {figure} = {figure} + 1
             WHERE ctid = (SELECT min(ctid) FROM {rollup}) RETURNING client_id, day"""
    )

    faults = (await _faults(usage))["rollup_faults"]

    assert faults == [
        {"rollup": rollup, "client_id": row["client_id"], "day": row["day"].isoformat()}
    ]


async def test_completion_that_comes_again_moves_its_analysis(usage: Usage, pool: Pool) -> None:
    analysis_id = uuid7(NOON)
    tomorrow = NOON + timedelta(days=1)
    await usage.send(completed(analysis_id=analysis_id, overall_score=10))
    await _refresh(pool)
    await usage.send(completed(analysis_id=analysis_id, overall_score=90, occurred_at=tomorrow))
    await _refresh(pool)

    report = await usage.report()

    assert {day: line["count"] for day, line in report["by_date"].items()} == {"2026-08-22": 1}
    assert report["average_score"] == 90
    assert (await _faults(usage))["rollup_faults"] == []


async def test_names_of_every_length_that_is_taken_can_be_summed(usage: Usage, pool: Pool) -> None:
    draw = random.Random(7)

    def name(characters: int) -> str:
        return "".join(chr(draw.randrange(0x20000, 0x2A000)) for _ in range(characters))

    names = ("client_id", "user_id", "profile_id", "provider", "model_requested")
    longest = call(**{given: name(150) for given in names}, check_ids=[name(150)])
    assert (await usage.send(longest))[0] == 200
    await _refresh(pool)

    assert (await _faults(usage))["rollup_faults"] == []
    for given in names:
        with pytest.raises(ValueError, match="600 bytes"):
            call(**{given: name(151)})


@pytest.fixture
def calls() -> Iterator[UsageEvent]:
    return iter(call(input_tokens=1 + n, output_tokens=0) for n in range(10_000))


async def test_nothing_is_missed_by_refreshers_that_race_with_senders(
    usage: Usage, pool: Pool, calls: Iterator[UsageEvent]
) -> None:
    """A mark taken away too early would leave a roll-up behind for ever."""
    stop = asyncio.Event()

    async def keep_refreshing() -> None:
        while not stop.is_set():
            await rollups.refresh(pool, Archives(None), at_most=1)

    refreshers = [asyncio.create_task(keep_refreshing()) for _ in range(3)]
    for _ in range(15):
        await asyncio.gather(*(usage.send(next(calls), next(calls)) for _ in range(4)))
    stop.set()
    await asyncio.gather(*refreshers)
    await _refresh(pool)

    async with transaction(pool) as db:
        [summed] = await db.fetch("SELECT sum(calls) AS calls, sum(cost_usd) AS usd FROM model_day")
    assert summed["calls"] == 120
    assert summed["usd"] == sum(range(1, 121)) * Decimal("0.0000025")


async def test_archive_that_is_away_holds_up_its_own_days_only(
    usage: Usage, pool: Pool, settings: UsageSettings
) -> None:
    old = datetime(2025, 3, 31, 12, tzinfo=UTC)
    await usage.send(call(occurred_at=old))
    await usage.post("/v1/ledger/archives", {"older_than_days": 400}, ADMIN)
    assert settings.archive_url
    _lose(settings.archive_url, "2025-03")
    await usage.send(call(occurred_at=old, event_id=uuid7()), call(client_id="unilever"))
    archives = Archives(ArchiveStore(settings.archive_url))

    with pytest.raises(Unavailable, match="bring it back"):
        while await rollups.refresh(pool, archives):
            pass
    while await rollups.refresh(pool, archives, live_only=True):
        pass

    async with transaction(pool) as db:
        behind = await db.fetch("SELECT DISTINCT client_id, day FROM dirty_day")
    assert [(row["client_id"], row["day"]) for row in behind] == [("diageo", old.date())]


def _lose(archive_url: str, month: str) -> None:
    [file] = Path(archive_url.removeprefix("file://")).glob(f"{month}/*.parquet")
    file.unlink()
