"""Providers, the ledger and the database fail; the analysis ends and no call is lost."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.database import Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.sample import Sample
from libs.problems import UpstreamFailed
from tests.fake_providers import FakeProviders, Scripted
from tests.house import House, open_house
from tests.journeys.following import analyse, by_id, ended, entries_of, with_cost
from tests.trust import Trust

FIRST = "product_visibility"
"""A judged check of the profile."""
GOOD = {"evidence": "A bottle.", "verdict": "pass", "score": 95, "findings": []}


@pytest.mark.parametrize("status", [401, 403])
async def test_wrong_key_is_an_error_that_names_the_setting(
    house: House, fake: FakeProviders, sample: Sample, status: int
) -> None:
    fake.answer_with(Scripted(status=status, times=0))
    async with house.signed_in() as api:
        analysis, _ = await analyse(api, sample.creative)

    judged = [r for r in analysis.checks if r.state == "error"]
    assert len(judged) >= 3
    assert all("GEMINI_API_KEY" in (r.reason or "") for r in judged), judged[0].reason
    assert analysis.state == "done" and analysis.verdict in ("incomplete", "fail")
    assert analysis.cost_usd == 0
    assert len(fake.calls) == 2, "a wrong key is not tried again: one group at each provider"


@pytest.mark.parametrize("status", [429, 500])
async def test_passing_trouble_is_outlasted(
    house: House, fake: FakeProviders, sample: Sample, status: int
) -> None:
    fake.answer_with(
        Scripted(status=status, headers={"retry-after": "0.2"}, provider="openai", times=3)
    )
    async with house.signed_in() as api:
        analysis, _ = await analyse(api, sample.creative)

    assert not [r for r in analysis.checks if r.state == "error"]
    entries = await entries_of(house, analysis.analysis_id)
    assert {str(e.event_id) for e in entries} == {call.attempt_id for call in fake.calls}
    troubled = [e for e in entries if e.outcome == "failed"]
    assert len(troubled) == 3
    if status == 500:
        assert {e.state for e in troubled} == {"unknown"}, "it may have been billed"
        assert all(e.cost_ceiling_usd for e in troubled)


async def test_checks_that_an_answer_left_out_are_asked_again_without_the_others(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(text=json.dumps({"answers": [{"check_id": FIRST, **GOOD}]})))
    async with house.signed_in() as api:
        analysis, _ = await analyse(api, sample.creative)

    assert not [r for r in analysis.checks if r.state == "error"]
    assert by_id(analysis)[FIRST].findings == []
    whole, rest = await entries_of(house, analysis.analysis_id)
    assert set(whole.check_ids) - set(rest.check_ids) == {FIRST}
    assert {str(e.event_id) for e in (whole, rest)} == {c.attempt_id for c in fake.billed}
    assert sum(r.cost_usd or 0 for r in analysis.checks) == analysis.cost_usd


async def test_lasting_trouble_goes_to_the_other_provider(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(
        Scripted(status=429, headers={"retry-after": "900"}, provider="openai", times=0)
    )
    async with house.signed_in() as api:
        analysis, _ = await analyse(api, sample.creative)

    judged = [r for r in analysis.checks if r.model_served]
    assert len(judged) >= 3
    assert all(str(r.model_served).startswith("gemini") for r in judged)


async def test_no_network_is_an_error_that_says_what_to_look_at(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample, fake: FakeProviders
) -> None:
    nowhere = {"openai_base_url": "http://127.0.0.1:9/v1", "gemini_base_url": "http://127.0.0.1:9"}
    async with (
        open_house(dsns, trust, tmp_path, fake, **nowhere) as house,
        house.signed_in() as api,
    ):
        analysis, _ = await analyse(api, sample.creative)

    errors = [r for r in analysis.checks if r.state == "error"]
    assert len(errors) >= 3
    assert all("cannot be reached" in (r.reason or "") for r in errors)
    assert analysis.cost_usd == 0


@pytest.mark.parametrize("text", ["no json", '{"evidence": "x"', '{"score": 870}'])
async def test_answer_that_breaks_the_form_is_paid_for_and_asked_again(
    house: House, fake: FakeProviders, sample: Sample, text: str
) -> None:
    fake.answer_with(Scripted(text=text, times=2))
    async with house.signed_in() as api:
        analysis, _ = await analyse(api, sample.creative)

    assert not [r for r in analysis.checks if r.state == "error"]
    entries = await entries_of(house, analysis.analysis_id)
    assert len(entries) == len(fake.billed)
    assert all((e.cost_usd or 0) > 0 for e in entries)


async def test_ledger_that_is_away_holds_nothing_up_and_misses_nothing(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    async with house.signed_in() as api:
        await house.stop("usage")
        analysis_id = await api.analyse(sample.creative, "diageo", "diageo_key_visual")
        without = await ended(api, analysis_id)
        assert without.verdict is not None
        assert without.cost_usd is None, "nobody knows the cost yet"

        await house.start("usage")
        analysis = await with_cost(api, analysis_id)

    entries = await entries_of(house, analysis_id)
    assert {str(e.event_id) for e in entries} == {call.attempt_id for call in fake.billed}
    assert analysis.cost_usd == sum((e.cost_usd or Decimal(0) for e in entries), Decimal(0)) > 0


async def test_registry_that_is_away_is_a_clear_answer(house: House, sample: Sample) -> None:
    async with house.signed_in() as api:
        await house.stop("profiles")
        with pytest.raises(UpstreamFailed):
            await api.analyse(sample.creative, "diageo", "diageo_key_visual")
        await house.start("profiles")
        assert await api.analyse(sample.creative, "diageo", "diageo_key_visual")


async def test_database_that_is_killed_in_mid_flight_loses_nothing(
    house: House, fake: FakeProviders, sample: Sample, postgres: EmbeddedPostgres
) -> None:
    fake.answer_with(Scripted(delay_s=1.0, times=0))
    async with house.signed_in() as api:
        analysis_id = await api.analyse(sample.creative, "diageo", "diageo_key_visual")
        async with asyncio.timeout(30):
            while not fake.calls:
                await asyncio.sleep(0.05)
        os.kill(postgres.process_id or 0, signal.SIGKILL)
        await asyncio.to_thread(_wait_gone, postgres)
        postgres.start()
        analysis = await with_cost(api, analysis_id)

    assert analysis.state == "done"
    assert not [r for r in analysis.checks if r.state == "error"]
    assert len(by_id(analysis)) == len(analysis.checks)
    entries = await entries_of(house, analysis_id)
    ids = [str(e.event_id) for e in entries]
    assert len(ids) == len(set(ids))
    assert {call.attempt_id for call in fake.billed} <= set(ids)


def _wait_gone(postgres: EmbeddedPostgres) -> None:
    while postgres.is_running():
        time.sleep(0.05)
