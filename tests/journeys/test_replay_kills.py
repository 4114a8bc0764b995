"""The qc process is killed again and again in mid-replay: it ends, within its budget."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import ClientSession, CookieJar

from libs.api.replays import ReplaysApi
from libs.contracts.replays import Replay, ReplayEvent
from libs.problems import UpstreamFailed
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.processes import FakeProcess, Up, fake_providers_process
from tests.journeys.replaying import analysed, edit, made, order

pytestmark = LINUX_ONLY
KILLS, COLOURS = 3, ("red", "blue", "green", "yellow", "white")


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProcess]:
    with fake_providers_process() as fake:
        fake.answer_all(delay_s=0.3)
        yield fake


@pytest.fixture(scope="module")
def up(fake: FakeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    settings = {"QC_LEASE_S": "2", "QC_MAX_CLAIMS": "50"}
    folder = tmp_path_factory.mktemp("replay") / "data"
    with Up(folder, fake.environment | settings) as up:
        yield up


async def test_killed_replay_ends_with_one_analysis_for_each_creative(
    up: Up, tmp_path: Path
) -> None:
    chance = random.Random(6)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        api = ReplaysApi(session, up.url)
        await api.sign_in("admin")
        profile = await made(api)
        await analysed(api, tmp_path, profile, *COLOURS)
        changed = edit(mood={"kind": "judged", "title": "Mood", "prompt": "Is it dark?"})
        started = await api.start_replay(order(profile, "1", edit=changed))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 1.5))
            await asyncio.to_thread(up.kill_service, "qc")
        replay, events = await _patiently(api, started.replay_id)
        report = json.loads(await api.report({"last_days": "1", "format": "json"}))

    assert replay.state == "done"
    assert {one.state for one in replay.items} == {"done"}
    assert len({one.analysis_id for one in replay.items}) == len(COLOURS)
    assert replay.totals.asked == replay.totals.carried == len(COLOURS)
    assert replay.bound_usd <= replay.budget_usd
    assert report["total_analyses"] == len(COLOURS), "none of the replay's is counted"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ended = [event.source_id for event in events if event.kind == "creative_ended"]
    assert len(ended) == len(set(ended)) == len(COLOURS)
    assert [event.kind for event in events].count("finished") == 1


async def _patiently(api: ReplaysApi, replay_id: UUID) -> tuple[Replay, list[ReplayEvent]]:
    """Until the service is there again to tell; calls that were cut off keep their ceiling."""
    for _ in range(100):
        try:
            replay = await api.replay(replay_id)
            if replay.finished_at and replay.totals.cost_after_usd is not None:
                return replay, [event async for event in api.replay_events(replay_id)]
        except UpstreamFailed:
            pass
        await asyncio.sleep(0.5)
    raise AssertionError("the replay did not end")
