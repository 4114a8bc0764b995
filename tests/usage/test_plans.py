"""How the hot statements find their rows: a report must not read the ledger it has summed."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.postgres import Connection, Pool, transaction
from services.usage import rollups
from services.usage.aggregates import ReportFilter, Row, Sums
from services.usage.archived import Archives
from services.usage.repository import EntryFilter
from services.usage.staging import COLUMNS
from services.usage.sums import ROLLUPS, sums
from tests.usage.conftest import Usage
from tests.usage.factories import call, completed

COPIES = 20_000
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
JUNE = (date(2026, 6, 1), date(2026, 6, 30))
BIG = ("ledger_entry", "usage_event")


class Explained(Sums):
    """The same statements, planned instead of run."""

    plans: list[Any]

    async def _fetch(self, sql: str) -> list[Row]:
        plan = await self._db.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *self._args)
        self.plans = [*getattr(self, "plans", []), json.loads(plan)[0]["Plan"]]
        return []

    async def explain(self) -> list[Any]:
        for statement in (self.calls, self.users, self.checks, self.tools, self.analyses):
            await statement()
        return self.plans


@pytest.fixture
async def db(usage: Usage, pool: Pool, tamper: Connection) -> AsyncIterator[Connection]:
    """A ledger of some size, with statistics, seen as the service sees it."""
    await usage.send(
        *(call(client_id=client, user_id=user) for client in ("a", "b") for user in ("u", "v")),
        completed(client_id="a"),
        completed(client_id="b"),
    )
    for month in range(6, 9):
        await tamper.execute("SELECT make_month($1)", date(2026, month, 1))
    for table in BIG:
        names = ", ".join(["client_id", "event_id", "occurred_at", "person_id", *_others(table)])
        moment = f"timestamptz '{FIRST.isoformat()}' + copy * interval '6 minutes'"
        await tamper.execute(
            f"""
            INSERT INTO {table} ({names})
            SELECT client_id, uuidv7(({moment}) - now()), {moment}, person_id,
                   {", ".join(_others(table)).replace("analysis_id", "gen_random_uuid()")}
              FROM (SELECT * FROM {table} LIMIT 4) AS one,
                   generate_series(1, {COPIES}) AS copy
             WHERE hashtext(copy::text || client_id) % 4 = 0
            """
        )
    async with transaction(pool) as db:
        await db.execute(
            """INSERT INTO dirty_day SELECT DISTINCT client_id, day, gen_random_uuid()
                 FROM ledger_entry"""
        )
    while await rollups.refresh(pool, Archives(None), at_most=500):
        pass
    await tamper.execute("ANALYZE")
    async with transaction(pool) as db:
        yield db


def _others(table: Any) -> list[str]:
    taken = {"client_id", "event_id", "occurred_at"}
    return [name for name in COLUMNS[table] if name not in taken]


def _scans(plan: Any) -> list[tuple[str, str]]:
    """Each scan of a table in a plan, as (how, which)."""
    found = []
    if name := plan.get("Relation Name"):
        found.append((plan["Node Type"], name))
    for part in plan.get("Plans", []):
        found += _scans(part)
    return found


def _tables(plans: list[Any]) -> set[str]:
    return {name for plan in plans for _, name in _scans(plan)}


def _read_through(plans: list[Any]) -> set[str]:
    """The months with many entries that some plan reads from one end to the other.

    Of events it does not matter: they are few, and a later completion is looked for in all.
    """
    return {
        name
        for plan in plans
        for how, name in _scans(plan)
        if how == "Seq Scan" and re.fullmatch("ledger_entry_2026_0[678]", name)
    }


async def test_report_by_days_and_clients_reads_roll_ups_alone(db: Connection) -> None:
    for wanted in (ReportFilter(), ReportFilter(*JUNE), ReportFilter(*JUNE, client_ids=("a",))):
        plans = await Explained(db, wanted).explain()

        assert _tables(plans) <= {*ROLLUPS, "person"}


async def test_days_that_are_behind_are_read_by_their_keys(db: Connection) -> None:
    behind = [("a", date(2026, 6, 3)), ("b", date(2026, 6, 4))]

    plans = await Explained(db, ReportFilter(*JUNE), behind).explain()

    assert {"ledger_entry_2026_06", "usage_event_2026_06"} <= _tables(plans)
    assert _read_through(plans) == set()


async def test_report_of_one_user_of_one_client_reads_its_days(db: Connection) -> None:
    wanted = ReportFilter(date(2026, 6, 3), date(2026, 6, 5), client_ids=("a",), user="u")

    plans = await Explained(db, wanted).explain()

    assert _read_through(plans) == set()


async def test_roll_ups_of_a_day_are_made_from_its_entries_alone(db: Connection) -> None:
    for rollup in ROLLUPS:
        sql = sums(rollup, rollups.OF_DAYS)
        plan = await db.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", ["a"], [date(2026, 6, 3)])

        assert _read_through([json.loads(plan)[0]["Plan"]]) == set(), rollup


async def test_what_every_entry_goes_through_is_no_call_of_its_own(db: Connection) -> None:
    """PostgreSQL puts these functions into the statement, unless one of them forbids it."""
    rows = await db.fetch(
        """
        EXPLAIN (VERBOSE, COSTS OFF)
        SELECT month_of(event_id), entry_digest(ledger_entry) FROM ledger_entry
        """
    )
    plan = "\n".join(row[0] for row in rows)

    assert "sha256(" in plan
    assert "entry_digest(" not in plan
    assert "month_of(" not in plan


async def test_entries_are_listed_by_an_index(db: Connection) -> None:
    """The first page must not sort the ledger."""
    sql = await _listing(db, EntryFilter(start_at=FIRST + timedelta(days=3)))

    assert _read_through([sql]) == set()


async def _listing(db: Connection, wanted: EntryFilter) -> Any:
    plan = await db.fetchval(
        """
        EXPLAIN (FORMAT JSON)
        SELECT event_id FROM ledger_entry JOIN person USING (client_id, person_id)
         WHERE ($1::timestamptz IS NULL OR occurred_at >= $1)
         ORDER BY occurred_at, event_id LIMIT 500
        """,
        wanted.start_at,
    )
    return json.loads(plan)[0]["Plan"]
