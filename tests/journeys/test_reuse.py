"""The earlier result of the same file, for whoever asks for it: nothing is run, nothing is paid."""

import json
from pathlib import Path

import pytest
from aiohttp import ClientSession
from PIL import Image

from deploy.sample import Sample
from libs.api.material import MaterialApi
from libs.contracts.qc import Accepted
from libs.problems import Invalid
from tests.fake_providers import FakeProviders, Scripted
from tests.house import House
from tests.journeys.following import ended, with_cost

PROFILE = "diageo_key_visual"
GOOD = json.dumps({"evidence": "A bottle.", "verdict": "pass", "score": 95, "findings": []})


async def again(
    api: MaterialApi, file: Path, client: str = "diageo", profile: str = PROFILE, **given: str
) -> Accepted:
    return await api.submit(file, client, profile, {"reuse": "true", **given})


async def test_same_question_brings_the_same_analysis_and_costs_nothing(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(text=GOOD, times=0))
    async with house.signed_in() as api:
        assert not (await again(api, sample.creative, only="file_naming")).reused, "there is none"
        given = {"fresh": "true"}
        fresh = await api.analyse(sample.creative, "diageo", PROFILE, given)
        first, events = await with_cost(api, fresh), [e async for e in api.events(fresh)]
        calls = len(fake.calls)
        reused = await again(api, sample.creative)
        told = [event async for event in api.events(reused.analysis_id)]
        unasked = await api.submit(sample.creative, "diageo", PROFILE)
        await ended(api, unasked.analysis_id)
        async with ClientSession() as session:
            entries = (await house.usage_api(session).entries_of(first.analysis_id)).entries

    assert (reused.reused, reused.analysis_id) == (True, first.analysis_id)
    assert told == events, "its progress can be followed to the end like any other's"
    assert len(entries) == calls
    assert not unasked.reused and unasked.analysis_id != first.analysis_id, "only on request"


async def test_whatever_is_different_is_checked_anew(
    house: House, fake: FakeProviders, sample: Sample, tmp_path: Path
) -> None:
    fake.answer_with(Scripted(text=GOOD, times=0))
    renamed, changed = tmp_path / "other name.jpg", tmp_path / sample.creative.name
    renamed.write_bytes(sample.creative.read_bytes())
    changed.write_bytes(sample.creative.read_bytes() + b"\0")
    only = {"only": "file_naming,image_resolution"}
    async with house.signed_in() as api:
        first = await ended(api, await api.analyse(sample.creative, "diageo", PROFILE, only))
        same = await again(api, sample.creative, only="image_resolution , file_naming")
        others = [
            await again(api, renamed, **only),
            await again(api, changed, **only),
            await again(api, sample.creative, only="file_naming"),
            await again(api, sample.creative, only=only["only"], market="de"),
            await again(api, sample.creative, "unilever", "general_key_visual"),
        ]
        Image.new("RGB", (80, 40), "navy").save(tmp_path / "logo.png")
        await api.add_logo(tmp_path / "logo.png", "diageo")
        others.append(await again(api, sample.creative, **only))

    assert same.analysis_id == first.analysis_id
    assert not any(other.reused for other in others)
    assert len({other.analysis_id for other in others} | {first.analysis_id}) == 7


async def test_new_profile_version_is_checked_anew(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    checks = {"weight": {"kind": "exact", "measure": "file_weight"}}
    async with house.signed_in() as api, ClientSession(cookie_jar=api._session.cookie_jar) as web:
        body = {"name": "Reused", "checks": checks}
        async with web.post(house.url("gateway") / "api/profiles", json=body) as answer:
            assert answer.status == 201
        first = await ended(api, await api.analyse(sample.creative, "diageo", "reused"))
        same = await again(api, sample.creative, profile="reused")
        changed = {"checks": {"weight": {**checks["weight"], "critical": True}}}
        async with web.put(house.url("gateway") / "api/profiles/reused", json=changed) as answer:
            assert answer.status == 200
        other = await again(api, sample.creative, profile="reused")

    assert same.analysis_id == first.analysis_id
    assert not other.reused


async def test_result_with_a_check_that_could_not_be_run_is_not_enough(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(status=401, times=0))
    async with house.signed_in() as api:
        broken = await ended(api, await api.analyse(sample.creative, "diageo", PROFILE))
        anew = await again(api, sample.creative)

    assert broken.verdict == "incomplete"
    assert not anew.reused


async def test_flag_that_is_neither_true_nor_false_is_refused(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        with pytest.raises(Invalid, match="“maybe” is not true or false"):
            await api.submit(sample.creative, "diageo", PROFILE, {"reuse": "maybe"})
        with pytest.raises(Invalid, match="not both"):
            await api.submit(sample.creative, "diageo", PROFILE, {"reuse": "true", "fresh": "true"})
