"""The queue: who is next, who works on what, and how many may wait.

The queue and the state of an analysis are one row. Leases follow the database's clock alone.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from libs.postgres import Connection, Pool, Record, transaction
from libs.problems import TooMany
from services.qc import metrics
from services.qc.domain.room import Waiting, room_for
from services.qc.repository import COLUMNS


async def claim(
    db: Connection, lease: UUID, now: datetime, lease_for: timedelta, takes_over: bool = True
) -> Record | None:
    """Take and count the next that nobody works on; unless it `takes_over`, that nobody began.

    It is the oldest of the client with the fewest at work; of those whose last one was started
    first: nobody waits behind another's whole campaign, however many workers there are.
    """
    return await db.fetchrow(
        f"""
        WITH turn AS MATERIALIZED (
            SELECT client_id,
                   count(*) FILTER (
                       WHERE state = 'running' AND lease_until >= clock_timestamp()) AS running,
                   (SELECT max(started_at) FROM analysis a
                     WHERE a.client_id = line.client_id) AS last
              FROM analysis AS line WHERE state IN ('queued', 'running')
             GROUP BY client_id)
        UPDATE analysis SET state = 'running', lease = $1, claims = claims + 1,
                            lease_until = clock_timestamp() + $2::interval,
                            started_at = coalesce(started_at, $3)
         WHERE (client_id, analysis_id) = (
               SELECT a.client_id, a.analysis_id FROM analysis a JOIN turn USING (client_id)
                WHERE a.state = 'queued'
                   OR ($4 AND a.state = 'running' AND a.lease_until < clock_timestamp())
                ORDER BY turn.running, turn.last NULLS FIRST, a.created_at
                LIMIT 1
                  FOR UPDATE OF a SKIP LOCKED)
        RETURNING {COLUMNS}
        """,
        lease,
        lease_for,
        now,
        takes_over,
    )


async def extend_leases(db: Connection, leases: Sequence[UUID], lease_for: timedelta) -> set[UUID]:
    """Prolong the leases that still stand; return them."""
    rows = await db.fetch(
        """
        UPDATE analysis SET lease_until = clock_timestamp() + $2::interval
         WHERE lease = ANY($1::uuid[]) AND state = 'running'
        RETURNING lease
        """,
        list(leases),
        lease_for,
    )
    return {row["lease"] for row in rows}


async def give_back(db: Connection, leases: Sequence[UUID]) -> None:
    """End leases early, so that the next worker need not wait for them to run out.

    The claim does not count: its worker was told to stop, the analysis did not kill it.
    """
    await db.execute(
        """
        UPDATE analysis SET lease_until = clock_timestamp(), claims = claims - 1
         WHERE lease = ANY($1::uuid[]) AND state = 'running'
        """,
        list(leases),
    )


async def fail(db: Connection, lease: UUID, reason: str, at: datetime) -> None:
    """End an analysis of which no more is known than its lease."""
    await db.execute(
        """
        UPDATE analysis SET state = 'failed', reason = $2, finished_at = $3, lease_until = NULL
         WHERE lease = $1 AND state = 'running'
        """,
        lease,
        reason,
        at,
    )


async def cancelled(db: Connection, let_go: Sequence[UUID]) -> list[Record]:
    """Cancelled analyses whose calls are not settled yet, and whose worker has let go of them:
    it says so, or its lease has run out.
    """
    return await db.fetch(
        f"""
        SELECT {COLUMNS} FROM analysis
         WHERE state = 'cancelled' AND lease_until IS NOT NULL
           AND (lease_until < clock_timestamp() OR lease = ANY($1::uuid[]))
         LIMIT 100
        """,
        list(let_go),
    )


async def forget_lease(db: Connection, lease: UUID) -> None:
    """The calls of a cancelled analysis are settled: nothing is left to do for it."""
    await db.execute(
        "UPDATE analysis SET lease_until = NULL WHERE lease = $1 AND state = 'cancelled'", lease
    )


@dataclass(frozen=True, slots=True)
class Queue:
    """The end of the queue: how many may wait, in all and of one client.

    In one process exact; of several, each may let one in that the others have not seen.
    """

    pool: Pool
    most: int
    most_of_client: int
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refuse_when_full(self, client_id: str | None = None) -> None:
        """Raises TooMany, with the time after which there may be room."""
        async with transaction(self.pool) as db:
            [row] = await db.fetch(
                """
                SELECT count(*) AS all_waiting,
                       extract(epoch FROM now() - min(created_at)) AS oldest_s,
                       count(*) FILTER (WHERE client_id = $1) AS of_client,
                       extract(epoch FROM now() - min(created_at) FILTER (WHERE client_id = $1))
                           AS oldest_of_client_s
                  FROM analysis WHERE state = 'queued'
                """,
                client_id,
            )
        metrics.ANALYSES_QUEUED.set(row["all_waiting"])
        whole = Waiting(row["all_waiting"], float(row["oldest_s"] or 0))
        own = Waiting(row["of_client"], float(row["oldest_of_client_s"] or 0))
        _refuse(room_for(whole, self.most), f"{whole.count} analyses wait already")
        _refuse(
            room_for(own, self.most_of_client), f"{own.count} analyses of {client_id} wait already"
        )

    @asynccontextmanager
    async def room(self, client_id: str) -> AsyncIterator[None]:
        """Room for one more of the client, while it is written. Raises TooMany."""
        async with self._one_at_a_time:
            await self.refuse_when_full(client_id)
            yield


def _refuse(retry_after_s: int | None, why: str) -> None:
    if retry_after_s is not None:
        metrics.QUEUE_REFUSALS.inc()
        raise TooMany("queue_full", f"{why}: try again in {retry_after_s} s.", retry_after_s)
