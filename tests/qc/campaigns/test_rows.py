"""Campaigns in a real database: who sees them, who may look at them, what cannot be rewritten."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from libs.contracts.campaigns import CampaignEvent
from libs.postgres import Pool, transaction
from services.qc.campaigns import cells, rows
from services.qc.campaigns.events import Events, add_events
from services.qc.campaigns.rows import CampaignRow
from services.qc.campaigns.webhooks import enqueue
from services.qc.driven import LeaseLost
from tests.qc.campaigns.factories import stored
from tests.qc.factories import NOON

LEASE = timedelta(seconds=30)
TABLES = ("campaign", "campaign_file", "campaign_cell", "campaign_event", "webhook_delivery")


async def claimed(pool: Pool) -> CampaignRow | None:
    async with transaction(pool) as db:
        found = await rows.CAMPAIGNS.claim(db, uuid4(), LEASE)
    return CampaignRow(**found) if found else None


async def test_campaign_of_another_client_is_not_seen(pool: Pool) -> None:
    row = await stored(pool, state="running", webhook_url="https://hooks.example/")
    async with transaction(pool, ["diageo"]) as db:
        await add_events(db, row, CampaignEvent(kind="started", at=NOON))
        await enqueue(db, row, NOON)

    for clients, seen in ((["loreal"], False), ([], False), (["diageo"], True)):
        async with transaction(pool, clients) as db:
            for table in TABLES:
                assert bool(await db.fetch(f"SELECT FROM {table}")) == seen, table
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pool, ["loreal"]) as db:
            await rows.add_campaign(db, row)


async def test_each_campaign_is_looked_at_by_one_and_in_turn(pool: Pool) -> None:
    ids = {(await stored(pool, state="running")).campaign_id for _ in range(3)}
    await stored(pool, state="open")
    await stored(pool, state="done")

    looked = await asyncio.gather(*(claimed(pool) for _ in range(6)))

    found = [row.campaign_id for row in looked if row]
    assert (len(found), set(found)) == (3, ids)
    first = next(row for row in looked if row)
    async with transaction(pool, ["diageo"]) as db:
        await rows.CAMPAIGNS.look_again(db, first, timedelta())
    again = await claimed(pool)
    assert again and again.campaign_id == first.campaign_id


async def test_who_comes_back_late_can_write_nothing(pool: Pool) -> None:
    await stored(pool, state="running")
    late = await claimed(pool)
    assert late
    async with transaction(pool) as db:
        await db.execute("UPDATE campaign SET lease_until = '-infinity'")
    assert await claimed(pool)

    with pytest.raises(LeaseLost):
        async with transaction(pool, ["diageo"]) as db:
            await rows.CAMPAIGNS.hold(db, late)


async def test_events_have_no_gap_even_when_written_at_once(pool: Pool) -> None:
    row = await stored(pool, files=3, state="running")

    async def add() -> None:
        event = CampaignEvent(kind="retried", at=NOON)
        async with transaction(pool, ["diageo"]) as db:
            await add_events(db, row, event, event)

    await asyncio.gather(*(add() for _ in range(10)))
    async with transaction(pool, ["diageo"]) as db:
        await cells.cancel_waiting(db, row)
        await rows.set_state(db, row, "cancelled", NOON)

    told = [event async for event in Events(pool).after(row, 5) if event]
    assert [event.seq for event in told] == list(range(6, 21))
    assert {(event.done, event.total) for event in told} == {(0, 3)}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM campaign",
        "UPDATE campaign SET profiles = '[]'",
        "UPDATE campaign SET client_id = 'loreal'",
        "UPDATE campaign SET webhook_url = 'https://evil.example/'",
        "UPDATE campaign_file SET sha256 = 'x'",
        "DELETE FROM campaign_cell",
        "UPDATE campaign_event SET event = '{}'",
        "UPDATE webhook_delivery SET url = 'https://evil.example/'",
        "DELETE FROM webhook_delivery",
    ],
)
async def test_service_cannot_rewrite_what_a_campaign_was(pool: Pool, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pool) as db:
            await db.execute(statement)
