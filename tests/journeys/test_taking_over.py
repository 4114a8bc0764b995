"""What a worker left behind is taken up by the next one, whatever it had come to."""

from uuid import UUID

import asyncpg

from deploy.database import DATABASE
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.sample import Sample
from tests.fake_providers import FakeProviders
from tests.house import House
from tests.journeys.following import analyse, ended

STEPS = 5


async def test_step_that_a_lost_worker_left_untold_is_told_by_the_next(
    house: House, fake: FakeProviders, sample: Sample, postgres: EmbeddedPostgres
) -> None:
    async with house.signed_in() as api:
        before, _ = await analyse(api, sample.creative)
        calls = len(fake.calls)
        await forget_the_end(postgres, before.analysis_id)
        after = await ended(api, before.analysis_id)
        events = [event async for event in api.events(before.analysis_id)]

    assert after.checks == before.checks
    assert len(fake.calls) == calls, "what is stored is not asked again"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    told = [event.check_id for event in events if event.kind == "check_finished"]
    assert sorted(map(str, told)) == sorted(result.check_id for result in after.checks)
    assert [event.kind for event in events].count("started") == 1


async def forget_the_end(postgres: EmbeddedPostgres, analysis_id: UUID) -> None:
    """As if the worker had been killed with all results stored and the last steps not."""
    db = await asyncpg.connect(postgres.admin_dsn, database=DATABASE)
    try:
        async with db.transaction():
            await db.execute("SET LOCAL session_replication_role = replica")
            await db.execute(
                "DELETE FROM qc.progress WHERE analysis_id = $1 AND seq > $2", analysis_id, STEPS
            )
            await db.execute(
                """
                UPDATE qc.analysis SET state = 'running', verdict = NULL, finished_at = NULL,
                                       last_seq = $2, lease_until = now() - interval '1 second'
                 WHERE analysis_id = $1
                """,
                analysis_id,
                STEPS,
            )
    finally:
        await db.close()
