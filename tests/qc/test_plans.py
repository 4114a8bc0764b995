"""Media plans in a real database: versions, and one active plan at a time."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from libs.contracts.brand import Placement
from libs.postgres import CLASHES, Pool, transaction
from services.qc import plans
from services.qc.domain.plan_sheet import ReadPlan
from services.qc.plans import NewPlan
from tests.qc.factories import NOON

READ = ReadPlan(placements=[Placement(name="Story", width_px=1080, height_px=1920)])


def new(**fields: Any) -> NewPlan:
    known: dict[str, Any] = {
        "client_id": "diageo",
        "name": "Summer",
        "file_name": "summer.xlsx",
        "sha256": "aa",
        "size_bytes": 10,
        "read": READ,
        "by": "ada",
        "at": NOON,
    }
    return NewPlan(**{**known, **fields})


async def add(pool: Pool, plan: NewPlan) -> UUID:
    async with transaction(pool, [plan.client_id]) as db:
        return await plans.add_plan(db, plan)


async def activate(pool: Pool, plan_id: UUID | None) -> None:
    async with transaction(pool, ["diageo"]) as db:
        await plans.activate(db, "diageo", plan_id, "ada", NOON)


async def active(pool: Pool) -> UUID | None:
    async with transaction(pool, ["diageo"]) as db:
        plan = await plans.active_plan(db, "diageo")
        listed = [one.plan_id for one in await plans.plans(db, "diageo") if one.active]
    assert listed == ([plan.plan_id] if plan else [])
    return plan.plan_id if plan else None


async def test_what_says_something_new_is_a_version_and_the_same_is_not(pool: Pool) -> None:
    first = await add(pool, new())
    again = await add(pool, new(by="bob"))
    content = await add(pool, new(sha256="bb"))
    other = ReadPlan(placements=[Placement(name="Feed")])
    reading = await add(pool, new(sha256="bb", read=other))

    assert first == again
    async with transaction(pool, ["diageo"]) as db:
        told = {plan.plan_id: plan for plan in await plans.plans(db, "diageo")}
    assert [told[one].version for one in (first, content, reading)] == [1, 2, 3]
    assert told[first].created_by == "ada"


async def test_one_plan_is_active_and_the_history_is_kept(pool: Pool) -> None:
    first, second = await add(pool, new()), await add(pool, new(name="Autumn"))
    assert await active(pool) is None

    for plan_id in (first, second, second, first, None):
        await activate(pool, plan_id)

    assert await active(pool) is None
    async with transaction(pool, ["diageo"]) as db:
        history = [one.plan_id for one in await plans.activations(db, "diageo")]
    assert history == [None, first, second, first]


async def test_two_activations_at_once_leave_one_active(pool: Pool) -> None:
    ids = [await add(pool, new(name=name)) for name in "abcd"]

    done = await asyncio.gather(*(activate(pool, one) for one in ids), return_exceptions=True)

    assert all(one is None or isinstance(one, CLASHES) for one in done)
    assert await active(pool) in ids


async def test_archived_plan_is_listed_apart_and_uploaded_again_is_a_new_version(
    pool: Pool,
) -> None:
    plan_id = await add(pool, new())
    async with transaction(pool, ["diageo"]) as db:
        assert not await plans.held(db, "diageo", plan_id)
        await plans.archive(db, "diageo", plan_id, "ada", NOON)
        assert await plans.held(db, "diageo", plan_id)
        assert await plans.plans(db, "diageo") == []
        assert [one.plan_id for one in await plans.plans(db, "diageo", archived=True)] == [plan_id]

    assert await add(pool, new()) != plan_id


async def test_what_a_plan_says_cannot_be_changed(pool: Pool) -> None:
    await add(pool, new())

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pool) as db:
            await db.execute("UPDATE media_plan SET placements = '[]'")


async def test_plans_of_others_are_hidden(pool: Pool) -> None:
    plan_id = await add(pool, new())

    async with transaction(pool, ["loreal"]) as db:
        assert await plans.plan(db, plan_id) is None
