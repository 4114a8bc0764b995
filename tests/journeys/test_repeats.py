"""A model that changes its mind is found out: every repeat asks anew, and reruns do."""

import json

from deploy.sample import Sample
from libs.api.review import ReviewApi
from libs.contracts.review import RerunRequest
from services.qc.domain.reliability import agreement
from tests.fake_providers import Scripted
from tests.house import House
from tests.journeys.following import with_cost

FICKLE, STEADY = "visual_hierarchy", "image_resolution"
ONLY = {"only": f"{FICKLE},{STEADY}"}
SCORES = (90, 20, 80, 90)


def said(score: float) -> Scripted:
    verdict = "pass" if score >= 70 else "fail"
    answer = {"evidence": "Seen.", "verdict": verdict, "score": score, "findings": []}
    return Scripted(text=json.dumps(answer))


async def test_every_repeat_asks_anew_and_tells_how_far_a_check_agrees_with_itself(
    house: House, sample: Sample
) -> None:
    assert house.fake
    house.fake.answer_with(*map(said, SCORES))
    async with house.signed_in() as api:
        runs = [
            await with_cost(
                api,
                await api.analyse(
                    sample.creative, "diageo", "diageo_key_visual", ONLY | {"fresh": "true"}
                ),
            )
            for _ in SCORES
        ]

    found = {one.check_id: one for one in agreement([runs]).checks}
    assert len(house.fake.billed) == len(SCORES), "no answer of before was taken"
    assert found[STEADY].exact.value == 1 and found[STEADY].score_spread_most == 0
    assert found[FICKLE].exact.value == 0 and found[FICKLE].score_spread_most == 70
    assert found[FICKLE].states == {"passed": 3, "failed": 1}


async def test_rerun_of_a_judged_check_asks_anew(house: House, sample: Sample) -> None:
    assert house.fake
    house.fake.answer_with(said(20), said(90))
    async with house.signed_in() as api:
        first = await with_cost(
            api, await api.analyse(sample.creative, "diageo", "diageo_key_visual", ONLY)
        )
        queued = await ReviewApi(api.caller).rerun(first.analysis_id, RerunRequest())
        again = await with_cost(api, queued.analysis_id)

    assert queued.checks == [FICKLE]
    assert [one.score for one in first.checks if one.check_id == FICKLE] == [20]
    assert [one.score for one in again.checks if one.check_id == FICKLE] == [90]
    assert len(house.fake.billed) == 2 and again.cost_usd
