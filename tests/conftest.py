"""A real Postgres for every test: one migrated database for the run, emptied after each test."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest
import structlog

from deploy.database import DATABASE, SERVICES, Dsns, prepare_database
from deploy.embedded_postgres import EmbeddedPostgres
from tests.trust import Trust

# As for the children that read type in production: nothing is to leave the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Tracebacks are plain, as in production. What structlog does unasked draws one with the locals
# of every frame: seconds in which the services of this process answer nobody.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

SHARED_DATA = Path(__file__).parents[1] / ".." / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real input; tests that need it are skipped where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared/data is not here")
    return SHARED_DATA.resolve()


@pytest.fixture(scope="session")
def trust() -> Trust:
    return Trust()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
async def prepared(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Dsns]:
    folder = tmp_path_factory.mktemp("passwords")
    return await prepare_database(postgres.admin_dsn, folder, embedded=True)


@pytest.fixture
async def dsns(
    prepared: Mapping[str, Dsns], postgres: EmbeddedPostgres
) -> AsyncIterator[Mapping[str, Dsns]]:
    """Addresses by service of databases with no rows in them."""
    yield prepared
    db = await asyncpg.connect(postgres.admin_dsn, database=DATABASE)
    deletes = await db.fetchval(
        """
        SELECT string_agg(format('DELETE FROM %I.%I', relnamespace::regnamespace, relname), ';')
          FROM pg_class
         WHERE relnamespace::regnamespace::text = ANY($1) AND relkind IN ('r', 'p')
           AND NOT relispartition AND relname <> 'migration'
        """,
        list(SERVICES),
    )
    # DELETE, not TRUNCATE: 2 ms against 43 ms for fifteen small tables; all at once, which is
    # one question to the server and one write to the disk instead of one for each table.
    # The replica role skips foreign keys and the triggers that refuse deletes.
    await db.execute("SET session_replication_role = replica")
    if deletes:
        await db.execute(deletes)
    await db.close()
