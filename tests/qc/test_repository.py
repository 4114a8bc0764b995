"""Leases, results and progress in the database."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from deploy.database import Dsns
from libs.contracts.qc import CheckResult, ProgressEvent
from libs.postgres import Pool, transaction
from services.qc import queue, repository
from services.qc.domain.scoring import Judgement
from services.qc.repository import AnalysisRow, LeaseLost
from tests.qc.factories import NOON, claimed, queued

LATER = timedelta(seconds=11)


async def row_of(pool: Pool) -> AnalysisRow:
    await queued(pool)
    row = await claimed(pool)
    assert row is not None
    return row


async def test_oldest_analysis_is_claimed_first_and_once(pool: Pool) -> None:
    second = await queued(pool, at=NOON + timedelta(seconds=1))
    first = await queued(pool, at=NOON)

    claims = [await claimed(pool) for _ in range(3)]

    assert [claim and claim.analysis_id for claim in claims] == [first, second, None]


async def test_of_many_workers_each_gets_its_own(pool: Pool) -> None:
    ids = {await queued(pool) for _ in range(6)}

    claims = await asyncio.gather(*(claimed(pool) for _ in range(8)))

    taken = [claim.analysis_id for claim in claims if claim]
    assert (len(taken), set(taken)) == (6, ids)


async def test_lease_that_ran_out_is_taken_over_and_counted(pool: Pool) -> None:
    row = await row_of(pool)

    assert await claimed(pool, timedelta(seconds=9)) is None
    again = await claimed(pool, LATER)

    assert again is not None
    assert (again.analysis_id, again.claims) == (row.analysis_id, 2)


async def test_prolonged_lease_is_not_taken_over(pool: Pool) -> None:
    row = await row_of(pool)
    assert row.lease
    async with transaction(pool) as db:
        held = await queue.extend_leases(db, [row.lease], timedelta(seconds=30))

    assert held == {row.lease}
    assert await claimed(pool, LATER) is None


@pytest.mark.parametrize("off", [timedelta(days=-1), timedelta(days=1)])
async def test_clock_of_a_worker_that_is_a_day_off_moves_no_lease(
    pool: Pool, off: timedelta
) -> None:
    await queued(pool)
    wrong = datetime.now(UTC) + off
    async with transaction(pool) as db:
        row = await queue.claim(db, uuid4(), wrong, timedelta(seconds=10))
    async with transaction(pool) as db:
        early = await queue.claim(db, uuid4(), wrong, timedelta(seconds=10))

    assert row is not None and early is None
    assert await claimed(pool, LATER), "and nobody waits for a day"


async def test_late_worker_can_write_nothing(pool: Pool) -> None:
    late = await row_of(pool)
    assert await claimed(pool, LATER)

    with pytest.raises(LeaseLost):
        async with transaction(pool, ["diageo"]) as db:
            await repository.hold(db, late)
    async with transaction(pool) as db:
        assert late.lease
        assert await queue.extend_leases(db, [late.lease], LATER) == set()


async def test_check_has_one_result(pool: Pool) -> None:
    row = await row_of(pool)
    first = CheckResult(check_id="file_weight", state="passed", score=90)
    async with transaction(pool, ["diageo"]) as db:
        await repository.add_results(db, row, [first])
        other = first.model_copy(update={"score": 10.0})
        await repository.add_results(db, row, [other])
        assert await repository.results(db, "diageo", row.analysis_id) == [first]


async def test_ended_analysis_is_not_claimed_again(pool: Pool) -> None:
    row = await row_of(pool)
    async with transaction(pool, ["diageo"]) as db:
        await repository.finish(db, row, Judgement("pass", 90, 100), None, NOON)

    assert await claimed(pool, LATER) is None


async def test_progress_has_no_gap_even_when_written_at_once(pool: Pool) -> None:
    row = await row_of(pool)

    async def add() -> None:
        event = ProgressEvent(seq=0, kind="check_started", at=NOON)
        async with transaction(pool, ["diageo"]) as db:
            await repository.add_progress(db, "diageo", [event, event], row.analysis_id)

    await asyncio.gather(*(add() for _ in range(20)))

    async with transaction(pool, ["diageo"]) as db:
        events = await repository.progress_after(db, "diageo", row.analysis_id, 5)
    assert [event.seq for event in events] == list(range(6, 41))


async def test_analysis_of_another_client_is_not_seen(pool: Pool) -> None:
    analysis_id = await queued(pool, "loreal")

    async with transaction(pool, ["diageo"]) as db:
        assert await repository.analysis(db, analysis_id) is None
    async with transaction(pool, ["loreal"]) as db:
        assert await repository.analysis(db, analysis_id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE check_result SET result = '{}'",
        "DELETE FROM check_result",
        "DELETE FROM attempt",
        "UPDATE attempt SET provider = 'other'",
        "DELETE FROM outbox",
        "UPDATE outbox SET event = '{}'",
        "UPDATE progress SET seq = 7",
        "UPDATE analysis SET profile = '{}'",
        "UPDATE analysis SET client_id = 'loreal'",
        "DELETE FROM analysis",
        "CREATE TABLE mine (x int)",
        "TRUNCATE progress",
    ],
)
async def test_service_cannot_rewrite_what_happened(
    pool: Pool, dsns: Mapping[str, Dsns], statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pool) as db:
            await db.execute(statement)
