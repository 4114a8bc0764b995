"""Usage events on their way to a real ledger."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiohttp import ClientSession

from deploy.database import Dsns
from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.contracts.access import Action
from libs.contracts.usage import AnalysisStarted
from libs.ids import uuid7
from libs.postgres import Pool, transaction
from libs.problems import UpstreamFailed
from services.qc import outbox
from services.qc.outbox import Outbox
from services.usage.app import create_app
from services.usage.settings import UsageSettings
from tests.factories import service
from tests.qc.factories import queued
from tests.serving import Serving
from tests.trust import Trust


@pytest.fixture
async def ledger(dsns: Mapping[str, Dsns], trust: Trust) -> AsyncIterator[Serving]:
    settings = UsageSettings.model_validate(
        {
            "postgres_dsn": dsns["usage"].run,
            "postgres_owner_dsn": dsns["usage"].owner,
            "trusted_keys": json.dumps(dict(trust.keys)),
        }
    )
    async with Serving(create_app(settings)) as serving:
        yield serving


@pytest.fixture
async def sender(pool: Pool, ledger: Serving, trust: Trust) -> AsyncIterator[Outbox]:
    scopes = service(Action.RECORD_USAGE, Action.READ_USAGE)
    async with ClientSession() as session:
        caller = Caller(session, ledger.url, lambda: trust.bearer("usage", scopes).split()[1])
        yield Outbox(pool, UsageApi(caller))


def started(analysis_id: UUID) -> AnalysisStarted:
    now = datetime.now(UTC)
    return AnalysisStarted(
        kind="analysis_started",
        event_id=uuid7(now),
        occurred_at=now,
        client_id="diageo",
        analysis_id=analysis_id,
    )


async def enqueue(pool: Pool) -> AnalysisStarted:
    event = started(await queued(pool))
    async with transaction(pool, ["diageo"]) as db:
        await outbox.enqueue(db, event.analysis_id, event)
    return event


async def waiting(pool: Pool) -> int:
    async with transaction(pool) as db:
        count: int = await db.fetchval(
            "SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND refused IS NULL"
        )
        return count


async def spoil(pool: Pool, event: AnalysisStarted, **fields: object) -> None:
    """Store an event that was written by another version."""
    document = event.model_dump(mode="json") | fields
    async with transaction(pool) as db:
        await db.execute(
            """
            INSERT INTO outbox (client_id, event_id, analysis_id, event, created_at)
            VALUES ('diageo', $1, $2, $3, now())
            """,
            event.event_id,
            event.analysis_id,
            document,
        )


async def test_event_is_sent_once_and_marked(pool: Pool, sender: Outbox) -> None:
    await enqueue(pool)

    assert await sender.send_batch() == 1
    assert await sender.send_batch() == 0


async def test_event_that_nobody_can_read_holds_up_no_other(pool: Pool, sender: Outbox) -> None:
    await enqueue(pool)
    await spoil(pool, started(await queued(pool)), colour="red")
    await enqueue(pool)

    await sender.send_batch()

    assert await waiting(pool) == 0
    async with transaction(pool) as db:
        refused = await db.fetch("SELECT refused FROM outbox WHERE refused IS NOT NULL")
    assert [row["refused"] for row in refused] == ["unreadable"]


async def test_event_that_the_ledger_refuses_holds_up_no_other(pool: Pool, sender: Outbox) -> None:
    await enqueue(pool)
    conflicting = await enqueue(pool)
    await enqueue(pool)
    other_content = conflicting.model_copy(update={"user_id": "somebody else"})
    await sender._usage.record([other_content])

    await sender.send_batch()

    async with transaction(pool) as db:
        rows = await db.fetch("SELECT event_id FROM outbox WHERE refused IS NOT NULL")
    assert [row["event_id"] for row in rows] == [conflicting.event_id]
    assert await waiting(pool) == 0


async def test_refused_event_is_tried_again_after_a_restart(pool: Pool, sender: Outbox) -> None:
    event = await enqueue(pool)
    async with transaction(pool) as db:
        await db.execute("UPDATE outbox SET refused = 'by an older ledger'")

    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(10):
        while True:
            async with transaction(pool) as db:
                row = await db.fetchrow(
                    "SELECT delivered_at FROM outbox WHERE event_id = $1", event.event_id
                )
            if row and row["delivered_at"]:
                break
            await asyncio.sleep(0.05)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_ledger_that_is_away_keeps_everything_waiting(
    pool: Pool, sender: Outbox, ledger: Serving
) -> None:
    await enqueue(pool)
    await ledger.stop()

    with pytest.raises(UpstreamFailed):
        await sender.send_batch()

    assert await waiting(pool) == 1
