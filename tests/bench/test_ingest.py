"""Usage events over HTTP, beside what Postgres does with the same rows unasked."""

import asyncio
import io
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession
from pydantic_core import from_json

from deploy.database import Dsns
from libs.contracts.access import Action
from libs.contracts.usage import ProviderCall, UsageEvents
from libs.postgres import Connection, Record, open_pool
from services.usage.domain.pricing import RateCard
from services.usage.rate_card import RateCards, read_price_files
from services.usage.record import Recorder
from services.usage.rows import content_sha256, priced
from tests.bench.board import ROUNDS, Board, at_least, at_most, in_turn, typical
from tests.bench.conftest import SCRATCH
from tests.bench.running import Running, Started
from tests.bench.traces import calls, cost_usd
from tests.factories import service
from tests.trust import Trust

BENCH = "usage ingest"
BATCH = 500
IN_FLIGHT = 4
EVENTS = 6_000
SINGLE_ROWS = 1_000
STAGE_ROUNDS = 25
SENDERS = 32
SENDS = 10
HOUR = timedelta(hours=1)

Taken = tuple[float, float]
"""Events in a second of wall clock; microseconds of the service's CPU for an event."""


class Sender:
    """Sends batches as qc does, with their bytes made beforehand."""

    def __init__(self, usage: Started, session: ClientSession, authorization: str) -> None:
        self._usage = usage
        self._session = session
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}
        self.accepted = self.duplicates = 0

    async def send(self, bodies: Sequence[bytes]) -> Taken:
        waiting = deque(bodies)
        began, cpu_began = time.perf_counter(), self._usage.cpu_s()
        await asyncio.gather(*(self._work_off(waiting) for _ in range(IN_FLIGHT)))
        wall_s, cpu_s = time.perf_counter() - began, self._usage.cpu_s() - cpu_began
        return EVENTS / wall_s, cpu_s / EVENTS * 1e6

    async def _work_off(self, waiting: deque[bytes]) -> None:
        url = self._usage.url / "v1/events"
        while waiting:
            body = waiting.popleft()
            async with self._session.post(url, data=body, headers=self._headers) as answer:
                assert answer.status == 200, await answer.text()
                counts = await answer.json()
            self.accepted += counts["accepted"]
            self.duplicates += counts["duplicates"]


def bodies_of(events: Sequence[ProviderCall]) -> list[bytes]:
    return [
        UsageEvents(events=list(events[start : start + BATCH])).model_dump_json().encode()
        for start in range(0, len(events), BATCH)
    ]


class Ceilings:
    """The same rows without validation, price or question whether they are new."""

    def __init__(self, db: Connection, rows: Sequence[Record]) -> None:
        names = [name for name in dict(rows[0]) if name != "day"]  # which is generated
        places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
        self._db = db
        self._names = names
        self._rows = [tuple(row[name] for name in names) for row in rows]
        self._bytes = b""
        self._insert = f"INSERT INTO {SCRATCH}.single ({', '.join(names)}) VALUES ({places})"

    async def prepare(self) -> None:
        encoded = io.BytesIO()
        await self._db.copy_from_query(
            f"SELECT {', '.join(self._names)} FROM usage.ledger_entry",
            output=encoded,
            format="binary",
        )
        self._bytes = encoded.getvalue()
        await self._db.execute(
            f"""
            CREATE TABLE {SCRATCH}.copied (LIKE usage.ledger_entry INCLUDING GENERATED);
            CREATE TABLE {SCRATCH}.single (LIKE usage.ledger_entry INCLUDING ALL)
                PARTITION BY RANGE (event_id);
            CREATE TABLE {SCRATCH}.single_month PARTITION OF {SCRATCH}.single DEFAULT;
            """
        )

    async def copy(self) -> Taken:
        """Raw COPY into a table without an index, of bytes that were made beforehand."""
        await self._db.execute(f"TRUNCATE {SCRATCH}.copied")
        began = time.perf_counter()
        await self._db.copy_to_table(
            "copied",
            source=io.BytesIO(self._bytes),
            columns=self._names,
            format="binary",
            schema_name=SCRATCH,
        )
        return len(self._rows) / (time.perf_counter() - began), 0.0

    async def copy_rows(self) -> Taken:
        """The same, of rows that asyncpg encodes: what a program in Python can reach."""
        await self._db.execute(f"TRUNCATE {SCRATCH}.copied")
        began = time.perf_counter()
        await self._db.copy_records_to_table(
            "copied", records=self._rows, columns=self._names, schema_name=SCRATCH
        )
        return len(self._rows) / (time.perf_counter() - began), 0.0

    async def insert_singly(self) -> Taken:
        """One INSERT between BEGIN and COMMIT, into a table with the ledger's partitions, indexes
        and constraints.
        """
        await self._db.execute(f"TRUNCATE {SCRATCH}.single")
        insert = await self._db.prepare(self._insert)
        began = time.perf_counter()
        for row in self._rows[:SINGLE_ROWS]:
            async with self._db.transaction():
                await insert.fetch(*row)
        return SINGLE_ROWS / (time.perf_counter() - began), 0.0


async def test_ingest_beside_copy_and_single_inserts(
    running: Running, trust: Trust, admin_db: Connection, board: Board
) -> None:
    usage = running.start("usage")
    events = calls(EVENTS * (ROUNDS + 1), datetime.now(UTC))
    fresh = deque(
        bodies_of(events[start : start + EVENTS]) for start in range(0, len(events), EVENTS)
    )
    last = fresh[-1]
    authorization = trust.bearer("usage", service(Action.RECORD_USAGE), life=HOUR)
    async with ClientSession() as session:
        sender = Sender(usage, session, authorization)
        await sender.send(fresh.popleft())
        ceilings = Ceilings(admin_db, await admin_db.fetch("SELECT * FROM usage.ledger_entry"))
        await ceilings.prepare()
        taken = await in_turn(
            {
                "endpoint": lambda: sender.send(fresh.popleft()),
                "copy": ceilings.copy,
                "copy rows": ceilings.copy_rows,
                "single": ceilings.insert_singly,
            }
        )
        assert (sender.accepted, sender.duplicates) == (len(events), 0)
        before = await _totals(admin_db)
        await sender.send(last)

    assert (sender.accepted, sender.duplicates) == (len(events), EVENTS)
    assert await _totals(admin_db) == before
    assert before["cost_usd"] == sum(map(cost_usd, events))
    assert before["tokens"] == sum(event.input_tokens + event.output_tokens for event in events)
    _write(board, taken)


class Alone(Recorder):
    """Records as if each sender's batch were a transaction of its own."""

    def _take(self) -> list[Any]:
        return [self._waiting.popleft()]


def test_what_our_own_work_consists_of(board: Board) -> None:
    """Each stage alone and in Python alone, without HTTP, COPY or a database."""
    events = calls(BATCH, datetime.now(UTC))
    [body] = bodies_of(events)
    files = read_price_files()
    card = RateCard([p for file in files for p in file.prices()], [f.names() for f in files])
    stages: Mapping[str, Callable[[], object]] = {
        "pydantic-core from_json": lambda: from_json(body),
        "validating by the contract": lambda: UsageEvents.model_validate_json(body),
        "content hash, of which": lambda: [content_sha256(event) for event in events],
        "writing it as JSON": lambda: [e.model_dump_json(exclude_defaults=True) for e in events],
        "price and row": lambda: [priced(event, card, b"") for event in events],
    }
    taken: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(STAGE_ROUNDS):
        for name, stage in stages.items():
            began = time.process_time()
            stage()
            taken[name].append((time.process_time() - began) / BATCH * 1e6)
    for name, figures in taken.items():
        board.write(BENCH, f"CPU µs/event alone, {name}", typical(figures), STAGE_ROUNDS)


async def test_senders_that_share_a_commit_beside_senders_that_do_not(
    admin_db: Connection, prepared: Mapping[str, Dsns], running: Running, board: Board
) -> None:
    """In one process with its database: HTTP costs both the same."""
    running.start("usage")  # which migrates
    async with open_pool(prepared["usage"].run, "usage", SENDERS + 2) as pool:
        cards = RateCards(read_price_files())
        shared, alone = Recorder(pool, cards), Alone(pool, cards, writers=SENDERS)
        taken = await in_turn(
            {
                "shared": lambda: _small_batches(shared),
                "alone": lambda: _small_batches(alone),
            }
        )
    rate = {way: typical(per_s for per_s, _ in figures) for way, figures in taken.items()}
    p99_ms = {way: typical(p99 for _, p99 in figures) for way, figures in taken.items()}
    board.write(BENCH, f"events/s, 11 a batch, {SENDERS} senders, shared", rate["shared"], ROUNDS)
    board.write(BENCH, "the same, each alone", rate["alone"], ROUNDS)
    board.write(BENCH, "× each alone", rate["shared"] / rate["alone"], ROUNDS, at_least(1.4))
    share = p99_ms["shared"] / p99_ms["alone"]
    board.write(BENCH, "p99 × each alone", share, ROUNDS, at_most(0.5))


async def _small_batches(recorder: Recorder) -> Taken:
    """As many senders as one machine has analyses; each sends eleven events again and again."""
    events = calls(SENDERS * SENDS * 11, datetime.now(UTC))
    waited_ms: list[float] = []

    async def send(number: int) -> None:
        for turn in range(SENDS):
            first = (number * SENDS + turn) * 11
            began = time.perf_counter()
            await recorder.record(events[first : first + 11])
            waited_ms.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(send(number) for number in range(SENDERS)))
    per_s = len(events) / (time.perf_counter() - began)
    return per_s, sorted(waited_ms)[int(len(waited_ms) * 0.99)]


async def _totals(db: Connection) -> Record:
    [totals] = await db.fetch(
        """
        SELECT count(*) AS entries, sum(cost_usd) AS cost_usd, sum(total_tokens) AS tokens
          FROM usage.ledger_entry
        """
    )
    return totals


def _write(board: Board, taken: dict[str, list[Taken]]) -> None:
    rate = {way: typical(per_s for per_s, _ in figures) for way, figures in taken.items()}
    cpu_us = typical(cpu_us for _, cpu_us in taken["endpoint"])
    board.write(
        BENCH, f"events/s, {BATCH} a batch, {IN_FLIGHT} in flight", rate["endpoint"], ROUNDS
    )
    board.write(BENCH, "events/s, raw COPY, no index (ceiling)", rate["copy"], ROUNDS)
    board.write(BENCH, "events/s, the same of rows that asyncpg encodes", rate["copy rows"], ROUNDS)
    board.write(BENCH, "events/s, one INSERT a transaction", rate["single"], ROUNDS)
    board.write(BENCH, "× raw COPY", rate["endpoint"] / rate["copy"], ROUNDS, at_least(0.16))
    board.write(BENCH, "× raw COPY of rows", rate["endpoint"] / rate["copy rows"], ROUNDS)
    board.write(BENCH, "× one INSERT", rate["endpoint"] / rate["single"], ROUNDS, at_least(12))
    board.write(BENCH, "own CPU µs/event", cpu_us, ROUNDS, at_most(20))
    board.note(
        BENCH,
        "marking the day and sealing the batch in the chain are in it. "
        "one INSERT is a prepared statement between BEGIN and COMMIT, fsync on.",
    )
