"""A ledger of the first version is carried over to the last one without a loss."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from deploy.database import Dsns, prepare_database
from deploy.embedded_postgres import EmbeddedPostgres
from libs.contracts.access import Action
from libs.ids import uuid7
from libs.postgres import migrate, open_pool
from services.usage import rollups
from services.usage.app import MIGRATIONS, create_app
from services.usage.archived import Archives
from services.usage.settings import PREFIX, UsageSettings
from tests.factories import service
from tests.trust import Trust
from tests.usage.conftest import Usage

ADMIN = service(Action.MANAGE_LEDGER)
FIRST = dict(list(MIGRATIONS.items())[:1])
JULY = datetime(2026, 7, 31, 23, 59, 59, 999_999, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, tzinfo=UTC)
LATER = datetime(2026, 8, 2, tzinfo=UTC)
UMA = ("uma", "uma@agency.example", "")
UMA_LATER = ("uma", "", "Uma Berg")
BY_ADDRESS = ("unknown", "Max@agency.example", "Max")
NOBODY = ("unknown", "", "")
CALLS: list[tuple[str, datetime, tuple[str, str, str], str, Decimal | None]] = [
    ("diageo", JULY, UMA, "posted", Decimal("0.0049825")),
    ("diageo", AUGUST, UMA, "suspect", Decimal("1.00")),
    ("diageo", AUGUST, BY_ADDRESS, "posted", Decimal("0.000000000000000001")),
    ("loreal", AUGUST, UMA, "unpriced", None),
    ("loreal", LATER, NOBODY, "unknown", None),
    ("loreal", datetime(2011, 1, 1, tzinfo=UTC), NOBODY, "posted", Decimal(0)),
]


@pytest.fixture
async def old(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Dsns]:
    """A database of its own, where only the first migration was applied and has rows."""
    admin_dsn = await _made(postgres.admin_dsn, "of_first_version")
    dsns = (await prepare_database(admin_dsn, tmp_path, role_prefix="first_"))["usage"]
    await migrate(dsns.owner, "usage", FIRST)
    async with open_pool(dsns.run, "usage") as pool, pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL app.clients = '*'")
        await db.execute("SELECT make_month('2026-07-01'), make_month('2026-08-01')")
        for row in CALLS:
            await _insert_call(db, *row)
        for at, who in ((AUGUST, UMA), (LATER, UMA_LATER)):
            await _insert_completion(db, at, who)
    yield dsns
    await _dropped(postgres.admin_dsn, "of_first_version")


async def _made(admin_dsn: str, database: str) -> str:
    await _dropped(admin_dsn, database)
    db = await asyncpg.connect(admin_dsn)
    await db.execute(f"CREATE DATABASE {database}")
    await db.close()
    return urlunsplit(urlsplit(admin_dsn)._replace(path=f"/{database}"))


async def _dropped(admin_dsn: str, database: str) -> None:
    db = await asyncpg.connect(admin_dsn)
    await db.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    await db.close()


async def _insert_call(
    db: Any,
    client: str,
    at: datetime,
    who: tuple[str, str, str],
    state: str,
    usd: Decimal | None,
    event_id: UUID | None = None,
) -> None:
    parts = [usd] + [None if usd is None else Decimal(0)] * 3
    await db.execute(
        """
        INSERT INTO ledger_entry (client_id, event_id, occurred_at, user_id, user_email, user_name,
            profile_id, check_ids, attempt_no, provider, model_requested, service_tier, outcome,
            usage_source, input_tokens, cached_input_tokens, cache_write_tokens, tool_input_tokens,
            output_tokens, reasoning_tokens, total_tokens, tool_calls, raw_usage, state, cost_usd,
            input_cost_usd, cached_input_cost_usd, cache_write_cost_usd, output_cost_usd,
            cost_ceiling_usd, content_sha256)
        VALUES ($1, $2, $3, $4, $5, $6, 'p', '{logo,claim}', 1, 'openai', 'gpt-4o', 'standard',
            'succeeded', 'actual', 10, 0, 0, 0, 5, 0, 15, '{"zoom": 2}', '{}', $7, $8,
            $9, $10, $11, $12, CASE $7 WHEN 'unknown' THEN 1.5 END, '\\x00')
        """,
        client,
        event_id or uuid7(at),
        at,
        *who,
        state,
        usd,
        *parts,
    )


async def _insert_completion(db: Any, at: datetime, who: tuple[str, str, str]) -> None:
    await db.execute(
        """
        INSERT INTO usage_event (client_id, event_id, kind, occurred_at, user_id, user_email,
            user_name, analysis_id, profile_id, checks_completed, overall_score, details,
            content_sha256)
        VALUES ('diageo', $1, 'analysis_completed', $2, $3, $4, $5, $6, 'p', 2, 50, '{}', '\\x00')
        """,
        uuid7(at),
        at,
        *who,
        uuid7(at),
    )


@pytest.fixture
async def usage_of_old(old: Dsns, trust: Trust) -> AsyncIterator[Usage]:
    """The service of today on it, so that its database is migrated."""
    environ = {
        "USAGE_POSTGRES_DSN": old.run,
        "USAGE_POSTGRES_OWNER_DSN": old.owner,
        "USAGE_TRUSTED_KEYS": json.dumps(trust.keys),
    }
    app = create_app(UsageSettings.load(PREFIX, environ))
    async with TestClient(TestServer(app)) as client:
        yield Usage(client, trust)


async def _refresh(dsn: str) -> None:
    async with open_pool(dsn, "usage") as pool:
        while await rollups.refresh(pool, Archives(None)):
            pass


async def test_first_ledger_is_summed_as_before(usage_of_old: Usage, old: Dsns) -> None:
    behind = await usage_of_old.report()
    await _refresh(old.run)
    report = await usage_of_old.report()
    _, text = await usage_of_old.get("/v1/reports/usage", params={"client": "diageo"})

    del behind["generated_at"], report["generated_at"]
    assert behind == report
    assert "1.004982500000000001" in text
    totals = ("total_calls", "total_analyses", "total_tokens", "unpriced_calls", "unknown_calls")
    assert [report[name] for name in totals] == [6, 2, 5 * 15, 1, 1]
    assert {day: line["count"] for day, line in report["by_date"].items()} == {
        "2011-01-01": 0,
        "2026-07-31": 0,
        "2026-08-01": 1,
        "2026-08-02": 1,
    }


async def test_people_of_the_first_ledger_are_known_as_before(usage_of_old: Usage) -> None:
    by_user = (await usage_of_old.report())["by_user"]

    assert set(by_user) == {"uma", "Max@agency.example", "unknown"}
    assert (by_user["uma"]["name"], by_user["uma"]["email"]) == ("Uma Berg", "uma@agency.example")
    assert (await usage_of_old.report(user="uma"))["total_calls"] == 3
    assert (await usage_of_old.report(user="max@agency.example"))["total_calls"] == 1


async def test_first_ledger_is_proven(usage_of_old: Usage, old: Dsns) -> None:
    await _refresh(old.run)

    _, proof = await usage_of_old.get("/v1/ledger/proof", ADMIN, {"rollups": "true"})

    assert (proof["entries"], proof["chain_faults"], proof["rollup_faults"]) == (6, [], [])
    assert {(head["client_id"], head["month"]) for head in proof["heads"]} == {
        ("diageo", "2026-07-01"),
        ("diageo", "2026-08-01"),
        ("loreal", "2011-01-01"),
        ("loreal", "2026-08-01"),
    }


async def test_first_ledger_that_has_an_id_under_two_clients_goes_on(old: Dsns) -> None:
    """Nothing kept the first version from it, and no entry is ever taken away."""
    both = uuid7(AUGUST)
    async with open_pool(old.run, "usage") as pool, pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL app.clients = '*'")
        for client in ("diageo", "loreal"):
            await _insert_call(db, client, AUGUST, UMA, "posted", Decimal(1), both)

    await migrate(old.owner, "usage", MIGRATIONS)

    after = await asyncpg.connect(old.owner, server_settings={"search_path": "usage"})
    await after.execute("SET app.clients = '*'")
    assert await after.fetchval("SELECT count(*) FROM ledger_entry WHERE event_id = $1", both) == 2
    unique = await after.fetch(
        "SELECT tablename FROM pg_indexes WHERE indexname IN ('ledger_entry_id', 'usage_event_id')"
    )
    assert [row["tablename"] for row in unique] == ["usage_event"]
    await after.close()


async def test_first_rows_are_as_immutable_as_new_ones(old: Dsns) -> None:
    await migrate(old.owner, "usage", MIGRATIONS)
    db = await asyncpg.connect(old.owner, server_settings={"search_path": "usage"})
    await db.execute("SET app.clients = '*'")

    for table in ("ledger_entry", "usage_event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
            await db.execute(f"UPDATE {table} SET client_id = client_id")

    await db.close()
