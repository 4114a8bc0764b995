"""What the database itself holds to, whatever the code above it does."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime

import asyncpg
import pytest

from deploy.database import Dsns
from libs.ids import uuid7
from libs.postgres import Connection, Pool, transaction
from services.usage import repository
from services.usage.staging import COLUMNS
from tests.usage.conftest import Usage
from tests.usage.factories import call, completed

TABLES = ("ledger_entry", "usage_event")


@pytest.fixture
async def owner(usage: Usage, dsns: Mapping[str, Dsns]) -> AsyncIterator[Connection]:
    db = await asyncpg.connect(dsns["usage"].owner, server_settings={"search_path": "usage"})
    yield db
    await db.close()


@pytest.mark.parametrize("table", [*TABLES, "price"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {}={}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_service_cannot_change_or_delete(pool: Pool, table: str, change: str) -> None:
    column = "model" if table == "price" else "profile_id"
    async with pool.acquire() as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await db.execute(change.format(table, column, column))


@pytest.mark.parametrize("table", [*TABLES, "price"])
async def test_even_the_owner_cannot_change_or_delete(
    usage: Usage, owner: Connection, table: str
) -> None:
    await usage.send(call(), completed())
    await owner.execute("SET app.clients = '*'")

    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET source_url = ''"):
        change = statement.replace("source_url", "source_url" if table == "price" else "profile_id")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
            await owner.execute(change)


@pytest.mark.parametrize("table", TABLES)
async def test_rows_of_other_clients_are_not_there(usage: Usage, pool: Pool, table: str) -> None:
    await usage.send(call(), completed(), call(client_id="loreal"), completed(client_id="loreal"))
    count = f"SELECT count(*) FROM {table}"

    async with transaction(pool) as db:
        assert await db.fetchval(count) == 2
    async with transaction(pool, ["loreal"]) as db:
        assert await db.fetchval(count) == 1
    async with transaction(pool, []) as db:
        assert await db.fetchval(count) == 0
    async with pool.acquire() as db:
        assert await db.fetchval(count) == 0


async def test_partitions_cannot_be_read_around_the_policy(pool: Pool) -> None:
    async with transaction(pool) as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.fetch("SELECT * FROM ledger_entry_default")


async def _partition(db: Connection, event: object) -> str:
    where: str = await db.fetchval(
        "SELECT tableoid::regclass::text FROM ledger_entry WHERE event_id = $1", event
    )
    return where


async def test_event_lies_in_the_month_of_its_id(usage: Usage, pool: Pool) -> None:
    first = call(event_id=uuid7(datetime(2026, 8, 1, tzinfo=UTC)))
    last = call(event_id=uuid7(datetime(2026, 8, 31, 23, 59, 59, 999_000, tzinfo=UTC)))
    await usage.send(first, last)

    async with transaction(pool) as db:
        assert await _partition(db, first.event_id) == "ledger_entry_2026_08"
        assert await _partition(db, last.event_id) == "ledger_entry_2026_08"


async def test_month_that_lies_in_the_default_partition_stays_there(
    usage: Usage, pool: Pool, owner: Connection
) -> None:
    """An entry that was written before its month was made must stay where its key is."""
    first, early, late = (
        call(event_id=uuid7(datetime(2021, 5, day, tzinfo=UTC))) for day in (2, 3, 4)
    )
    await usage.send(first)
    await owner.execute("DROP TABLE ledger_entry_2021_05")
    await usage.send(early)

    async with transaction(pool) as db:
        await repository.make_months(db, [date(2021, 5, 1)])
    assert (await usage.send(early, late))[1] == {"accepted": 1, "duplicates": 1}

    async with transaction(pool) as db:
        assert await _partition(db, early.event_id) == "ledger_entry_default"
        assert await _partition(db, late.event_id) == "ledger_entry_default"


async def test_no_partition_is_made_for_years_that_nobody_needs(pool: Pool) -> None:
    async with transaction(pool) as db:
        for day in (date(1999, 1, 1), date(2400, 1, 1)):
            assert await db.fetchval("SELECT make_month($1)", day) is False


@pytest.mark.parametrize("usd", ["'NaN'", "'Infinity'", "-0.1", "1000000"])
async def test_cost_that_is_no_sum_of_money_is_refused(usage: Usage, pool: Pool, usd: str) -> None:
    await usage.send(call())
    changed = {"event_id": "gen_random_uuid()", "cost_usd": f"{usd}::numeric"}
    names = [*COLUMNS["ledger_entry"], "person_id"]
    columns = ", ".join(names)
    values = ", ".join(
        changed.get(name, "NULL" if name.endswith("_cost_usd") else name) for name in names
    )

    async with transaction(pool) as db:
        with pytest.raises(asyncpg.CheckViolationError):
            await db.execute(
                f"INSERT INTO ledger_entry ({columns}) SELECT {values} FROM ledger_entry"
            )
