"""Analyses of eleven judged checks against providers that answer after 800 ms."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from PIL import Image
from yarl import URL

from deploy.sample import write_sample
from libs.api.gateway import GatewayApi
from libs.contracts.qc import ProgressEvent
from tests.bench import calls, sink
from tests.bench.board import ROUNDS, Board, at_most, in_turn, typical
from tests.bench.running import Running, Started

BENCH = "orchestration"
CHECKS = calls.CHECKS
MANY = 10
ANSWER_S = sink.ANSWER_S
KEY = calls.KEY
MOST_CALLS = 4
"""Eleven checks of one theme and chain are three calls; the rest is for priming."""

APIS = {"chat": "Chat Completions", "responses": "Responses", "gemini": "Gemini"}
FAST_ROUNDS = 3
PROFILE = {
    "name": "Eleven judged",
    "checks": {
        f"judged_{number}": {
            "kind": "judged",
            "prompt": f"Question {number}: is the headline clear of the edge? Passes when it is.",
        }
        for number in range(CHECKS)
    },
}

Taken = dict[str, float]
"""Seconds: `wall`, `asking`, `cpu`; and how many `calls` an analysis took."""


@dataclass(frozen=True)
class Platform:
    qc: Started
    fake: Started
    api: GatewayApi
    session: ClientSession
    creatives: Iterator[Path]

    async def script(self) -> None:
        """Forget the calls so far, and answer every call after the same time."""
        asked = {"reset": True, "answers": [{"times": 0, "delay_s": ANSWER_S}]}
        async with self.session.post(self.fake.url / "_script", json=asked) as answer:
            assert answer.status == 200

    async def calls(self) -> list[dict[str, Any]]:
        async with self.session.get(self.fake.url / "_calls") as answer:
            found: list[dict[str, Any]] = (await answer.json())["calls"]
            return found

    async def analyse(self, count: int) -> Taken:
        """`count` creatives at once, from the first byte sent to the last verdict."""
        await self.script()
        began_s, cpu_began_s = time.perf_counter(), self.qc.cpu_s()
        followed = await asyncio.gather(*(self._one(next(self.creatives)) for _ in range(count)))
        wall_s, cpu_s = time.perf_counter() - began_s, self.qc.cpu_s() - cpu_began_s
        made = await self.calls()
        assert count <= len(made) <= count * MOST_CALLS
        assert all(call["billed"] and call["fully_sent"] for call in made)
        asking_s = max(map(_asking_s, followed))
        return {"wall": wall_s, "asking": asking_s, "cpu": cpu_s, "calls": len(made) / count}

    async def _one(self, creative: Path) -> list[ProgressEvent]:
        # What was answered in an earlier round is not to be taken for an answer of this one.
        given = {"fresh": "true"}
        analysis_id = await self.api.analyse(creative, "general", "eleven_judged", given)
        events = [event async for event in self.api.events(analysis_id)]
        finished = [event for event in events if event.kind == "check_finished"]
        assert len(finished) == CHECKS
        assert {event.state for event in finished} <= {"passed", "failed"}
        return events


def _asking_s(events: list[ProgressEvent]) -> float:
    """From an analysis's first question to its end."""
    asked_at = min(event.at for event in events if event.kind == "check_started")
    return (events[-1].at - asked_at).total_seconds()


def _creatives(folder: Path) -> list[Path]:
    """Different ones, each with grain: as a photograph it is then about 1 MiB in base64."""
    sample = Image.open(write_sample(folder).creative).convert("RGB")
    paths = [folder / f"creative_{number}.jpg" for number in range(MANY)]
    for path in paths:
        grain = Image.effect_noise(sample.size, 60).convert("RGB")
        Image.blend(sample, grain, 0.04).save(path, quality=93, subsampling=0)
    return paths


@pytest.fixture
async def platform(running: Running, tmp_path: Path) -> AsyncIterator[Platform]:
    fake = running.start_module("fake", "tests.fake_providers", "/_calls")
    running.start("usage")
    running.start("profiles")
    qc = running.start(
        "qc",
        store_url=f"file://{tmp_path / 'objects'}",
        openai_api_key=KEY,
        openai_base_url=str(fake.url / "v1"),
        calls_in_flight=str(CHECKS * MANY),
        calls_of_model=str(CHECKS * MANY),
        calls_at_first=str(CHECKS * MANY),
        analyses_in_flight=str(MANY),
        # Cheap models that are asked first would be more calls than the floor has.
        triage="off",
    )
    gateway = running.start("gateway")
    creatives = cycle(_creatives(tmp_path))
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        api = GatewayApi(session, gateway.url)
        await api.sign_in("admin")
        async with session.post(gateway.url / "api/profiles", json=PROFILE) as answer:
            assert answer.status == 201, await answer.text()
        yield Platform(qc, fake, api, session, creatives)


async def test_one_and_ten_analyses(platform: Platform, board: Board) -> None:
    await platform.analyse(1)
    before_bytes = platform.qc.memory_bytes()
    taken = await in_turn(
        {"one": lambda: platform.analyse(1), "many": lambda: platform.analyse(MANY)}
    )
    sent_bytes = next(platform.creatives).stat().st_size * 4 / 3
    growth = (platform.qc.memory_bytes() - before_bytes) / (MANY * sent_bytes)

    def of(way: str, what: str) -> float:
        return typical(figures[what] for figures in taken[way])

    board.write(BENCH, "calls of an analysis of eleven judged checks", of("one", "calls"), ROUNDS)
    for way, count, most in (("one", 1, 1.03), ("many", MANY, 1.7)):
        asking, wall = (of(way, part) / ANSWER_S for part in ("asking", "wall"))
        board.write(BENCH, f"N={count} × 800 ms, asking", asking, ROUNDS, at_most(most))
        board.write(BENCH, f"N={count} × 800 ms, upload to verdict", wall, ROUNDS)
        cpu_ms = of(way, "cpu") / CHECKS / count * 1000
        board.write(BENCH, f"CPU ms a check, all of qc, N={count}", cpu_ms, ROUNDS)
    board.write(BENCH, "peak memory of all of qc × pictures in base64", growth, 1)
    board.note(
        BENCH,
        f"through the platform, the limit of 1.7 is for N=20; {CHECKS * MANY} calls may be in "
        "flight here. Asking is that of the slowest analysis, while others are being decoded.",
    )


@pytest.mark.parametrize("api", APIS)
async def test_calls_beside_the_official_sdk(running: Running, board: Board, api: str) -> None:
    """The adapters alone, one call a check: what grouping then divides."""
    started = running.start_module("sink", "tests.bench.sink", "/readyz")
    found = await _measured(started.url, api)

    for way in ("ours 1", f"ours {calls.MANY}", f"ours {calls.MOST}", f"ours {calls.MOST} first"):
        assert found[f"{way} failed"] == 0, "a time-out of our own making"
    _write_calls(board, f"calls, {APIS[api]}", found)


async def _measured(url: URL, api: str) -> dict[str, float]:
    arguments = ("-m", "tests.bench.calls", str(url.origin()), api, str(FAST_ROUNDS))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    found: dict[str, float] = json.loads(printed)
    return found


def _write_calls(board: Board, what: str, found: dict[str, float]) -> None:
    many, most = calls.MANY, calls.MOST
    holds = {1: at_most(1.03), many: at_most(1.7), most: None}
    for count, hold in holds.items():
        for way, name in (("bare", "bare calls (floor)"), ("ours", "ours")):
            wall = found[f"{way} {count} wall_s"] / ANSWER_S
            limit = hold if way == "ours" else None
            board.write(BENCH, f"{what}: N={count} × 800 ms, {name}", wall, FAST_ROUNDS, limit)
    sdk_s, ours_s = found["sdk 1 cpu_s"], found["ours 1 cpu_s"]
    board.write(BENCH, f"{what}: CPU ms, SDK as it comes", sdk_s * 1000, FAST_ROUNDS)
    board.write(BENCH, f"{what}: CPU ms, ours", ours_s * 1000, FAST_ROUNDS)
    board.write(BENCH, f"{what}: CPU × the SDK's", ours_s / sdk_s, FAST_ROUNDS, at_most(0.3))
    for count in (many, most):
        growth = found[f"memory {count}"]
        name = f"{what}: N={count}, memory × pictures in base64"
        board.write(BENCH, name, growth, 1, at_most(1.5))
    timed_out = found[f"ours {most} failed"] + found[f"ours {most} first failed"]
    board.write(BENCH, f"{what}: N={most}, calls timed out", timed_out, FAST_ROUNDS, at_most(0))
