"""The qc process is killed again and again in mid-campaign: it ends, and nothing is done twice."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import ClientSession, CookieJar

from libs.api.campaigns import CampaignsApi
from libs.contracts.campaigns import CampaignEvent, Matrix
from libs.problems import UpstreamFailed
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.campaigning import PROFILE, filled, pictures, to_the_end
from tests.journeys.processes import FakeProcess, Up, fake_providers_process

pytestmark = LINUX_ONLY
KILLS, FILES = 3, 5


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProcess]:
    with fake_providers_process() as fake:
        fake.answer_all(delay_s=0.3)
        yield fake


@pytest.fixture(scope="module")
def up(fake: FakeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    settings = {"QC_LEASE_S": "2", "QC_MAX_CLAIMS": "50", "QC_CAMPAIGN_IN_FLIGHT": "3"}
    folder = tmp_path_factory.mktemp("campaign") / "data"
    with Up(folder, fake.environment | settings) as up:
        yield up


async def test_killed_campaign_ends_with_one_analysis_for_each_cell(
    up: Up, fake: FakeProcess, tmp_path: Path
) -> None:
    chance = random.Random(9)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        api = CampaignsApi(session, up.url)
        await api.sign_in("admin")
        profiles = [PROFILE, "general_key_visual"]
        campaign = await filled(api, tmp_path, pictures(FILES), profiles=profiles)
        one = campaign.campaign_id
        await api.start_campaign(one)
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 2.0))
            await asyncio.to_thread(up.kill_service, "qc")
        matrix, events = await _patiently(api, one)
        report = json.loads(await api.report({"last_days": "1", "format": "json"}))

    cells = [cell for row in matrix.rows for cell in row.cells]
    assert matrix.campaign.state == "done"
    assert [cell.state for cell in cells] == ["done"] * FILES * 2
    assert [cell.tries for cell in cells] == [1] * FILES * 2
    assert len({cell.analysis_id for cell in cells}) == FILES * 2
    assert report["total_analyses"] == FILES * 2, "none was made beside those of the cells"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    ended = [(e.file, e.profile_id) for e in events if e.kind == "cell_ended"]
    assert len(ended) == len(set(ended)) == FILES * 2
    assert [event.kind for event in events].count("finished") == 1


async def _patiently(api: CampaignsApi, campaign_id: UUID) -> tuple[Matrix, list[CampaignEvent]]:
    """Until the service is there again to tell."""
    for _ in range(100):
        try:
            return await to_the_end(api, campaign_id)
        except UpstreamFailed:
            await asyncio.sleep(0.5)
    raise AssertionError("it never came back")
