"""Pools, transactions, migrations."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import asyncpg
import pytest

from deploy.database import DATABASE, Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from libs.postgres import Pool, insist, migrate, open_pool, transaction
from libs.problems import Unavailable
from libs.settings import BadSettings

THINGS = """
CREATE TABLE thing (client_id text NOT NULL, name text NOT NULL);
ALTER TABLE thing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_client ON thing USING (
    current_setting('app.clients', true) = '*'
    OR nullif(nullif(current_setting('app.clients', true), '*'), '')::jsonb ? client_id);
INSERT INTO thing VALUES ('a', 'of a'), ('b', 'of b');
"""
THINGS = THINGS.replace("INSERT", "SET LOCAL app.clients = '*'; INSERT")


@pytest.fixture
async def schema(postgres: EmbeddedPostgres, dsns: Mapping[str, Dsns]) -> AsyncIterator[str]:
    """A schema of its own, made and removed by the owner of the usage schema's server."""
    name = f"test_{uuid4().hex[:8]}"
    db = await asyncpg.connect(postgres.admin_dsn, database=DATABASE)
    await db.execute(f"CREATE SCHEMA {name} AUTHORIZATION usage")
    await db.execute(f"GRANT USAGE ON SCHEMA {name} TO usage_run")
    yield name
    await db.execute(f"DROP SCHEMA {name} CASCADE")
    await db.close()


@pytest.fixture
async def things(schema: str, dsns: Mapping[str, Dsns]) -> AsyncIterator[Pool]:
    granted = THINGS + "GRANT SELECT, INSERT ON thing TO usage_run;"
    await migrate(dsns["usage"].owner, schema, {"0001_thing.sql": granted})
    async with open_pool(dsns["usage"].run, schema) as pool:
        yield pool


async def names(pool: Pool, clients: list[str] | None) -> list[str]:
    async with transaction(pool, clients) as db:
        return [row["name"] for row in await db.fetch("SELECT name FROM thing ORDER BY name")]


async def test_each_file_is_applied_once_and_never_changes(
    schema: str, dsns: Mapping[str, Dsns]
) -> None:
    owner = dsns["usage"].owner
    thing = {"0001_thing.sql": "CREATE TABLE thing (id int)"}

    assert await migrate(owner, schema, thing) == ["0001_thing.sql"]
    assert await migrate(owner, schema, thing) == []
    with pytest.raises(BadSettings, match="edited after it was applied"):
        await migrate(owner, schema, {"0001_thing.sql": "CREATE TABLE thing (id bigint)"})


async def test_failure_leaves_nothing_behind(schema: str, dsns: Mapping[str, Dsns]) -> None:
    broken = {"0001_ok.sql": "CREATE TABLE ok (id int)", "0002_bad.sql": "CREATE TABEL oops"}

    with pytest.raises(asyncpg.PostgresSyntaxError):
        await migrate(dsns["usage"].owner, schema, broken)

    fixed = {"0001_ok.sql": "CREATE TABLE ok (id int)"}
    assert await migrate(dsns["usage"].owner, schema, fixed) == ["0001_ok.sql"]


async def test_of_four_migrators_one_applies(schema: str, dsns: Mapping[str, Dsns]) -> None:
    thing = {"0001_thing.sql": "CREATE TABLE thing (id int)"}

    applied = await asyncio.gather(*(migrate(dsns["usage"].owner, schema, thing) for _ in range(4)))

    assert sorted(applied) == [[], [], [], ["0001_thing.sql"]]


async def test_transaction_sees_its_clients_only(things: Pool) -> None:
    assert await names(things, ["a"]) == ["of a"]
    assert await names(things, ["a", "b"]) == ["of a", "of b"]
    assert await names(things, None) == ["of a", "of b"]
    assert await names(things, []) == []


async def test_row_of_another_client_cannot_be_written(things: Pool) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(things, ["a"]) as db:
            await db.execute("INSERT INTO thing VALUES ('b', 'smuggled')")


async def test_no_setting_means_no_rows_and_nothing_outlives_a_transaction(things: Pool) -> None:
    await names(things, None)

    assert await things.fetch("SELECT * FROM thing") == []


async def test_transaction_that_is_left_open_ends_with_its_turn(things: Pool) -> None:
    async with things.acquire() as db:
        await db.execute("BEGIN; SET LOCAL app.clients = '*'")
        assert await db.fetch("SELECT * FROM thing") != []

    assert await things.fetch("SELECT * FROM thing") == []


@pytest.mark.parametrize(
    "client", ["l'oréal", 'a"b', "a\\", "*", "a','b", "'; DROP TABLE thing --"]
)
async def test_any_text_may_be_a_client(things: Pool, client: str) -> None:
    async with transaction(things, [client]) as db:
        await db.execute("INSERT INTO thing VALUES ($1, 'odd')", client)

    assert await names(things, [client]) == ["odd"]
    assert await names(things, ["a"]) == ["of a"]


async def test_insisting_outlasts_a_database_that_is_away() -> None:
    left = [Unavailable("database_away", "away"), Unavailable("database_away", "away")]

    async def work() -> str:
        if left:
            raise left.pop()
        return "done"

    assert await insist(work) == "done"


async def test_insisting_ends_and_says_why() -> None:
    async def work() -> None:
        raise Unavailable("database_away", "away")

    with pytest.raises(Unavailable):
        await insist(work, for_s=0.2)


@pytest.mark.parametrize("announced", [False, True])
async def test_transaction_that_says_nothing_lets_go_of_its_rows(
    things: Pool, schema: str, dsns: Mapping[str, Dsns], announced: bool
) -> None:
    """Also between two parts of a statement, where the server takes it for one that runs."""
    async with open_pool(dsns["usage"].run, schema, most_idle_s=0.1) as frozen:
        with pytest.raises(Unavailable):
            async with transaction(frozen) as db:
                await db.execute("INSERT INTO thing VALUES ('a', 'half done')")
                if announced:
                    await db.prepare("SELECT name FROM thing")
                await asyncio.sleep(1.0)
                await db.execute("INSERT INTO thing VALUES ('a', 'too late')")
        assert await names(frozen, ["a"]) == ["of a"], "the pool goes on"
