"""Who is next, and when the queue is full."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from libs.postgres import Pool, transaction
from libs.problems import TooMany
from services.qc import repository
from services.qc.domain.scoring import Judgement
from services.qc.queue import Queue
from services.qc.repository import AnalysisRow
from tests.qc.factories import NOON, claimed, queued

LATER = timedelta(seconds=11)


async def several(pool: Pool, client_id: str, count: int, after_s: int = 0) -> list[UUID]:
    return [
        await queued(pool, client_id, NOON + timedelta(seconds=after_s + n)) for n in range(count)
    ]


async def next_client(pool: Pool) -> str:
    row = await claimed(pool)
    assert row
    return row.client_id


async def end(pool: Pool, row: AnalysisRow) -> None:
    async with transaction(pool, [row.client_id]) as db:
        await repository.finish(db, row, Judgement("pass", 90, 100), None, NOON)


async def test_client_with_one_does_not_wait_behind_a_client_with_many(pool: Pool) -> None:
    await several(pool, "diageo", 10)
    await several(pool, "loreal", 1, after_s=100)

    assert [await next_client(pool) for _ in range(3)] == ["diageo", "loreal", "diageo"]


async def test_clients_that_all_want_much_get_the_same(pool: Pool) -> None:
    for number, client_id in enumerate(("diageo", "loreal", "boots")):
        await several(pool, client_id, 5 - number, after_s=number * 100)

    order = [await next_client(pool) for _ in range(9)]

    assert Counter(order) == {"diageo": 3, "loreal": 3, "boots": 3}


async def test_a_single_worker_takes_clients_in_turns(pool: Pool) -> None:
    await several(pool, "diageo", 6)
    await several(pool, "loreal", 3, after_s=100)
    order: list[str] = []
    for _ in range(6):
        row = await claimed_later(pool, len(order))
        order.append(row.client_id)
        await end(pool, row)

    assert order == ["diageo", "loreal"] * 3


async def claimed_later(pool: Pool, step: int) -> AnalysisRow:
    """Each claim has a time of its own, as it has outside of a test."""
    row = await claimed(pool)
    assert row
    async with transaction(pool) as db:
        await db.execute(
            "UPDATE analysis SET started_at = $2 WHERE analysis_id = $1",
            row.analysis_id,
            NOON + timedelta(minutes=step),
        )
    return row


async def test_within_a_client_the_oldest_is_first(pool: Pool) -> None:
    ids = await several(pool, "diageo", 4)

    claims = [await claimed(pool) for _ in ids]

    assert [claim and claim.analysis_id for claim in claims] == ids


async def test_what_a_dead_worker_holds_is_not_counted_against_its_client(pool: Pool) -> None:
    await several(pool, "diageo", 3)
    await several(pool, "loreal", 1, after_s=100)
    for _ in range(2):
        assert await claimed(pool)

    again = await claimed(pool, LATER)

    assert again and again.claims == 2


async def test_of_a_crowd_exactly_as_many_pass_as_there_is_room_for(pool: Pool) -> None:
    queue = Queue(pool, most=100, most_of_client=5)

    async def one() -> None:
        async with queue.room("diageo"):
            await queued(pool)

    outcomes = await asyncio.gather(*(one() for _ in range(20)), return_exceptions=True)

    refused = [outcome for outcome in outcomes if isinstance(outcome, TooMany)]
    assert outcomes.count(None) == 5
    assert len(refused) == 15
    assert all(problem.code == "queue_full" for problem in refused)
    assert all(1 <= (problem.retry_after_s or 0) <= 60 for problem in refused)


async def test_full_client_leaves_the_others_their_room(pool: Pool) -> None:
    queue = Queue(pool, most=100, most_of_client=2)
    await several(pool, "diageo", 2)

    with pytest.raises(TooMany, match="of diageo"):
        await queue.refuse_when_full("diageo")
    await queue.refuse_when_full("loreal")
    await queue.refuse_when_full()


async def test_full_queue_is_full_for_everybody(pool: Pool) -> None:
    queue = Queue(pool, most=3, most_of_client=2)
    await several(pool, "diageo", 2)
    await several(pool, "loreal", 1)

    with pytest.raises(TooMany, match="3 analyses wait"):
        await queue.refuse_when_full()
    assert await claimed(pool)
    await queue.refuse_when_full("boots")


async def test_claim_reads_the_queue_and_not_what_has_ended(pool: Pool) -> None:
    await several(pool, "diageo", 3)
    async with transaction(pool) as db:
        await db.execute(
            """
            INSERT INTO analysis (client_id, analysis_id, state, verdict, user_id, user_name,
                                  user_email, request_id, profile_id, profile_version, profile,
                                  creative, created_at, started_at, finished_at)
            SELECT 'client_' || n % 20, gen_random_uuid(), 'done', 'pass', '', '', '', '', 'p', 1,
                   '{}', '{}', now(), now(), now()
              FROM generate_series(1, 20000) AS n
            """
        )
        await db.execute("SET LOCAL enable_seqscan = off")
        began = asyncio.get_running_loop().time()
        plan = await db.fetch(
            """
            EXPLAIN (ANALYZE, COSTS off)
            SELECT DISTINCT client_id, (SELECT max(started_at) FROM analysis a
                                         WHERE a.client_id = waiting.client_id)
              FROM analysis AS waiting WHERE state IN ('queued', 'running')
            """
        )
        took_s = asyncio.get_running_loop().time() - began
    text = "\n".join(row[0] for row in plan)

    assert "analysis_waiting" in text and "analysis_started" in text, text
    assert took_s < 0.5
