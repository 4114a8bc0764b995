"""A probe is a paid call: its intent is there before it, its event after it, whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.contracts.usage import ProviderCall
from libs.postgres import Pool, transaction
from services.qc.domain.adaptive import Bounds
from services.qc.domain.routing import ModelRef
from services.qc.limits import Limits
from services.qc.model_probe import PLATFORM, STRAY_AFTER, Prober
from services.qc.models import Registry
from services.qc.outbox import EVENT, Outbox
from services.qc.providers import open_providers
from tests.factories import admin
from tests.fake_providers import FakeProviders, Scripted

GPT, FLASH = ModelRef("openai", "gpt-6-sol"), ModelRef("google", "gemini-3.8-flash")
RED = Scripted(text='{"colour": "red"}', times=0)


@pytest.fixture
async def fake() -> AsyncIterator[FakeProviders]:
    async with FakeProviders() as fake:
        yield fake


@pytest.fixture
async def prober(pool: Pool, fake: FakeProviders) -> AsyncIterator[Prober]:
    async with open_providers(
        openai_api_key=SecretStr("sk-test-openai-0123456789"),
        openai_base_url=fake.openai_base_url,
        google_api_key=SecretStr("test-gemini-0123456789"),
        google_base_url=fake.google_base_url,
    ) as providers:
        nowhere = UsageApi(Caller(None, None))  # type: ignore[arg-type]
        limits = Limits(2, Bounds(at_first=2, most=2))
        yield Prober(pool, Registry(pool), providers, Outbox(pool, nowhere), limits)


async def events(pool: Pool) -> list[ProviderCall]:
    async with transaction(pool) as db:
        rows = await db.fetch("SELECT event FROM outbox ORDER BY event_id")
    found = [EVENT.validate_python(row["event"]) for row in rows]
    return [event for event in found if isinstance(event, ProviderCall)]


async def test_probe_that_is_answered_is_one_event_of_the_platform(
    prober: Prober, fake: FakeProviders, pool: Pool
) -> None:
    fake.answer_with(RED)

    told = await prober.probe([GPT, FLASH], admin())

    assert [(one.model, one.works) for one in told] == [(str(GPT), True), (str(FLASH), True)]
    sent = {str(event.event_id): event for event in await events(pool)}
    assert sent.keys() == {call.attempt_id for call in fake.billed}
    for event in sent.values():
        assert (event.client_id, event.user_id, event.outcome) == (PLATFORM, "ada", "succeeded")
        assert (event.usage_source, event.analysis_id) == ("actual", None)
        assert 0 < event.input_tokens < 5_000 and event.model_served


@pytest.mark.parametrize(
    ("answer", "says", "source"),
    [
        (Scripted(status=500), "answered 500", "unknown"),
        (Scripted(status=401), "OPENAI_API_KEY", "actual"),
        (Scripted(status=404), "answered 404", "actual"),
        (Scripted(cut=True), "", "unknown"),
        (Scripted(text="sorry"), "form", "actual"),
        (Scripted(text='{"colour": "blue"}'), "does not see pictures", "actual"),
        (Scripted(text='{"colour": "red"}', usage=None), "", "estimated"),
    ],
)
async def test_every_outcome_is_in_the_ledger(
    prober: Prober, fake: FakeProviders, pool: Pool, answer: Scripted, says: str, source: str
) -> None:
    fake.answer_with(answer)

    (told,) = await prober.probe([GPT], admin())

    (event,) = await events(pool)
    assert event.event_id == told.probe_id
    assert says in told.message
    assert event.usage_source == source
    if source == "unknown":
        assert event.input_tokens > 1_000 and event.output_tokens == 2_000, "the ceiling"
    assert told.works is (source == "estimated")
    health = (await prober.registry.health())[GPT]
    assert health.works is told.works, "one failure is enough: it was asked to find out"


async def test_a_probe_waits_for_a_place_as_any_call_does(
    prober: Prober, fake: FakeProviders
) -> None:
    fake.answer_with(RED)
    async with prober.limits.place(GPT, "diageo"), prober.limits.place(GPT, "diageo"):
        asked = asyncio.create_task(prober.probe([GPT], admin()))
        while not prober.limits.waiting:
            await asyncio.sleep(0.01)
        assert fake.calls == []

    (told,) = await asked
    assert told.works and prober.limits.in_flight == 0


async def test_what_a_probe_hears_goes_for_every_call(
    prober: Prober, fake: FakeProviders, pool: Pool
) -> None:
    fake.answer_with(Scripted(status=429, headers={"Retry-After": "300"}), RED)
    await prober.probe([GPT], admin())

    (told,) = await prober.probe([GPT], admin())

    assert not told.works and told.kind == "rate_limited"
    assert len(fake.calls) == 1, "it was left alone, as it had asked"
    assert len(await events(pool)) == 1


async def test_provider_without_a_key_is_not_asked(prober: Prober, pool: Pool) -> None:
    (told,) = await prober.probe([ModelRef("studio", "qwen")], admin())

    assert not told.works and "no key" in told.message
    assert await events(pool) == []


async def test_model_that_was_marked_is_back_after_a_probe(
    prober: Prober, fake: FakeProviders
) -> None:
    fake.answer_with(Scripted(status=500), RED)
    await prober.probe([GPT], admin())
    assert (await prober.registry.chain([GPT, FLASH])).models == (FLASH,)

    await prober.probe([GPT], admin())

    assert (await prober.registry.chain([GPT, FLASH])).models == (GPT, FLASH)


async def test_probe_that_nobody_settled_becomes_unknown_once(
    prober: Prober, fake: FakeProviders, pool: Pool
) -> None:
    fake.answer_with(Scripted(delay_s=5))
    asked = asyncio.create_task(prober.probe([GPT], admin()))
    while not fake.calls:
        await asyncio.sleep(0.01)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert await prober.settle_strays() == 0, "it may still be answered"
    async with transaction(pool) as db:
        intent = await db.fetchval("SELECT intent FROM probe WHERE state = 'open'")
        stray = {**intent, "event_id": "01234567-89ab-7def-8123-456789abcdef"}
        old = (
            "INSERT INTO probe (probe_id, intent, opened_at) VALUES ($1, $2, now() - $3::interval)"
        )
        await db.execute(old, stray["event_id"], stray, STRAY_AFTER + timedelta(minutes=1))

    assert [await prober.settle_strays(), await prober.settle_strays()] == [1, 0]

    (event,) = await events(pool)
    assert (str(event.event_id), event.outcome) == (stray["event_id"], "unknown")
    assert event.output_tokens == 2_000
