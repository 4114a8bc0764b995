"""Limits on the way to the providers and at the door: storms, quotas, deadlines, full queues."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from deploy.database import Dsns
from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis
from libs.postgres import open_pool, transaction
from libs.problems import TooMany
from tests.fake_providers import Call, FakeProviders, Scripted
from tests.house import House, open_house
from tests.journeys.following import entries_of, with_cost
from tests.trust import Trust

JUDGED = {"only": "product_visibility,appeal_to_minors,responsible_drinking", "fresh": "true"}
FIRST_REFUSED = 2
RETRY_S = 2.0
ON_THE_WAY_S = 1.0
"""By then a call that left before the refusal came back has arrived, also on a busy machine."""


class Storm:
    """A provider that turns away the first calls, and then all but so many at a time."""

    def __init__(self, fake: FakeProviders, bears: int) -> None:
        self._fake = fake
        self._bears = bears
        self.refused_at_s: list[float] = []
        self.early = 0

    def __call__(self, call: Call) -> Scripted:
        now_s = time.monotonic()
        if self.refused_at_s and ON_THE_WAY_S < now_s - self.refused_at_s[-1] < RETRY_S - 0.05:
            self.early += 1
        under_way = sum(not one.fully_sent for one in self._fake.calls if one is not call)
        if under_way >= self._bears or len(self._fake.calls) <= FIRST_REFUSED:
            self.refused_at_s.append(now_s)
            return Scripted(status=429, headers={"retry-after": str(RETRY_S)})
        return Scripted(delay_s=1.0)


async def judged(api: GatewayApi, sample: Sample) -> Analysis:
    analysis_id = await api.analyse(sample.creative, "diageo", "diageo_key_visual", JUDGED)
    return await with_cost(api, analysis_id)


async def test_storm_of_refusals_is_outlasted_and_costs_nothing(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    async with (
        open_house(dsns, trust, tmp_path, fake, calls_at_first=16) as house,
        house.signed_in() as api,
    ):
        fake.script = storm = Storm(fake, bears=1)
        ids = await asyncio.gather(
            *(api.analyse(sample.creative, "diageo", "diageo_key_visual", JUDGED) for _ in range(5))
        )
        analyses = [await with_cost(api, analysis_id) for analysis_id in ids]
        entries = [entry for analysis_id in ids for entry in await entries_of(house, analysis_id)]

    assert {analysis.state for analysis in analyses} == {"done"}
    assert not [r for analysis in analyses for r in analysis.checks if r.state == "error"]
    assert storm.refused_at_s, "there was a storm"
    assert storm.early == 0, "nothing starts before Retry-After"
    assert {str(entry.event_id) for entry in entries} == {call.attempt_id for call in fake.calls}
    refused = [entry for entry in entries if entry.outcome == "failed"]
    assert len(refused) == len(storm.refused_at_s)
    assert {entry.cost_usd for entry in refused} == {0}


async def test_spent_quota_is_not_asked_again(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    spent = {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}
    fake.answer_with(Scripted(status=429, body=spent, provider="openai", times=0))
    async with open_house(dsns, trust, tmp_path, fake) as house, house.signed_in() as api:
        analysis = await judged(api, sample)

    asked = Counter(call.provider for call in fake.calls)
    assert asked["openai"] == asked["google"], "each question once, then the other provider"
    assert not [r for r in analysis.checks if r.state == "error"]


async def test_model_that_wants_a_long_pause_is_asked_by_nobody_else(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    fake.answer_with(
        Scripted(status=429, headers={"retry-after": "300"}, provider="openai", times=0)
    )
    async with open_house(dsns, trust, tmp_path, fake) as house, house.signed_in() as api:
        first = await judged(api, sample)
        told = len([call for call in fake.calls if call.provider == "openai"])
        second = await judged(api, sample)

    assert told == len([call for call in fake.calls if call.provider == "openai"]) > 0
    for analysis in (first, second):
        served = [str(result.model_served) for result in analysis.checks if result.model_served]
        assert served and all(model.startswith("gemini") for model in served)


async def test_nothing_is_asked_before_the_reset_that_the_headers_tell(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    spent = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "9s",
    }
    async with open_house(dsns, trust, tmp_path, fake) as house, house.signed_in() as api:
        fake.answer_with(Scripted(headers=spent, times=0))
        first = await judged(api, sample)
        told = len(fake.calls)
        second = await judged(api, sample)

    last, following = (datetime.fromisoformat(call.at) for call in fake.calls[told - 1 : told + 1])
    assert (following - last).total_seconds() >= 8.9
    assert first.state == second.state == "done"
    assert not [result for result in second.checks if result.state == "error"]


async def test_analysis_ends_when_its_time_is_over_with_every_call_in_the_ledger(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    async with (
        open_house(dsns, trust, tmp_path, fake, run_timeout_s=6.0, call_timeout_s=50) as house,
        house.signed_in() as api,
    ):
        fake.answer_with(Scripted(delay_s=60.0, times=0))
        analysis = await judged(api, sample)
        events = [event async for event in api.events(analysis.analysis_id)]
        entries = await entries_of(house, analysis.analysis_id, at_least=len(fake.calls))

    assert (analysis.state, analysis.verdict) == ("done", "incomplete")
    errors = [result for result in analysis.checks if result.state == "error"]
    assert errors and all(
        "6 s that an analysis may ask" in (result.reason or "") for result in errors
    )
    assert {entry.outcome for entry in entries} == {"timed_out"}
    assert analysis.unknown_calls == len(entries) == len(fake.calls) > 0
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_full_queue_refuses_with_a_time_and_takes_again_later(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    fake.answer_with(Scripted(delay_s=60.0, times=0))
    limits = {"analyses_in_flight": 1, "most_queued_of_client": 2, "most_queued": 3}
    async with open_house(dsns, trust, tmp_path, fake, **limits) as house, house.signed_in() as api:

        async def upload(client_id: str = "diageo") -> UUID:
            return await api.analyse(sample.creative, client_id, f"{client_id}_key_visual")

        first = await upload()
        async with asyncio.timeout(60):
            while (await api.analysis(first)).state != "running":
                await asyncio.sleep(0.05)
        outcomes = await asyncio.gather(*(upload() for _ in range(8)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, TooMany)]
        assert len(refused) == 6, outcomes
        assert all(problem.retry_after_s for problem in refused)
        assert await upload("loreal"), "another client's room is its own"
        with pytest.raises(TooMany, match="3 analyses wait"):
            await upload("unilever")

        await api.cancel(first)
        async with asyncio.timeout(60):
            while (await api.analysis(first)).state != "cancelled":
                await asyncio.sleep(0.05)
            while len(await states_of(house, "queued")) == 3:
                await asyncio.sleep(0.05)
        assert await upload("unilever"), "as soon as one has its turn"


async def test_big_upload_into_a_full_queue_is_told_so(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    fake.answer_with(Scripted(delay_s=60.0, times=0))
    big = tmp_path / "big.jpg"
    big.write_bytes(sample.creative.read_bytes() + bytes(60 << 20))
    limits = {"analyses_in_flight": 1, "most_queued": 1}
    async with open_house(dsns, trust, tmp_path, fake, **limits) as house, house.signed_in() as api:
        for _ in range(2):
            await api.analyse(sample.creative, "diageo", "diageo_key_visual", JUDGED)
            async with asyncio.timeout(60):
                while not await states_of(house, "running"):
                    await asyncio.sleep(0.05)
        with pytest.raises(TooMany):
            await api.analyse(big, "diageo", "diageo_key_visual")


async def states_of(house: House, state: str) -> list[UUID]:
    async with open_pool(house.dsns["qc"].run, "qc", 1) as pool, transaction(pool) as db:
        rows = await db.fetch("SELECT analysis_id FROM analysis WHERE state = $1", state)
    return [row["analysis_id"] for row in rows]
