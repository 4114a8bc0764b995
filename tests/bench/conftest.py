"""The services as processes of their own, and one table at the end of the run."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from deploy.database import DATABASE, Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from libs.postgres import Connection
from tests.bench.board import Board
from tests.bench.running import Running
from tests.trust import Trust

BOARD = pytest.StashKey[Board]()
SCRATCH = "bench"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[BOARD] = Board()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.stash[BOARD].lines:
        loads = " ".join(f"{load:.2f}" for load in os.getloadavg())
        terminalreporter.section(f"benches, {os.cpu_count()} cores, load now {loads}")
        terminalreporter.write_line(config.stash[BOARD].text())


@pytest.fixture
def board(pytestconfig: pytest.Config) -> Board:
    return pytestconfig.stash[BOARD]


@pytest.fixture
def running(dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path) -> Iterator[Running]:
    """Starts services on request; all of them end with the bench."""
    with Running(dsns, trust, tmp_path) as running:
        yield running


@pytest.fixture
async def admin_db(
    postgres: EmbeddedPostgres, dsns: Mapping[str, Dsns]
) -> AsyncIterator[Connection]:
    """The database as its superuser, with a schema for the ceilings' own tables."""
    db = await asyncpg.connect(postgres.admin_dsn, database=DATABASE)
    await db.execute(f"CREATE SCHEMA {SCRATCH}")
    try:
        yield db
    finally:
        await db.execute(f"DROP SCHEMA {SCRATCH} CASCADE")
        await db.close()
