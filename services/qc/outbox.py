"""Usage events on their way to the ledger.

An event is written in the transaction of what it tells of, and sent until the ledger has it.
The ledger applies each id once, so sending twice is harmless. What the ledger will never
take is kept, with the reason.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import structlog
from pydantic import TypeAdapter

from libs import telemetry
from libs.api.usage import UsageApi
from libs.contracts.usage import UsageEvent
from libs.postgres import Connection, Pool, transaction
from libs.problems import BadRequest, Conflict, Invalid, Problem, TooLarge
from libs.telemetry import OUTBOX_SENT

log = structlog.get_logger()
EVENT: TypeAdapter[UsageEvent] = TypeAdapter(UsageEvent)
BATCH = 500
POLL_S = 1.0
LONGEST_WAIT_S = 10.0
NEVER = (BadRequest, Conflict, Invalid, TooLarge)
"""Answers that will be the same tomorrow."""


async def enqueue(db: Connection, analysis_id: UUID, event: UsageEvent) -> None:
    await db.execute(
        """
        INSERT INTO outbox (client_id, event_id, analysis_id, event, created_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        event.client_id,
        event.event_id,
        analysis_id,
        event.model_dump(mode="json"),
        datetime.now(UTC),
    )


async def is_waiting(db: Connection, client_id: str, analysis_id: UUID) -> bool:
    """Whether the ledger has yet to hear something of the analysis."""
    waiting: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT FROM outbox
                        WHERE client_id = $1 AND analysis_id = $2
                          AND delivered_at IS NULL AND refused IS NULL)
        """,
        client_id,
        analysis_id,
    )
    return waiting


class Outbox:
    """Sends what waits, oldest first, and learns what each call cost."""

    def __init__(self, pool: Pool, usage: UsageApi) -> None:
        self._pool = pool
        self._usage = usage
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Something was enqueued: do not wait for the next poll."""
        self._news.set()

    async def run(self) -> None:
        """Send for ever; wait longer after each failure, up to ten seconds."""
        wait_s = POLL_S
        while True:
            try:
                sent = await self.send_batch()
                wait_s = 0.0 if sent == BATCH else POLL_S
            except Problem as error:
                wait_s = min(max(wait_s, POLL_S) * 2, LONGEST_WAIT_S)
                log.warning("usage events wait", reason=error.detail, retry_s=wait_s)
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), wait_s)
            except TimeoutError:
                continue

    async def send_batch(self) -> int:
        """Send up to a batch; return how many rows were dealt with."""
        async with transaction(self._pool) as db:
            rows = await db.fetch(
                """
                SELECT o.event_id, o.analysis_id, o.event, a.request_id
                  FROM outbox o
                  JOIN analysis a USING (client_id, analysis_id)
                 WHERE o.delivered_at IS NULL AND o.refused IS NULL
                 ORDER BY o.event_id
                 LIMIT $1
                """,
                BATCH,
            )
        if not rows:
            return 0
        of_requests = {row["request_id"] for row in rows}
        telemetry.begin_request(of_requests.pop() if len(of_requests) == 1 else None)
        delivered = await self._deliver([EVENT.validate_python(row["event"]) for row in rows])
        # Before the rows are marked: what fails here is simply sent again.
        for analysis_id in {row["analysis_id"] for row in rows}:
            await self._learn_costs(analysis_id)
        await self._mark(delivered)
        return len(rows)

    async def _deliver(self, events: Sequence[UsageEvent]) -> list[UsageEvent]:
        """Send; return the events that the ledger has now."""
        try:
            await self._usage.record(events)
        except NEVER as error:
            if len(events) == 1:
                log.error("usage event refused", event_id=str(events[0].event_id), why=error.detail)
                OUTBOX_SENT.labels("refused").inc()
                await self._mark(events, refused=error.detail)
                return []
            half = len(events) // 2  # find the one that is refused; the others are fine
            return await self._deliver(events[:half]) + await self._deliver(events[half:])
        OUTBOX_SENT.labels("delivered").inc(len(events))
        return list(events)

    async def _mark(self, events: Sequence[UsageEvent], refused: str | None = None) -> None:
        async with transaction(self._pool) as db:
            await db.execute(
                """
                UPDATE outbox SET refused = $2::text,
                                  delivered_at = CASE WHEN $2::text IS NULL THEN now() END
                 WHERE event_id = ANY($1::uuid[])
                """,
                [event.event_id for event in events],
                refused,
            )

    async def _learn_costs(self, analysis_id: UUID) -> None:
        """Keep the ledger's cost beside each attempt, so that a result can be shown alone."""
        entries = (await self._usage.entries_of(analysis_id)).entries
        costs: dict[UUID, Decimal] = {
            entry.event_id: entry.cost_usd for entry in entries if entry.cost_usd is not None
        }
        if not costs:
            return
        async with transaction(self._pool) as db:
            await db.execute(
                """
                UPDATE attempt SET cost_usd = told.cost_usd
                  FROM unnest($1::uuid[], $2::numeric[]) AS told (attempt_id, cost_usd)
                 WHERE attempt.attempt_id = told.attempt_id
                   AND attempt.cost_usd IS DISTINCT FROM told.cost_usd
                """,
                list(costs),
                list(costs.values()),
            )
