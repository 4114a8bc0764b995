"""qc, the ledger and the database are killed again and again; every billed call is kept once.

AIQC_TEST_KILLS is the number of kills: `make bench` makes more. The judge is the provider's own
list of the calls that it billed.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deploy.processes import LINUX_ONLY
from tests.fake_providers import FakeProviders, Scripted
from tests.journeys.audit import audited
from tests.journeys.campaign import ANSWER_S, LONGEST_LIFE_S, Campaign
from tests.journeys.fleet import CALLS_IN_FLIGHT, LEASE_S, Fleet
from tests.journeys.open_fleet import open_fleet
from tests.journeys.storm import Storm
from tests.trust import Trust

pytestmark = LINUX_ONLY
KILLS = int(os.environ.get("AIQC_TEST_KILLS", "200"))
OUTAGES = 2
SEED = int(os.environ.get("AIQC_TEST_SEED", "5"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def fine(folder: Path, trust: Trust) -> AsyncIterator[Fleet]:
    async with (
        FakeProviders(lambda _: Scripted(delay_s=ANSWER_S)) as fake,
        open_fleet(folder, fake, trust) as fleet,
    ):
        yield fleet


async def test_every_billed_call_is_in_the_ledger_once_whatever_is_killed(fine: Fleet) -> None:
    campaign = Campaign(fine, KILLS // 2, SEED)
    found = await campaign.run()

    assert found.billed > campaign.kills["qc"], "the kills met a platform at work"
    assert len(found.unknown) <= campaign.most_unknown()


async def test_every_billed_call_is_in_the_ledger_once_in_a_storm_too(
    folder: Path, trust: Trust
) -> None:
    async with Storm(SEED) as storm, open_fleet(folder, storm, trust) as fleet:
        campaign = Campaign(fleet, KILLS - KILLS // 2, SEED)
        found = await campaign.run()

    assert storm.unseen() <= found.unknown, "what may have been billed is never told as free"
    assert len(found.unknown - storm.unseen()) <= campaign.most_unknown()


async def test_worker_that_was_only_frozen_writes_nothing_that_is_not_its_own(fine: Fleet) -> None:
    fine.start("w0")
    while not await fine.submit("w0"):
        await asyncio.sleep(0.1)
    await fine.until_calling("w0", 2, LONGEST_LIFE_S)
    fine.send("w0", signal.SIGSTOP)
    fine.start("w1")
    await fine.settled()
    fine.send("w0", signal.SIGCONT)
    await asyncio.sleep(2 * LEASE_S)
    assert await fine.submit("w0")
    await fine.settled()
    found = await audited(fine)

    assert 2 <= len(found.unknown) <= CALLS_IN_FLIGHT
    assert found.unknown_by_life.keys() == {fine.key("w0")}, (
        "the other worker knows what its calls cost"
    )


async def test_analysis_that_kills_every_worker_ends_and_its_calls_are_kept(
    folder: Path, trust: Trust
) -> None:
    async with (
        FakeProviders(lambda _: Scripted(delay_s=60.0)) as fake,
        open_fleet(folder, fake, trust) as fleet,
    ):
        fleet.max_claims = 2
        fleet.start("w0")
        while not await fleet.submit("w0"):
            await asyncio.sleep(0.1)
        for _ in range(fleet.max_claims):
            await fleet.until_calling("w0", 1, 10 * LONGEST_LIFE_S)
            await fleet.kill("w0")
        await fleet.settled()
        found = await audited(fleet, ends="failed")

    assert 2 <= len(found.unknown) == found.entries <= fleet.max_claims * CALLS_IN_FLIGHT


async def test_database_that_was_away_takes_no_analysis_from_a_worker_that_lives(
    fine: Fleet,
) -> None:
    for worker in fine.workers:
        fine.start(worker)
    async with fine.busy(2 * len(fine.workers)):
        for _ in range(OUTAGES):
            for worker in fine.workers:
                calls = fine.calls_of(fine.key(worker))
                await fine.until_calling(worker, calls + 2, LONGEST_LIFE_S)
            await fine.kill_postgres(away_s=1.2 * LEASE_S)
    await fine.settled()

    assert not (await audited(fine)).unknown


async def test_calls_of_a_cancelled_analysis_are_kept_when_its_worker_is_killed_too(
    folder: Path, trust: Trust
) -> None:
    async with (
        FakeProviders(lambda _: Scripted(delay_s=60.0)) as fake,
        open_fleet(folder, fake, trust) as fleet,
    ):
        fleet.start("w0")
        while not await fleet.submit("w0"):
            await asyncio.sleep(0.1)
        await fleet.until_calling("w0", 2, 10 * LONGEST_LIFE_S)
        assert await fleet.cancel("w0", fleet.accepted[0]) == 200
        await fleet.kill("w0")
        await fleet.settled()
        found = await audited(fleet, ends="cancelled")

    assert 2 <= len(found.unknown) == found.entries <= CALLS_IN_FLIGHT
