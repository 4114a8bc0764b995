"""A commit whose connection is cut when part of it is written."""

import asyncio

import asyncpg

from deploy.database import DATABASE
from deploy.embedded_postgres import EmbeddedPostgres
from libs.postgres import Pool
from tests.profiles.bulk.test_commit import NAMES, audit, model_of, step, three
from tests.profiles.bulk.test_plan import NEW, OLD
from tests.profiles.conftest import Api


async def test_a_commit_that_dies_in_the_middle_leaves_nothing_and_is_done_again(
    api: Api, owner: Pool, postgres: EmbeddedPostgres
) -> None:
    bulk_id = await three(api)
    async with owner.acquire() as other:
        held = other.transaction()
        await held.start()
        await other.execute("SET LOCAL app.clients = '*'")
        # The audit's next row of the last profile: the commit waits for it when it has written
        # the two others.
        await other.execute(
            "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, "
            "after_hash, details) VALUES ('profile', 'two', 2, 'x', 'x', 'x', '{}')"
        )
        dying = asyncio.create_task(step(api, bulk_id, "commit"))
        assert await cut_whoever_waits(postgres.admin_dsn) == 1
        answer = await dying
        await held.rollback()

    assert answer.status in (500, 503)
    assert {await model_of(api, name) for name in NAMES} == {OLD}
    assert await audit(owner) == []
    assert (await step(api, bulk_id, "commit")).json["changed"] is True
    assert {await model_of(api, name) for name in NAMES} == {NEW}


async def cut_whoever_waits(admin_dsn: str) -> int:
    """As a server that dies under the transaction: ends the connections that wait for a lock."""
    db = await asyncpg.connect(admin_dsn, database=DATABASE)
    try:
        for _ in range(100):
            cut: int = await db.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'aiqc-profiles' AND wait_event_type = 'Lock'"
            )
            if cut:
                return cut
            await asyncio.sleep(0.05)
    finally:
        await db.close()
    return 0
