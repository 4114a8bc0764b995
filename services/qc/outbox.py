"""Usage events on their way to the ledger.

An event is written in the transaction of what it tells of, and sent until the ledger has it.
The ledger applies each id once, so sending twice is harmless. What the ledger will never
take is kept, with the reason.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError

from libs import telemetry
from libs.api.usage import UsageApi
from libs.contracts.usage import UsageEvent
from libs.metrics import OUTBOX_SENT
from libs.postgres import Connection, Pool, Record, insist, transaction
from libs.problems import BadRequest, Conflict, Invalid, Problem, TooLarge, UpstreamFailed

log = structlog.get_logger()
EVENT: TypeAdapter[UsageEvent] = TypeAdapter(UsageEvent)
BATCH = 500
POLL_S = 1.0
LONGEST_WAIT_S = 10.0
NO_REPLY = "no_reply"
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
    """Whether the ledger has yet to hear something of the analysis.

    That a reviewer changed its score is no news of what it cost.
    """
    waiting: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT FROM outbox
                        WHERE client_id = $1 AND analysis_id = $2
                          AND delivered_at IS NULL AND refused IS NULL
                          AND (event ->> 'kind' <> 'analysis_completed' OR NOT EXISTS (
                               SELECT FROM check_override
                                WHERE client_id = $1 AND analysis_id = $2)))
        """,
        client_id,
        analysis_id,
    )
    return waiting


def _tell_of(error: Exception, retry_s: float) -> None:
    if isinstance(error, Problem):
        log.warning("usage events wait", reason=error.detail, retry_s=retry_s)
    else:
        log.error("usage events wait", retry_s=retry_s, exc_info=error)


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
        await insist(self._try_refused_again)
        wait_s = POLL_S
        while True:
            self._news.clear()
            try:
                sent = await self.send_batch()
            except Exception as error:
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                _tell_of(error, wait_s)
                # Not until the next event: that does not bring the ledger back.
                await asyncio.sleep(wait_s)
                continue
            wait_s = POLL_S
            if sent < BATCH:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), POLL_S)

    async def _try_refused_again(self) -> None:
        """Once a start: what one version of the ledger refused, the next may take."""
        async with transaction(self._pool) as db:
            await db.execute("UPDATE outbox SET refused = NULL WHERE refused IS NOT NULL")

    async def send_batch(self) -> int:
        """Send up to a batch; return how many rows were dealt with."""
        async with transaction(self._pool) as db:
            rows = await db.fetch(
                """
                SELECT o.event_id, o.analysis_id, o.event, a.request_id
                  FROM outbox o
                  LEFT JOIN analysis a USING (client_id, analysis_id)
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
        events = [event for row in rows if (event := await self._readable(row))]
        delivered = await self._deliver(events) if events else []
        if events and not delivered:
            raise UpstreamFailed("ledger_refuses", "The ledger takes none of these events.")
        # Before the rows are marked: what fails here is simply sent again.
        for analysis_id in {row["analysis_id"] for row in rows}:
            await self._learn_costs(analysis_id)
        await self._mark([event.event_id for event in delivered])
        return len(rows)

    async def _readable(self, row: Record) -> UsageEvent | None:
        """The event, or None after putting aside one that this version cannot read."""
        try:
            return EVENT.validate_python(row["event"])
        except ValidationError as error:
            log.error("unreadable usage event", event_id=str(row["event_id"]), why=str(error))
            await self._mark([row["event_id"]], refused="unreadable")
            return None

    async def _deliver(self, events: Sequence[UsageEvent]) -> list[UsageEvent]:
        """Send; return the events that the ledger has now.

        When it does not take them all, halves are tried, so that one bad event holds
        up no other. Raises UpstreamFailed when the ledger is away.
        """
        try:
            await self._usage.record(events)
        except (*NEVER, UpstreamFailed) as error:
            if error.code == NO_REPLY:
                raise
            if len(events) == 1:
                await self._put_aside(events[0], error)
                return []
            half = len(events) // 2
            return await self._deliver(events[:half]) + await self._deliver(events[half:])
        OUTBOX_SENT.labels("delivered").inc(len(events))
        return list(events)

    async def _put_aside(self, event: UsageEvent, error: Problem) -> None:
        """What the ledger will never take is kept with the reason; its own fault is waited out."""
        log.error("usage event refused", event_id=str(event.event_id), why=error.detail)
        if isinstance(error, NEVER):
            OUTBOX_SENT.labels("refused").inc()
            await self._mark([event.event_id], refused=error.detail)

    async def _mark(self, event_ids: Sequence[UUID], refused: str | None = None) -> None:
        async with transaction(self._pool) as db:
            await db.execute(
                """
                UPDATE outbox SET refused = $2::text,
                                  delivered_at = CASE WHEN $2::text IS NULL THEN now() END
                 WHERE event_id = ANY($1::uuid[])
                """,
                list(event_ids),
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
