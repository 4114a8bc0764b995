"""The usage report over ten times the events, beside plain SQL sums and the old way.

AIQC_BENCH_COPIES=1000 compares a million calls with ten million; it takes some minutes to load.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from aiohttp import ClientSession

from libs.contracts.access import Action
from libs.contracts.usage import AnalysisCompleted, ProviderCall, UsageEvent, UsageEvents
from libs.ids import uuid7
from libs.postgres import Connection
from services.usage.staging import COLUMNS, Table
from tests.bench.board import ROUNDS, Board, at_most, in_turn, typical
from tests.bench.running import Running, Started
from tests.bench.traces import calls
from tests.factories import admin, service
from tests.trust import Trust

BENCH = "usage report"
CALLS = 1_000
COPIES = int(os.environ.get("AIQC_BENCH_COPIES", "100"))
CALLS_AN_ANALYSIS = 10
DAYS = 30
CLIENTS = 40
USERS_A_CLIENT = 10
CLIENT = "brand-07"
HOUR = timedelta(hours=1)
SUMS = """
    SELECT client_id, person_id, profile_id, provider, (occurred_at AT TIME ZONE 'UTC')::date,
           count(*), sum(total_tokens), sum(cost_usd) AS cost_usd
      FROM usage.ledger_entry
     WHERE occurred_at >= $1 AND occurred_at < $2
     GROUP BY GROUPING SETS ((), (client_id), (person_id), (profile_id), (provider), (5))
"""


@dataclass(frozen=True, slots=True)
class Month:
    """Thirty whole days that hold `copies` times the events that were sent, and no others."""

    first_on: date
    copies: int

    @property
    def span(self) -> tuple[datetime, datetime]:
        start_at = datetime(self.first_on.year, self.first_on.month, self.first_on.day, tzinfo=UTC)
        return start_at, start_at + timedelta(days=DAYS)

    @property
    def days(self) -> dict[str, str]:
        last_on = self.first_on + timedelta(days=DAYS - 1)
        return {"start_date": self.first_on.isoformat(), "end_date": last_on.isoformat()}


class Reports:
    """The service and its database, each asked for the same sums."""

    def __init__(self, usage: Started, session: ClientSession, trust: Trust, db: Connection):
        self._usage = usage
        self._session = session
        self._trust = trust
        self._db = db

    async def send(self, events: list[UsageEvent]) -> None:
        bearer = self._trust.bearer("usage", service(Action.RECORD_USAGE))
        headers = {"Authorization": bearer, "Content-Type": "application/json"}
        body = UsageEvents(events=events).model_dump_json().encode()
        url = self._usage.url / "v1/events"
        async with self._session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def report(self, month: Month, **filters: str) -> dict[str, object]:
        headers = {"Authorization": self._trust.bearer("usage", admin(), life=HOUR)}
        query = month.days | {"format": "json"} | filters
        url = (self._usage.url / "v1/reports/usage").with_query(query)
        async with self._session.get(url, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            found: dict[str, object] = json.loads(await answer.text(), parse_float=Decimal)
            return found

    async def sum_in_sql(self, month: Month) -> None:
        await self._db.fetch(SUMS, *month.span)

    async def multiply(self, month: Month) -> None:
        """Copy what was sent into the month, each copy with an id and a moment of its own."""
        for day in (month.first_on, month.first_on + timedelta(days=DAYS)):
            await self._db.execute("SELECT usage.make_month($1)", day)
        for table in COLUMNS:
            await self._copy(table, month)

    async def sum_up(self, *months: Month) -> None:
        """Have the service make the roll-ups of what was copied; the time is that for all."""
        began = time.perf_counter()
        for month in months:
            await self._db.execute(
                """
                INSERT INTO usage.dirty_day (client_id, day, batch_id)
                SELECT client_id, $1::date + day, gen_random_uuid()
                  FROM (SELECT DISTINCT client_id FROM usage.ledger_entry WHERE day >= $2) AS used,
                       generate_series(0, $3 - 1) AS day
                """,
                month.first_on,
                sent_from().date(),
                DAYS,
            )
        while await self._db.fetchval("SELECT EXISTS (SELECT FROM usage.dirty_day)"):
            await asyncio.sleep(0.2)
        self.summed_s = time.perf_counter() - began
        await self._db.execute("VACUUM ANALYZE")

    async def _copy(self, table: Table, month: Month) -> None:
        changed = {"event_id": "uuidv7(moment - now())", "occurred_at": "moment"}
        if table == "usage_event":
            changed["analysis_id"] = "uuidv7(moment - now())"
        names = [*COLUMNS[table], "person_id"]
        values = ", ".join(changed.get(name, name) for name in names)
        await self._db.execute(
            f"""
            INSERT INTO usage.{table} ({", ".join(names)})
            SELECT {values}
              FROM usage.{table}, generate_series(1, $3::integer) AS copy,
                   LATERAL (SELECT $2::timestamptz + interval '{DAYS} days'
                       * ((hashtextextended(event_id::text, copy) & 1048575) / 1048576.0)
                       AS moment) AS drawn
             WHERE occurred_at >= $1
            """,
            sent_from(),
            month.span[0],
            month.copies,
        )


def spread(sent: list[ProviderCall]) -> list[ProviderCall]:
    """The same calls by an agency's clients and users: a report has a line for each of them."""
    return [
        call.model_copy(
            update={
                "client_id": f"brand-{number % CLIENTS:02}",
                "profile_id": f"brand-{number % CLIENTS:02}_key_visual",
                "user_id": f"user-{number % (CLIENTS * USERS_A_CLIENT):03}",
            }
        )
        for number, call in enumerate(sent)
    ]


def sent_from() -> datetime:
    """Later than every month that is copied into."""
    return datetime.now(UTC) - timedelta(hours=12)


def old_way(path: Path) -> Counter[tuple[str, ...]]:
    """Read a day's log line by line and add up, as the system before this one did."""
    sums: Counter[tuple[str, ...]] = Counter()
    with path.open() as lines:
        for line in lines:
            entry = json.loads(line)
            for name in ("client_id", "user_id", "profile_id", "provider"):
                sums[name, entry[name]] += entry["total_tokens"]
            sums["day", entry["occurred_at"][:10]] += entry["total_tokens"]
    return sums


async def test_report_grows_less_than_its_events(
    running: Running, trust: Trust, admin_db: Connection, board: Board, tmp_path: Path
) -> None:
    usage = running.start("usage")
    today_on = datetime.now(UTC).date()
    small = Month(today_on - timedelta(days=DAYS + 2), COPIES)
    large = Month(today_on - timedelta(days=2 * DAYS + 4), 10 * COPIES)
    async with ClientSession() as session:
        reports = Reports(usage, session, trust, admin_db)
        sent = spread(calls(CALLS, datetime.now(UTC)))
        await reports.send([*sent, *map(_completed, sent[::CALLS_AN_ANALYSIS])])
        for month in (small, large):
            await reports.multiply(month)
        await reports.sum_up(small, large)
        log = tmp_path / "old.jsonl"
        log.write_text("".join(await _log_lines(admin_db, small)))
        await _totals_are_exact(reports, admin_db, small, large)
        taken = await in_turn(
            {
                "small": _timed(lambda: reports.report(small)),
                "large": _timed(lambda: reports.report(large)),
                "client": _timed(lambda: reports.report(large, client=CLIENT)),
                "sql small": _timed(lambda: reports.sum_in_sql(small)),
                "sql": _timed(lambda: reports.sum_in_sql(large)),
                "old": _timed(lambda: _later(lambda: old_way(log))),
            }
        )
    share = sum(call.client_id == CLIENT for call in sent) / len(sent)
    _write(
        board, {way: typical(figures) for way, figures in taken.items()}, share, reports.summed_s
    )


def _completed(call: UsageEvent) -> AnalysisCompleted:
    return AnalysisCompleted(
        kind="analysis_completed",
        event_id=uuid7(call.occurred_at),
        occurred_at=call.occurred_at,
        client_id=call.client_id,
        user_id=call.user_id,
        user_email=call.user_email,
        user_name=call.user_name,
        analysis_id=uuid7(call.occurred_at),
        profile_id=f"{call.client_id}_key_visual",
        profile_version=1,
        checks_completed=CALLS_AN_ANALYSIS,
        overall_score=82.5,
    )


async def _log_lines(db: Connection, month: Month) -> Iterator[str]:
    rows = await db.fetch(
        """
        SELECT row_to_json(entry)::text AS line
          FROM (SELECT occurred_at, client_id, user_id, user_email, profile_id, provider,
                       model_served, check_ids, input_tokens, output_tokens, total_tokens, cost_usd
                  FROM usage.ledger_entry JOIN usage.person USING (client_id, person_id)
                 WHERE occurred_at >= $1 AND occurred_at < $2) AS entry
        """,
        *month.span,
    )
    return (f"{row['line']}\n" for row in rows)


async def _totals_are_exact(reports: Reports, db: Connection, *months: Month) -> None:
    for month in months:
        report = await reports.report(month)
        [entries] = await db.fetch(
            """
            SELECT count(*) AS calls, sum(cost_usd) AS cost_usd, sum(total_tokens) AS tokens
              FROM usage.ledger_entry WHERE occurred_at >= $1 AND occurred_at < $2
            """,
            *month.span,
        )
        assert entries["calls"] == month.copies * CALLS
        assert report["total_analyses"] == month.copies * CALLS // CALLS_AN_ANALYSIS
        assert report["total_tokens"] == entries["tokens"]
        assert Decimal(str(report["total_cost"])) == entries["cost_usd"]


def _timed(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[float]]:
    async def timed() -> float:
        began = time.perf_counter()
        await work()
        return (time.perf_counter() - began) * 1000

    return timed


async def _later(work: Callable[[], object]) -> object:
    return work()


def _write(board: Board, ms: Mapping[str, float], share: float, summed_s: float) -> None:
    few, many = CALLS * COPIES, CALLS * COPIES * 10
    board.write(BENCH, f"ms, 30 days with {few:,} calls", ms["small"], ROUNDS)
    board.write(BENCH, f"ms, 30 days with {many:,} calls", ms["large"], ROUNDS)
    board.write(BENCH, f"ms, plain SQL sums of {many:,} (ceiling)", ms["sql"], ROUNDS)
    board.write(BENCH, f"× plain SQL, {few:,}", ms["small"] / ms["sql small"], ROUNDS)
    board.write(BENCH, f"× plain SQL, {many:,}", ms["large"] / ms["sql"], ROUNDS, at_most(1 / 50))
    old_ms = ms["old"] * 10  # line by line: ten times the lines take ten times as long
    board.write(BENCH, f"× the old way, {many:,}", ms["large"] / old_ms, ROUNDS, at_most(1 / 250))
    board.write(
        BENCH, "× its time at 10 × the calls", ms["large"] / ms["small"], ROUNDS, at_most(1.5)
    )
    board.write(BENCH, "one client × all", ms["client"] / ms["large"], ROUNDS, at_most(1 / 6))
    board.write(BENCH, "µs a call, making the roll-ups", summed_s / (few + many) * 1e6, 1)
    board.note(
        BENCH,
        "the limits are meant for ten million calls (AIQC_BENCH_COPIES=1000); "
        f"one client is {CLIENT}, one of {CLIENTS}, which has {share:.1%} of the calls here.",
    )
