"""Providers and the road to the ledger misbehave; what is billed is told once and as it was."""

import json
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.qc.providers import open_providers
from services.qc.providers.base import Picture, Question
from tests.deploy.processes import LINUX_ONLY
from tests.fake_providers import FakeProviders, Scripted
from tests.journeys.audit import audited
from tests.journeys.bad_road import bad_road
from tests.journeys.fleet import Fleet
from tests.journeys.open_fleet import open_fleet
from tests.journeys.storm import WEATHER, Storm
from tests.trust import Trust

SEED = 11
IN_A_STORM, ON_A_BAD_ROAD = 12, 12
MODELS = {"openai": "gpt-4o", "google": "gemini-2.5-pro"}


async def run(fleet: Fleet, analyses: int) -> None:
    fleet.start("w0")
    while len(fleet.accepted) < analyses:
        await fleet.submit("w0")
    await fleet.settled()


@LINUX_ONLY
async def test_in_a_storm_each_call_is_told_as_it_was(tmp_path: Path, trust: Trust) -> None:
    async with Storm(SEED) as storm, open_fleet(tmp_path, storm, trust) as fleet:
        await run(fleet, IN_A_STORM)
        found = await audited(fleet)

    weather = Counter(storm.weather.values())
    assert weather.keys() == WEATHER.keys(), "each weather was met"
    assert found.unknown == storm.unseen(), "unknown is what nobody can know, and nothing else"
    assert found.entries == found.calls


@LINUX_ONLY
async def test_events_that_get_lost_or_come_twice_are_applied_once(
    tmp_path: Path, trust: Trust
) -> None:
    async with (
        FakeProviders(lambda _: Scripted()) as fake,
        bad_road() as (road, url),
        open_fleet(tmp_path, fake, trust) as fleet,
    ):
        road.ledger, fleet.usage_url = fleet.url("usage"), url
        await run(fleet, ON_A_BAD_ROAD)
        found = await audited(fleet)

    assert found.entries == found.calls and not found.unknown
    assert road.happened["twice"] and road.happened["answer lost"]


@pytest.mark.parametrize("provider", MODELS)
async def test_answer_that_comes_twice_answers_no_other_call(provider: str) -> None:
    storm = Storm(SEED)
    storm.only("doubled")
    async with (
        storm,
        open_providers(
            openai_api_key=SecretStr("sk-test-0123456789"),
            openai_base_url=storm.openai_base_url,
            google_api_key=SecretStr("test-0123456789"),
            google_base_url=storm.google_base_url,
        ) as providers,
    ):
        answers = []
        for number in range(6):
            storm.text = json.dumps({"number": number})
            answers.append((await providers[provider].ask(question(provider, number))).text)

    assert [json.loads(text or "") for text in answers] == [{"number": n} for n in range(6)]


def question(provider: str, number: int) -> Question:
    return Question(
        model=MODELS[provider],
        system="Answer in JSON.",
        pictures=(Picture(b"no picture", "image/jpeg"),),
        text=f"Question {number}",
        schema={"type": "object"},
        attempt_id=uuid4(),
    )
