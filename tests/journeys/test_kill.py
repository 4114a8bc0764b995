"""Processes are killed in mid-analysis; it ends all the same and no provider call is lost.

Here each kill is a rule of its own, seen through the gateway; test_kill_loop.py makes many.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientSession, CookieJar
from PIL import Image

from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis, ProgressEvent
from libs.contracts.usage import LedgerEntry
from libs.problems import Problem, UpstreamFailed
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.processes import (
    CALLS_IN_FLIGHT,
    LEASE_S,
    FakeProcess,
    Up,
    fake_providers_process,
)

pytestmark = LINUX_ONLY
ANSWER_S = 0.5
JUDGED = tuple(f"judged_{number:02}" for number in range(12))
EXACT = ("file_naming", "image_resolution")
CALLS = 3
PROFILE: dict[str, Any] = {
    "name": "Some calls",
    "checks": {id: {"kind": "judged", "prompt": f"Is {id} right?"} for id in JUDGED}
    | {id: {"kind": "exact"} for id in EXACT},
}
"""Twelve judged checks are three calls: more than may be in flight."""

ASKED = ("diageo", "some_calls", {"fresh": "true"})
"""Client, profile, and that no answer of an earlier test will do."""
PATIENCE_S = 120.0
WITHIN_S = 12.0


@dataclass
class Seen:
    """What was to be seen of an analysis from outside, at some moment."""

    calls: int
    answered: int


MOMENTS: list[tuple[str, Callable[[Seen], bool]]] = [
    ("before any call", lambda seen: True),
    ("with calls in flight", lambda seen: seen.calls > 0),
    ("after some results", lambda seen: seen.answered > 0),
]


@pytest.fixture(scope="module")
def fake_process() -> Iterator[FakeProcess]:
    with fake_providers_process() as fake:
        yield fake


@pytest.fixture
def fake(fake_process: FakeProcess) -> FakeProcess:
    """Every call that it has seen was made in the test at hand."""
    fake_process.answer_all(delay_s=ANSWER_S)
    return fake_process


@pytest.fixture(scope="module")
def up(fake_process: FakeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    settings = {"QC_LEASE_S": LEASE_S, "QC_CALLS_IN_FLIGHT": str(CALLS_IN_FLIGHT)}
    settings |= {"QC_MAX_CLAIMS": "50", "QC_TRIAGE": "off"}
    folder = tmp_path_factory.mktemp("platform") / "data"
    with Up(folder, fake_process.environment | settings) as up:
        asyncio.run(add_profile(up))
        yield up


@pytest.fixture(scope="module")
def creative(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small, because what takes time here is reading its text."""
    path = tmp_path_factory.mktemp("small") / "small.png"
    with Image.open(sample.creative) as picture:
        picture.resize((500, 500)).save(path)
    return path


async def add_profile(up: Up) -> None:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        await GatewayApi(session, up.url).sign_in("admin")
        async with session.post(up.url / "api/profiles", json=PROFILE) as answer:
            assert answer.status == 201, await answer.text()


@asynccontextmanager
async def signed_in(up: Up) -> AsyncIterator[GatewayApi]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        api = GatewayApi(session, up.url)
        await api.sign_in("admin")
        yield api


@pytest.mark.parametrize("number", range(len(MOMENTS)))
async def test_kill_of_qc_loses_no_call_and_makes_none_twice(
    up: Up, fake: FakeProcess, creative: Path, number: int
) -> None:
    _, reached = MOMENTS[number]
    async with signed_in(up) as api:
        analysis_id = await api.analyse(creative, *ASKED)
        await wait_for(reached, api, fake, analysis_id)
        await asyncio.sleep(random.Random(number).uniform(0, ANSWER_S / 2))
        await asyncio.to_thread(up.kill_service, "qc")
        analysis = await ended(api, analysis_id)

    unknown = await nothing_lost(up, fake, [analysis])
    assert unknown <= CALLS_IN_FLIGHT, "at most the calls in flight are unknown"


async def test_qc_that_is_told_to_stop_hands_its_analyses_on(
    up: Up, fake: FakeProcess, creative: Path
) -> None:
    fake.answer_all(delay_s=3 * ANSWER_S)
    async with signed_in(up) as api:
        ids = [await api.analyse(creative, *ASKED) for _ in range(2)]
        await wait_for(MOMENTS[1][1], api, fake, ids[0])
        await asyncio.to_thread(up.kill_service, "qc", signal.SIGTERM)
        analyses = [await ended(api, analysis_id) for analysis_id in ids]

    assert await nothing_lost(up, fake, analyses) <= CALLS_IN_FLIGHT


async def test_kill_of_usage_holds_nothing_up_and_counts_nothing_twice(
    up: Up, fake: FakeProcess, creative: Path
) -> None:
    async with signed_in(up) as api:
        analysis_id = await api.analyse(creative, *ASKED)
        await wait_for(MOMENTS[2][1], api, fake, analysis_id)
        await asyncio.to_thread(up.kill_service, "usage")
        analysis = await ended(api, analysis_id)

    assert await nothing_lost(up, fake, [analysis]) == 0


async def test_kill_of_everything_is_outlived_by_the_analysis(
    up: Up, fake: FakeProcess, creative: Path
) -> None:
    async with signed_in(up) as api:
        analysis_id = await api.analyse(creative, *ASKED)
        await wait_for(MOMENTS[1][1], api, fake, analysis_id)
        up.kill()
        await asyncio.to_thread(up.start)
        await api.sign_in("admin")
        analysis = await ended(api, analysis_id)

    assert await nothing_lost(up, fake, [analysis]) <= CALLS_IN_FLIGHT


async def test_told_to_stop_under_load_it_ends_in_time_and_goes_on_later(
    up: Up, fake: FakeProcess, creative: Path
) -> None:
    fake.answer_all(delay_s=30.0)
    async with signed_in(up) as api:
        analysis_id = await api.analyse(creative, *ASKED)
        following = asyncio.create_task(follow(api, analysis_id))
        await wait_for(MOMENTS[1][1], api, fake, analysis_id)
        took_s = await asyncio.to_thread(up.stop, signal.SIGINT)
        await following
        assert took_s < WITHIN_S and "did not drain" not in up.log, up.log[-2000:]

        calls_cut = await asyncio.to_thread(fake.calls)
        fake.answer_all(delay_s=0.0)
        await asyncio.to_thread(up.start)
        await api.sign_in("admin")
        analysis = await ended(api, analysis_id)

    assert analysis.unknown_calls == len(calls_cut) == CALLS_IN_FLIGHT


async def follow(api: GatewayApi, analysis_id: UUID) -> None:
    """As a browser does; the stream may break off."""
    with suppress(UpstreamFailed):
        async for _ in api.events(analysis_id):
            pass


async def wait_for(
    reached: Callable[[Seen], bool], api: GatewayApi, fake: FakeProcess, analysis_id: UUID
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            calls = await asyncio.to_thread(fake.calls)
            results = (await api.analysis(analysis_id)).checks
            answered = sum(1 for result in results if result.model_served)
            if reached(Seen(len(calls), answered)):
                return
            await asyncio.sleep(0.05)


async def ended(api: GatewayApi, analysis_id: UUID) -> Analysis:
    """The ended analysis with its cost; while a service is away its answers are no matter."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                analysis = await api.analysis(analysis_id)
            except Problem:
                analysis = None
            if analysis and analysis.finished_at and analysis.cost_usd is not None:
                await complete_progress(api, analysis)
                return analysis
            await asyncio.sleep(0.1)


async def complete_progress(api: GatewayApi, analysis: Analysis) -> None:
    events = [event async for event in api.events(analysis.analysis_id)]

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events].count("finished") == 1
    assert events[-1].kind == "finished"
    assert told_once(events) == {result.check_id for result in analysis.checks}


def told_once(events: list[ProgressEvent]) -> set[str | None]:
    told = Counter(event.check_id for event in events if event.kind == "check_finished")
    assert set(told.values()) == {1}, told
    return set(told)


async def nothing_lost(up: Up, fake: FakeProcess, analyses: Sequence[Analysis]) -> int:
    """Hold the ledger against what the provider saw; return how many calls are unknown."""
    entries = [entry for a in analyses for entry in await entries_of(up, a)]
    in_ledger = Counter(str(entry.event_id) for entry in entries)
    seen = Counter(call["attempt_id"] for call in await asyncio.to_thread(fake.calls))

    assert set(in_ledger.values()) == {1}, "each call is in the ledger once"
    assert set(seen.values()) == {1}, "no call is made twice"
    assert seen.keys() <= in_ledger.keys(), "each call that the provider saw is in the ledger"
    never_made = in_ledger.keys() - seen.keys()
    unknown = {str(entry.event_id) for entry in entries if entry.state == "unknown"}
    assert never_made <= unknown
    return len(unknown)


async def entries_of(up: Up, analysis: Analysis) -> list[LedgerEntry]:
    """The ledger of an analysis that has a result for each check, and paid for each answer."""
    answered = {result.check_id for result in analysis.checks if result.model_served}
    entries = await up.entries(analysis.analysis_id, at_least=CALLS)
    posted = [entry for entry in entries if entry.state == "posted"]
    unknown = [entry for entry in entries if entry.state == "unknown"]

    assert analysis.state == "done" and answered == set(JUDGED)
    assert sorted(result.check_id for result in analysis.checks) == sorted((*JUDGED, *EXACT))
    paid = Counter(check_id for entry in posted for check_id in entry.check_ids)
    assert paid == Counter(JUDGED), "each answer is a result, each result was paid for once"
    assert len(unknown) == analysis.unknown_calls == len(entries) - len(posted)
    assert all(entry.cost_ceiling_usd for entry in unknown)
    assert analysis.cost_usd == sum(entry.cost_usd or 0 for entry in posted)
    return entries
