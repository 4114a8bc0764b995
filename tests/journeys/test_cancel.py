"""An analysis is ended early: at once, for good, and with every call in the ledger."""

import asyncio
from io import StringIO
from uuid import UUID

import pytest
from rich.console import Console

from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from libs.postgres import open_pool, transaction
from libs.problems import Conflict, Forbidden, NotFound
from services.qc import commands
from tests.fake_providers import FakeProviders, Scripted
from tests.house import House
from tests.journeys.following import analyse, ended, entries_of

SLOW = Scripted(delay_s=20.0, times=0)
JUDGED = "product_visibility,appeal_to_minors,responsible_drinking"
ALL = ""


async def asked(api: GatewayApi, fake: FakeProviders, sample: Sample, only: str = JUDGED) -> UUID:
    """An analysis of some checks with a call under way."""
    fake.calls.clear()
    given = {"only": only, "fresh": "true"}
    analysis_id = await api.analyse(sample.creative, "diageo", "diageo_key_visual", given)
    async with asyncio.timeout(60):
        while not fake.calls:
            await asyncio.sleep(0.02)
    return analysis_id


async def test_running_analysis_ends_at_once_without_a_verdict(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(SLOW)
    async with house.signed_in() as api:
        analysis_id = await asked(api, fake, sample, ALL)
        analysis = await api.cancel(analysis_id)
        calls = len(fake.calls)
        events = [event async for event in api.events(analysis_id)]
        entries = await entries_of(house, analysis_id, at_least=calls)
        after = await api.analysis(analysis_id)

    assert (analysis.state, analysis.verdict, analysis.score) == ("cancelled", None, None)
    assert analysis.reason == "Cancelled by Ada Admin." and analysis.finished_at
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[-1].kind, events[-1].state) == ("finished", "cancelled")
    assert [event.kind for event in events].count("finished") == 1
    assert {str(entry.event_id) for entry in entries} == {call.attempt_id for call in fake.calls}
    assert {(entry.outcome, entry.state) for entry in entries} == {("cancelled", "unknown")}
    assert all(entry.cost_ceiling_usd for entry in entries), "it may have been billed"
    assert after.unknown_calls == calls == len(fake.calls), "no further call was made"
    exact = [result for result in after.checks if not result.model_served]
    assert exact, "what was measured before stays"


async def test_cancelled_twice_is_cancelled_once_and_ended_is_refused(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    async with house.signed_in() as api:
        done = await ended(api, await asked(api, fake, sample))
        with pytest.raises(Conflict, match="ended as done"):
            await api.cancel(done.analysis_id)
        assert (await api.analysis(done.analysis_id)).state == "done"

        fake.reset()
        fake.answer_with(SLOW)
        analysis_id = await asked(api, fake, sample)
        both = await asyncio.gather(*(api.cancel(analysis_id) for _ in range(5)))
        events = [event async for event in api.events(analysis_id)]

    assert {analysis.state for analysis in both} == {"cancelled"}
    assert [event.kind for event in events].count("finished") == 1


async def test_cancelled_while_it_waits_is_never_run(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(SLOW)
    async with house.signed_in() as api:
        ids = [await api.analyse(sample.creative, "diageo", "diageo_key_visual") for _ in range(6)]
        async with asyncio.timeout(60):
            while not fake.calls:
                await asyncio.sleep(0.02)
        [*_, last] = ids
        waiting = await api.analysis(last)
        cancelled = [await api.cancel(analysis_id) for analysis_id in reversed(ids)]
        events = [event async for event in api.events(last)]
        fake.reset()
        later, _ = await analyse(api, sample.creative)

    assert later.state == "done", "what was cut off while it was measured took no child along"
    assert waiting.state == "queued"
    assert {analysis.state for analysis in cancelled} == {"cancelled"}
    assert [event.kind for event in events] == ["queued", "finished"]


async def test_places_of_a_cancelled_analysis_are_free_for_the_next(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(SLOW)
    async with house.signed_in() as api:
        for _ in range(6):
            await api.cancel(await asked(api, fake, sample))
        fake.reset()
        analysis = await ended(api, await asked(api, fake, sample))

    assert analysis.state == "done"
    assert not [result for result in analysis.checks if result.state == "error"]


async def test_command_that_is_told_to_stop_cancels_what_it_waits_for(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(SLOW)
    question = commands.Question("diageo", "diageo_key_visual", only=(JUDGED,))
    async with house.signed_in() as api, open_pool(house.dsns["qc"].run, "qc", 1) as pool:
        checking = asyncio.create_task(
            commands.check(api, sample.creative, question, Console(file=StringIO()))
        )
        async with asyncio.timeout(60):
            while not fake.calls:
                await asyncio.sleep(0.02)
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)
        async with transaction(pool) as db:
            states = await db.fetch("SELECT state FROM analysis")

    assert [row["state"] for row in states] == ["cancelled"]


@pytest.mark.parametrize("lease", ["lease", "gen_random_uuid()"])
async def test_worker_finds_out_what_was_cancelled_elsewhere_or_left_by_a_dead_one(
    house: House, fake: FakeProviders, sample: Sample, lease: str
) -> None:
    fake.answer_with(SLOW)
    async with house.signed_in() as api, open_pool(house.dsns["qc"].run, "qc", 1) as pool:
        analysis_id = await asked(api, fake, sample)
        async with transaction(pool) as db:
            await db.execute(
                f"""
                UPDATE analysis SET state = 'cancelled', finished_at = now(), lease = {lease}
                 WHERE analysis_id = $1
                """,
                analysis_id,
            )
        entries = await entries_of(house, analysis_id, at_least=len(fake.calls))
        async with transaction(pool) as db:
            left = await db.fetchval(
                "SELECT count(*) FROM attempt WHERE analysis_id = $1 AND state = 'open'",
                analysis_id,
            )

    assert {entry.outcome for entry in entries} == {"cancelled"}
    assert {str(entry.event_id) for entry in entries} == {call.attempt_id for call in fake.calls}
    assert left == 0


async def test_who_may_not_run_may_not_cancel(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(SLOW)
    async with (
        house.signed_in() as api,
        house.signed_in("viewer") as viewer,
        house.signed_in("reviewer") as of_another_client,
    ):
        foreign = await api.analyse(sample.creative, "diageo", "diageo_key_visual")
        readable = await api.analyse(sample.creative, "loreal", "loreal_key_visual")
        with pytest.raises(NotFound):
            await of_another_client.cancel(foreign)
        with pytest.raises(Forbidden):
            await viewer.cancel(readable)
        with pytest.raises(NotFound):
            await api.cancel(UUID(int=7))

        for analysis_id in (foreign, readable):
            assert (await api.analysis(analysis_id)).state in ("queued", "running")
            await api.cancel(analysis_id)
            assert (await ended(api, analysis_id)).state == "cancelled"
