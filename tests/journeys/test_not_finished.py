"""What is not finished cannot be reviewed, run again, compared or reported; nor by a program."""

import asyncio
from uuid import UUID

import pytest
from aiohttp import ClientSession

from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from libs.api.review import ReviewApi
from libs.contracts.access import Action
from libs.contracts.review import OverrideRequest, RerunRequest
from libs.problems import Conflict
from tests.factories import service
from tests.fake_providers import Scripted
from tests.house import House
from tests.journeys.following import ended

SAID = OverrideRequest(state="failed", reason="No.")


async def has_a_result(api: GatewayApi, analysis_id: UUID) -> None:
    async with asyncio.timeout(60):
        while not (await api.analysis(analysis_id)).checks:
            await asyncio.sleep(0.05)


async def test_analysis_that_still_runs_is_left_alone(house: House, sample: Sample) -> None:
    assert house.fake
    house.fake.answer_with(Scripted(delay_s=4, times=0))
    only = {"only": "image_resolution,visual_hierarchy"}
    async with house.signed_in() as api:
        review = ReviewApi(api.caller)
        running = await api.analyse(sample.creative, "diageo", "diageo_key_visual", only)
        await has_a_result(api, running)
        with pytest.raises(Conflict, match="done can be reviewed"):
            await review.override(running, "image_resolution", SAID)
        with pytest.raises(Conflict, match="done can be reviewed"):
            await review.confirm(running)
        with pytest.raises(Conflict, match="not ended"):
            await review.rerun(running, RerunRequest())
        with pytest.raises(Conflict, match="not ended"):
            await review.compare(running, running)
        for form in ("html", "pdf", "json"):
            with pytest.raises(Conflict, match="not ended"):
                await api.analysis_report(running, form)
        house.fake.reset()
        assert (await ended(api, running)).state == "done"


async def test_only_a_person_can_review(house_without_keys: House, sample: Sample) -> None:
    house = house_without_keys
    async with house.signed_in() as api:
        only = {"only": "image_resolution"}
        one = await api.analyse(sample.creative, "diageo", "diageo_key_visual", only)
        await ended(api, one)
    bearer = house.trust.bearer("qc", service(Action.REVIEW_ANALYSES, Action.READ_ANALYSES))
    headers = {"Authorization": bearer}
    url = house.url("qc") / f"v1/analyses/{one}/checks/image_resolution/overrides"
    async with (
        ClientSession() as session,
        session.post(
            url, data=SAID.model_dump_json(), headers=headers | {"Content-Type": "application/json"}
        ) as response,
    ):
        assert (response.status, (await response.json())["code"]) == (403, "people_only")
