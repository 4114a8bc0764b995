"""Usage events over HTTP, beside what Postgres does with the same rows unasked."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiohttp import ClientSession

from libs.contracts.access import Action
from libs.contracts.usage import ProviderCall, UsageEvents
from libs.postgres import Connection, Record
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
        self._db = db
        self._rows = [tuple(row) for row in rows]
        places = ", ".join(f"${number}" for number in range(1, len(self._rows[0]) + 1))
        self._insert = f"INSERT INTO {SCRATCH}.single VALUES ({places})"

    async def prepare(self) -> None:
        await self._db.execute(
            f"""
            CREATE TABLE {SCRATCH}.copied (LIKE usage.ledger_entry);
            CREATE TABLE {SCRATCH}.single
                (LIKE usage.ledger_entry INCLUDING INDEXES INCLUDING CONSTRAINTS);
            """
        )

    async def copy(self) -> Taken:
        """Raw COPY into a table without an index."""
        await self._db.execute(f"TRUNCATE {SCRATCH}.copied")
        began = time.perf_counter()
        await self._db.copy_records_to_table("copied", records=self._rows, schema_name=SCRATCH)
        return len(self._rows) / (time.perf_counter() - began), 0.0

    async def insert_singly(self) -> Taken:
        """One INSERT in a transaction of its own, into a table with the ledger's indexes."""
        await self._db.execute(f"TRUNCATE {SCRATCH}.single")
        insert = await self._db.prepare(self._insert)
        began = time.perf_counter()
        for row in self._rows[:SINGLE_ROWS]:
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
    board.write(BENCH, "events/s, one INSERT a transaction", rate["single"], ROUNDS)
    board.write(BENCH, "× raw COPY", rate["endpoint"] / rate["copy"], ROUNDS, at_least(0.16))
    board.write(BENCH, "× one INSERT", rate["endpoint"] / rate["single"], ROUNDS, at_least(12))
    board.write(BENCH, "own CPU µs/event", cpu_us, ROUNDS, at_most(20))
    board.note(
        BENCH,
        "the limits include marking a roll-up, and there is none yet; nor is there a group commit. "
        "COPY's own rate is of this table and of rows encoded in Python.",
    )
