"""The database as somebody holds it who stops at nothing."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.database import DATABASE
from deploy.embedded_postgres import EmbeddedPostgres
from libs.postgres import Connection
from tests.profiles.conftest import Api


@pytest.fixture
async def superuser(api: Api, postgres: EmbeddedPostgres) -> AsyncIterator[Connection]:
    """No row-level security, no trigger, no foreign key counts for it."""
    db = await asyncpg.connect(
        postgres.admin_dsn,
        database=DATABASE,
        server_settings={"search_path": "profiles", "session_replication_role": "replica"},
    )
    yield db
    await db.close()
