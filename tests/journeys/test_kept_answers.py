"""The same question is not paid for twice: a kept answer is a ledger row that costs nothing."""

import json
from decimal import Decimal
from pathlib import Path

from deploy.sample import Sample
from tests.fake_providers import FakeProviders, Scripted
from tests.house import House
from tests.journeys.following import analyse, by_id, entries_of, with_cost

PROFILE = "diageo_key_visual"
GOOD = json.dumps({"evidence": "A bottle.", "verdict": "pass", "score": 95, "findings": []})
BAD = json.dumps({"evidence": "A bottle.", "verdict": "fail", "score": 5, "findings": []})


async def test_same_question_is_answered_from_before_and_costs_nothing(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(text=GOOD, times=1), Scripted(text=BAD, times=0))
    async with house.signed_in() as api:
        first, _ = await analyse(api, sample.creative)
        calls = len(fake.calls)
        again, events = await analyse(api, sample.creative)
        entries = await entries_of(house, again.analysis_id)

    judged = [result for result in again.checks if result.model_served]
    assert len(fake.calls) == calls and calls > 0
    assert again.cost_usd == 0 < (first.cost_usd or Decimal(0))
    assert all(result.cached and result.cost_usd == 0 for result in judged)
    assert {(e.outcome, e.cost_usd, e.state, e.total_tokens) for e in entries} == {
        ("cached", Decimal(0), "posted", 0)
    }
    assert {id for e in entries for id in e.check_ids} == {r.check_id for r in judged}
    assert (again.verdict, again.score) == (first.verdict, first.score)
    for result in judged:
        before = by_id(first)[result.check_id]
        assert (result.state, result.score, result.findings) == (
            before.state,
            before.score,
            before.findings,
        )
    assert [event.check_id for event in events if event.kind == "check_finished"]


async def test_fresh_analysis_pays_anew_and_its_answers_are_kept(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(text=GOOD, times=1), Scripted(text=BAD, times=0))
    async with house.signed_in() as api:
        await analyse(api, sample.creative)
        given = {"fresh": "true"}
        fresh = await with_cost(api, await api.analyse(sample.creative, "diageo", PROFILE, given))
        calls = len(fake.calls)
        after, _ = await analyse(api, sample.creative)

    for analysis in (fresh, after):
        assert {r.state for r in analysis.checks if r.model_served} == {"failed"}
    assert calls == 2 == len(fake.calls), "one for the first, one for the fresh analysis"


async def test_another_name_or_client_is_another_question(
    house: House, fake: FakeProviders, sample: Sample, tmp_path: Path
) -> None:
    fake.answer_with(Scripted(text=GOOD, times=0))
    renamed = tmp_path / "another name.jpg"
    renamed.write_bytes(sample.creative.read_bytes())
    async with house.signed_in() as api:
        for file, client, profile in (
            (sample.creative, "diageo", "general_key_visual"),
            (renamed, "diageo", "general_key_visual"),
            (sample.creative, "loreal", "general_key_visual"),
        ):
            before = len(fake.calls)
            analysis, _ = await analyse(api, file, client, profile)
            assert len(fake.calls) > before
            assert not any(r.cached for r in analysis.checks if r.model_served)


async def test_answers_that_failed_are_asked_again(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(status=401, times=0))
    async with house.signed_in() as api:
        await analyse(api, sample.creative)
        fake.reset()
        fake.answer_with(Scripted(text=GOOD, times=0))
        again, _ = await analyse(api, sample.creative)

    judged = [result for result in again.checks if result.model_served]
    assert fake.billed and {result.state for result in judged} == {"passed"}
