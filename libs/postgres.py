"""One pool for each service, its transactions, and forward-only migrations.

Nothing else imports asyncpg. A service connects as its run role, which owns nothing; its
migrations run as the owner role of its schema.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from libs.problems import Unavailable
from libs.settings import BadSettings, ServiceSettings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Record: TypeAlias = asyncpg.Record
Cursor: TypeAlias = "asyncpg.cursor.Cursor[asyncpg.Record]"
CLASHES = (asyncpg.SerializationError, asyncpg.UniqueViolationError)
"""What one of two transactions raises that would contradict each other."""

Answer = TypeVar("Answer")

EVERY_CLIENT = None
STATEMENTS_LONGER = 4
"""A statement may take so many times as long as a silence."""

AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,  # a connection that was cut in the middle of a COPY
)
"""What a query raises while the server restarts or others hold it up: worth trying again."""


@asynccontextmanager
async def open_pool(
    dsn: str, schema: str, max_size: int = 10, most_idle_s: float = 0, plan_once: bool = False
) -> AsyncIterator[Pool]:
    """Open a pool whose unqualified table names mean those of `schema`.

    The server ends a transaction that says nothing for `most_idle_s` (0: never): a process
    that is frozen, or cut off, would hold its rows for as long as it likes. A statement that
    was announced and never sent counts as one that runs, so these have a limit too.

    `plan_once`: a connection plans a statement once, whatever its parameters. For those that
    touch a few rows under many policies, of which planning costs more than running does.
    """
    async with asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=max_size,
        command_timeout=60,
        server_settings={
            "search_path": schema,
            "application_name": f"aiqc-{schema}",
            "timezone": "UTC",
            "lock_timeout": "10s",
            "idle_in_transaction_session_timeout": f"{most_idle_s * 1000:.0f}ms",
            "statement_timeout": f"{most_idle_s * STATEMENTS_LONGER * 1000:.0f}ms",
            "standard_conforming_strings": "on",
            "plan_cache_mode": "force_generic_plan" if plan_once else "auto",
        },
        init=_speak_json,
        reset=_as_it_is,
    ) as pool:
        yield pool


@asynccontextmanager
async def open_database(
    settings: ServiceSettings,
    schema: str,
    migrations: Mapping[str, str],
    most_idle_s: float = 0,
    plan_once: bool = False,
) -> AsyncIterator[Pool]:
    """Migrate `schema` as its owner, then open the pool of the run role.

    Without an owner's DSN somebody else has migrated: a service that may not own its
    tables at run time at all. Waits up to a minute for a server that is still starting.
    """
    if settings.postgres_owner_dsn:
        owner_dsn = settings.postgres_owner_dsn.get_secret_value()
        await _patiently(lambda: migrate(owner_dsn, schema, migrations))
    dsn = settings.postgres_dsn.get_secret_value()
    async with open_pool(dsn, schema, most_idle_s=most_idle_s, plan_once=plan_once) as pool:
        yield pool


async def _patiently(connect: Callable[[], Awaitable[object]]) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    while True:
        try:
            await connect()
            return
        except AWAY:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.5)


async def database_problems(pool: Pool) -> list[str]:
    """For a readiness check: empty when a query is answered within 2 s."""
    try:
        await pool.fetchval("SELECT 1", timeout=2)
    except (*AWAY, TimeoutError):
        return ["the database does not answer"]
    return []


async def insist(work: Callable[[], Awaitable[Answer]], for_s: float = 120.0) -> Answer:
    """Do `work` again while the database is away, for up to `for_s` seconds.

    For what must not be lost. The commit may have happened before the connection broke,
    so `work` has to be harmless when done twice.
    """
    deadline = asyncio.get_running_loop().time() + for_s
    wait_s = 0.1
    while True:
        try:
            return await work()
        except Unavailable:
            if asyncio.get_running_loop().time() + wait_s > deadline:
                raise
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 3.0)


@asynccontextmanager
async def transaction(
    pool: Pool, clients: Iterable[str] | None = EVERY_CLIENT
) -> AsyncIterator[Connection]:
    """A transaction that sees the rows of `clients` only; None: of every client.

    Row-level security reads the setting. It is set as a literal and for this
    transaction alone: a literal also reaches the workers of a distributed table,
    and nothing outlives the transaction on a pooled connection.
    Raises Unavailable when the server is away.
    """
    try:
        async with pool.acquire() as db:
            try:
                # Together: a transaction is one question less to the server.
                await db.execute(f"BEGIN; SET LOCAL app.clients = {_literal(clients)}")
                yield db
            except BaseException:
                if not db.is_closed():
                    await db.execute("ROLLBACK")
                raise
            await db.execute("COMMIT")
    except AWAY as error:
        raise Unavailable(
            "database_away", "The database does not answer; try again in a moment.", 2
        ) from error


def _literal(clients: Iterable[str] | None) -> str:
    text = "*" if clients is None else json.dumps(sorted(clients), ensure_ascii=False)
    return "'" + text.replace("'", "''") + "'"


async def _as_it_is(_db: Connection) -> None:
    """Nothing is set beyond a transaction, and asyncpg itself rolls back one that was cut: to
    reset the session would be one more question to the server for every transaction.
    """


async def _speak_json(db: Connection) -> None:
    await db.set_type_codec(
        "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog", format="text"
    )


def read_migrations(folder: Path) -> dict[str, str]:
    """The SQL of each file in `folder`, in the order of the names: 0001_ledger.sql, 0002_…"""
    return {file.name: file.read_text() for file in sorted(folder.glob("*.sql"))}


async def migrate(owner_dsn: str, schema: str, migrations: Mapping[str, str]) -> list[str]:
    """Apply the migrations that `schema` has not seen, as its owner; return their names.

    All of them run in one transaction under an advisory lock, so services that start
    together wait for each other and a failure leaves nothing half done. The lock is
    polled: waiting inside the server can deadlock with what the holder does.
    Raises BadSettings when an applied file was edited afterwards.
    """
    db = await asyncpg.connect(owner_dsn, server_settings={"search_path": schema})
    try:
        while not await db.fetchval(
            "SELECT pg_try_advisory_lock(hashtext($1))", f"migrate:{schema}"
        ):
            await asyncio.sleep(0.05)
        async with db.transaction():
            return await _apply(db, schema, migrations)
    finally:
        await db.close()


async def _apply(db: Connection, schema: str, migrations: Mapping[str, str]) -> list[str]:
    await db.execute(
        """
        CREATE TABLE IF NOT EXISTS migration (
            name       text PRIMARY KEY,
            sha256     text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    rows = await db.fetch("SELECT name, sha256 FROM migration")
    seen = {row["name"]: row["sha256"] for row in rows}
    applied: list[str] = []
    for name, sql in migrations.items():
        digest = sha256(sql.encode()).hexdigest()
        if name not in seen:
            await db.execute(sql)
            await db.execute("INSERT INTO migration VALUES ($1, $2)", name, digest)
            applied.append(name)
        elif seen[name] != digest:
            raise BadSettings(
                f"{schema}: {name} was edited after it was applied; start the version that "
                "applied it, or give this one an empty database"
            )
    return applied
