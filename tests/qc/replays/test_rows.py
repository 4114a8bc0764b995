"""Replays in a real database: who sees them, who may drive them, what budgets allow."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from libs.contracts.qc import Given
from libs.contracts.replays import ReplayEvent
from libs.ids import uuid7
from libs.postgres import Pool, transaction
from services.qc import attempts
from services.qc.asking.purse import NoRoomNow, Purse, Spent
from services.qc.attempts import open_attempt
from services.qc.domain.routing import ModelRef
from services.qc.driven import LeaseLost
from services.qc.replays import items, rows
from services.qc.replays.events import add_event
from services.qc.replays.items import Item
from services.qc.replays.rows import ReplayRow
from services.qc.repository import AnalysisRow
from tests.qc.factories import NOON, claimed, profile, queued

LEASE = timedelta(seconds=30)
MODEL = ModelRef("openai", "gpt-4o")
TABLES = ("replay", "replay_item", "replay_call", "replay_event")


async def stored(pool: Pool, budget: str = "1", source: UUID | None = None) -> ReplayRow:
    """A replay of one analysis, which runs."""
    source_id = source or await queued(pool)
    row = ReplayRow(
        client_id="diageo",
        replay_id=uuid7(),
        state="running",
        user_id="uma",
        user_name="Uma",
        user_email="uma@agency.example",
        request_id="request-1",
        source="edit",
        profile=profile(),
        budget_usd=Decimal(budget),
        created_at=NOON,
    )
    async with transaction(pool, [row.client_id]) as db:
        await rows.add_replay(db, row)
        await items.add_items(db, row, [Item(1, source_id, "waiting")])
        await add_event(db, row, ReplayEvent(kind="started", at=NOON))
    return row


async def analysis_of(pool: Pool, row: ReplayRow) -> AnalysisRow:
    """An analysis at work that belongs to the replay."""
    await queued(pool)
    analysis = await claimed(pool)
    assert analysis
    return analysis.model_copy(update={"given": Given(replay=row.replay_id)})


def purse(pool: Pool) -> Purse:
    return Purse(pool, None)  # type: ignore[arg-type]  # nothing here asks for a price


async def call(pool: Pool, analysis: AnalysisRow, most: str) -> UUID:
    guard = purse(pool).guard(analysis, Decimal(most))
    opened = await open_attempt(pool, analysis, ["mood"], MODEL, 1, None, (10, 10), guard)
    return opened.attempt_id


async def test_replay_of_another_client_is_not_seen(pool: Pool) -> None:
    row = await stored(pool)
    await call(pool, await analysis_of(pool, row), "0.1")

    for clients, seen in ((["loreal"], False), ([], False), (["diageo"], True)):
        async with transaction(pool, clients) as db:
            for table in TABLES:
                assert bool(await db.fetch(f"SELECT FROM {table}")) == seen, table
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pool, ["loreal"]) as db:
            await rows.add_replay(db, row.model_copy(update={"replay_id": uuid7()}))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM replay",
        "DELETE FROM replay_item",
        "UPDATE replay SET budget_usd = 1000",
        "UPDATE replay SET profile = '{}'",
        "UPDATE replay_item SET source_id = analysis_id",
        "UPDATE replay_call SET most_usd = 0",
        "DELETE FROM replay_call",
        "UPDATE replay_event SET seq = 9",
    ],
)
async def test_run_role_rewrites_no_order_and_no_history(pool: Pool, statement: str) -> None:
    await stored(pool)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pool, ["diageo"]) as db:
            await db.execute(statement)


async def test_each_replay_is_driven_by_one_and_who_comes_late_writes_nothing(pool: Pool) -> None:
    ids = {(await stored(pool)).replay_id for _ in range(3)}

    async def claim() -> ReplayRow | None:
        async with transaction(pool) as db:
            found = await rows.REPLAYS.claim(db, uuid4(), LEASE)
        return ReplayRow(**found) if found else None

    taken = [row for row in await asyncio.gather(*(claim() for _ in range(6))) if row]

    assert (len(taken), {row.replay_id for row in taken}) == (3, ids)
    late = taken[0].model_copy(update={"lease": uuid4()})
    async with transaction(pool, ["diageo"]) as db:
        assert (await rows.REPLAYS.hold(db, taken[0])).lease == taken[0].lease
        with pytest.raises(LeaseLost):
            await rows.REPLAYS.hold(db, late)


async def test_calls_side_by_side_take_no_more_than_the_budget(pool: Pool) -> None:
    row = await stored(pool, "1")
    analyses = [await analysis_of(pool, row) for _ in range(4)]

    taken = await asyncio.gather(
        *(call(pool, analysis, "0.3") for analysis in analyses for _ in range(5)),
        return_exceptions=True,
    )

    opened = [one for one in taken if isinstance(one, UUID)]
    refused = [one for one in taken if isinstance(one, NoRoomNow)]
    assert (len(opened), len(refused)) == (3, 17)
    async with transaction(pool, ["diageo"]) as db:
        assert await items.spent(db, row) == (Decimal(0), Decimal("0.9"))
        assert await db.fetchval("SELECT count(*) FROM attempt") == 3, "a refused call has no row"


async def test_room_comes_back_when_the_ledger_tells_what_a_call_took(pool: Pool) -> None:
    row = await stored(pool, "1")
    analysis = await analysis_of(pool, row)
    attempt_id = await call(pool, analysis, "0.9")
    waiting = asyncio.create_task(purse(pool).wait_for_room(analysis, Decimal("0.9")))
    await asyncio.sleep(0.5)
    assert not waiting.done(), "the call is open: what it takes may leave enough"

    async with transaction(pool, ["diageo"]) as db:
        await db.execute("UPDATE attempt SET cost_usd = 0.05 WHERE attempt_id = $1", attempt_id)

    await asyncio.wait_for(waiting, 5)
    await call(pool, analysis, "0.9")
    async with transaction(pool, ["diageo"]) as db:
        assert await items.spent(db, row) == (Decimal("0.05"), Decimal("0.95"))


async def test_call_that_nobody_saw_the_end_of_counts_as_the_most(pool: Pool) -> None:
    row = await stored(pool, "1")
    analysis = await analysis_of(pool, row)
    await call(pool, analysis, "0.9")
    await attempts.settle_cut_off(pool, analysis, "unknown")
    async with transaction(pool, ["diageo"]) as db:
        await db.execute("UPDATE outbox SET delivered_at = now()")

    with pytest.raises(Spent, match=r"leaves \$0\.1, and a call may cost \$0\.2"):
        await purse(pool).wait_for_room(analysis, Decimal("0.2"))


async def test_newest_whole_analyses_of_all_versions_of_a_profile_are_found(pool: Pool) -> None:
    ids = [await queued(pool) for _ in range(3)]
    async with transaction(pool, ["diageo"]) as db:
        done = "UPDATE analysis SET state = 'done', verdict = 'pass' WHERE analysis_id = ANY($1)"
        await db.execute(done, ids[1:])
        found = await items.newest(db, "diageo", "some_profile", 10)
        last = await items.newest(db, "diageo", None, 1)
        others = await items.newest(db, "diageo", "some", 10)

    assert [one[0] for one in found] == [ids[2], ids[1]]
    assert [one[0] for one in last] == [ids[2]]
    assert others == []
