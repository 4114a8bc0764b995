"""A creative goes in through the gateway; verdict, findings and exact cost come out."""

import asyncio
import csv
import io
import json
from decimal import Decimal

from deploy.sample import Sample, write_sample
from tests.fake_providers import FakeProviders, Scripted
from tests.house import House
from tests.journeys.following import analyse, by_id, entries_of

GPT_4O_USAGE = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "total_tokens": 2306,
    "prompt_tokens_details": {"cached_tokens": 1920},
}
GPT_4O_COST = (
    (2006 - 1920) * Decimal("2.50") + 1920 * Decimal("1.25") + 300 * Decimal("10.00")
) / 1_000_000
GEMINI_USAGE = {
    "promptTokenCount": 1189,
    "cachedContentTokenCount": 512,
    "candidatesTokenCount": 203,
    "thoughtsTokenCount": 800,
    "totalTokenCount": 2192,
}
GEMINI_COST = (
    (1189 - 512) * Decimal("1.25") + 512 * Decimal("0.125") + 1003 * Decimal("10.00")
) / 1_000_000


async def test_from_upload_to_report_to_the_last_digit(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(usage=GPT_4O_USAGE, provider="openai", times=0))
    async with house.signed_in() as api:
        await api.add_logo(sample.logo, "diageo")
        analysis, events = await analyse(api, sample.creative)
        report = json.loads(
            await api.report({"last_days": "2", "format": "json"}), parse_float=Decimal
        )
        table = (await api.report({"last_days": "2", "format": "csv"})).decode()

    judged = [result for result in analysis.checks if result.model_served]
    total = GPT_4O_COST * len(fake.billed)
    assert Decimal("0.005615") == GPT_4O_COST
    assert len(judged) >= 3 and len(fake.billed) == 1, "they are asked together"
    assert {result.cost_usd for result in judged} == {GPT_4O_COST / len(judged)}
    assert analysis.cost_usd == total
    assert analysis.verdict in ("pass", "fail") and analysis.coverage == 100

    entries = await entries_of(house, analysis.analysis_id)
    assert sum(e.cost_usd or 0 for e in entries) == total
    assert {str(e.event_id) for e in entries} == {call.attempt_id for call in fake.billed}

    assert Decimal(report["total_cost"]) == total
    assert Decimal(report["by_client"]["diageo"]["cost"]) == total
    assert Decimal(report["by_provider"]["OpenAI"]["cost"]) == total
    assert report["total_analyses"] == 1
    summary = {row[0]: row[1] for row in csv.reader(io.StringIO(table)) if len(row) == 2}
    assert Decimal(summary["Total Cost"]) == total

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[0].kind, events[1].kind, events[-1].kind) == ("queued", "started", "finished")
    assert events[-1].done == events[-1].total == len(analysis.checks)


async def test_models_thoughts_and_cache_are_in_the_cost(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(
        Scripted(status=401, provider="openai", times=0),
        Scripted(usage=GEMINI_USAGE, provider="google", times=0),
    )
    async with house.signed_in() as api:
        await api.add_logo(sample.logo, "diageo")
        analysis, _ = await analyse(api, sample.creative)

    judged = [result for result in analysis.checks if result.model_served]
    assert Decimal("0.01094025") == GEMINI_COST
    assert {result.cost_usd for result in judged} == {GEMINI_COST / len(judged)}
    entries = await entries_of(house, analysis.analysis_id)
    assert sum(e.cost_usd or 0 for e in entries) == GEMINI_COST
    fallbacks = [e for e in entries if e.provider == "google"]
    assert len(fallbacks) == 1 and len(fallbacks[0].check_ids) == len(judged)
    assert {e.fallback_of for e in fallbacks} == {
        e.event_id for e in entries if e.provider == "openai"
    }


async def test_without_a_key_judged_checks_are_skipped_and_never_invented(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        await api.add_logo(sample.logo, "diageo")
        analysis, _ = await analyse(api, sample.creative)

    skipped = [result for result in analysis.checks if result.state == "skipped"]
    assert len(skipped) >= 3
    assert all("no provider configured" in (result.reason or "") for result in skipped)
    assert all(result.score is None and result.cost_usd == 0 for result in skipped)
    assert analysis.verdict == "incomplete"
    assert 0 < (analysis.coverage or 0) < 100
    assert analysis.cost_usd == 0


async def test_defect_is_found_where_it_is(house_without_keys: House, sample: Sample) -> None:
    broken = write_sample(sample.creative.parent / "typo", defect="typo")
    async with house_without_keys.signed_in() as api:
        await api.add_logo(sample.logo, "diageo")
        analysis, _ = await analyse(api, broken.creative)

    spelling = by_id(analysis)["spelling"]
    assert spelling.state == "failed"
    assert all(finding.region and finding.fix for finding in spelling.findings)


async def test_missing_logo_asset_is_missing_input_not_a_failure(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        analysis, _ = await analyse(api, sample.creative)

    logo = by_id(analysis)["logo_visibility"]
    assert (logo.state, logo.score) == ("missing_input", None)
    assert analysis.verdict == "incomplete"


async def test_stream_that_broke_goes_on_where_it_was(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        analysis, events = await analyse(api, sample.creative)
        rest = [event async for event in api.events(analysis.analysis_id, after=5)]
        async with asyncio.timeout(5):
            nothing = [event async for event in api.events(analysis.analysis_id, len(events))]

    assert rest == events[5:]
    assert nothing == []
