"""Importing old logs beside parsing the same lines with pydantic-core, which stores nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from aiohttp import ClientSession
from pydantic_core import from_json
from yarl import URL

from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.contracts.access import Action
from libs.contracts.imports import Imported, ImportQuery
from services.usage.domain.legacy import read_line
from services.usage.domain.legacy_lines import Lines
from services.usage.domain.legacy_values import Unreadable
from tests.bench.board import ROUNDS, Board, at_least, at_most, in_turn, typical
from tests.bench.legacy import legacy_log
from tests.bench.running import Running, Started
from tests.factories import service
from tests.trust import Trust

BENCH = "import"
ROUND_BYTES = 6 << 20
LARGE_BYTES = 100 << 20
HOUR = timedelta(hours=1)
MEGABYTE = 1 << 20


class Sender:
    def __init__(self, url: URL, session: ClientSession, authorization: str) -> None:
        token = authorization.removeprefix("Bearer ")
        self.api = UsageApi(Caller(session, url, lambda: token))

    async def send(self, chunks: Sequence[bytes], dry_run: bool = False) -> tuple[Imported, float]:
        """What was imported, and how many lines a second."""

        async def content() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        began = time.perf_counter()
        told = await self.api.import_log(content(), ImportQuery(file="old", dry_run=dry_run))
        return told, told.lines / (time.perf_counter() - began)


def _lines(chunks: Sequence[bytes]) -> list[bytes]:
    lines = Lines()
    return [line for chunk in chunks for line in lines.feed(chunk)]


def _parse(lines: Sequence[bytes]) -> float:
    """Lines a second of pydantic-core, those that are corrupt included."""
    began = time.perf_counter()
    for line in lines:
        try:
            from_json(line)
        except ValueError:
            continue
    return len(lines) / (time.perf_counter() - began)


def _read(lines: Sequence[bytes]) -> float:
    """Lines a second of our own reading, up to the ledger's rows."""
    began = time.perf_counter()
    for line in lines:
        try:
            read_line(line, str.lower)
        except Unreadable:
            continue
    return len(lines) / (time.perf_counter() - began)


@dataclass
class Fresh:
    """Imports that have not been done, a round each; counts the service's own work."""

    sender: Sender
    usage: Started
    rounds: list[list[bytes]]
    cpu_us: list[float] = field(default_factory=list)

    async def send_next(self) -> float:
        before = self.usage.cpu_s()
        told, per_s = await self.sender.send(self.rounds.pop())
        self.cpu_us.append((self.usage.cpu_s() - before) / told.lines * 1e6)
        assert told.imported > 0.97 * told.lines
        return per_s


async def test_import_beside_parsing(
    running: Running, trust: Trust, board: Board, shared_data: Path
) -> None:
    usage = running.start("usage")
    chunks = list(legacy_log(shared_data / "legacy-logs" / "usage_logs", ROUND_BYTES * ROUNDS))
    size = len(chunks) // ROUNDS
    rounds = [chunks[at * size : (at + 1) * size] for at in range(ROUNDS)]
    lines = _lines(rounds[0])
    authorization = trust.bearer("usage", service(Action.MANAGE_LEDGER), life=HOUR)
    async with ClientSession() as session:
        fresh = Fresh(Sender(usage.url, session, authorization), usage, list(rounds))
        taken = await in_turn(
            {
                "parse": lambda: asyncio.to_thread(_parse, lines),
                "read": lambda: asyncio.to_thread(_read, lines),
                "import": fresh.send_next,
            }
        )
        again = [await fresh.sender.send(part) for part in rounds]
    assert sum(told.imported for told, _ in again) == 0
    rate = {way: typical(figures) for way, figures in taken.items()}
    board.write(BENCH, "lines/s, import into the ledger", rate["import"], ROUNDS)
    board.write(BENCH, "lines/s, the same again", typical(per_s for _, per_s in again), ROUNDS)
    board.write(BENCH, "lines/s, our reading, to rows", rate["read"], ROUNDS)
    board.write(BENCH, "lines/s, pydantic-core from_json alone", rate["parse"], ROUNDS)
    board.write(BENCH, "× pydantic-core", rate["import"] / rate["parse"], ROUNDS, at_least(0.5))
    board.write(BENCH, "own CPU µs/line", typical(fresh.cpu_us), ROUNDS)
    board.note(
        BENCH,
        "pydantic-core parses a line in 1.5 µs; SHA-256, an id and a time for it take 3 µs in "
        "Python, and a row with its indexes 20 µs and more in Postgres.",
    )


async def test_memory_of_a_large_import(
    running: Running, trust: Trust, board: Board, shared_data: Path
) -> None:
    usage = running.start("usage")
    folder = shared_data / "legacy-logs" / "usage_logs"
    authorization = trust.bearer("usage", service(Action.MANAGE_LEDGER), life=HOUR)
    before = usage.memory_bytes()
    async with ClientSession() as session:
        api = Sender(usage.url, session, authorization).api

        async def content() -> AsyncIterator[bytes]:
            for chunk in legacy_log(folder, LARGE_BYTES):
                yield chunk

        told = await api.import_log(content(), ImportQuery(file="old"))

    assert told.lines > 300_000
    most = usage.memory_bytes() / MEGABYTE
    board.write(BENCH, "MB at most in the service, 100 MB of logs", most, 1, at_most(500))
    board.write(BENCH, "MB more than before the import", most - before / MEGABYTE, 1)
