"""The database at one moment: what pg_dump writes and what the manifest says of it agree."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from deploy import CannotStart
from deploy.contents import SESSION, measure, server_major
from deploy.database import SERVICES, Connection, connect
from deploy.manifest import Contents

OWNERS = """
    SELECT nspname::text AS schema, pg_get_userbyid(nspowner)::text AS owner
      FROM pg_namespace WHERE nspname = ANY ($1) ORDER BY 1
"""


FILES = """
    SELECT c.oid, c.relfilenode
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1) AND c.relkind = 'r'
"""


@dataclass(frozen=True)
class Frozen:
    """The database at one moment, for as long as the transaction that holds it is open."""

    snapshot: str
    schemas: list[str]
    server_major: int
    role_prefix: str
    other_roles: list[str]
    contents: Contents
    _dsn: str = field(repr=False)
    _holder: Connection = field(repr=False)

    async def is_rewritten(self) -> bool:
        """Whether a table was emptied or dropped since: TRUNCATE and DROP keep to no snapshot."""
        async with connect(self._dsn) as db:
            now = set(await db.fetch(FILES, self.schemas))
        return not set(await self._holder.fetch(FILES, self.schemas)) <= now


@asynccontextmanager
async def frozen(dsn: str) -> AsyncIterator[Frozen]:
    """One snapshot of all four schemas. `dsn` is of a user who may read everything.

    No table is locked for longer than it takes to count its rows: who waits for such a lock
    holds up everybody after them, pg_dump included. Raises CannotStart.
    """
    async with told_when_away(), connect(dsn) as db:
        await db.execute(SESSION)
        await _refuse_partial_reader(db)
        async with db.transaction(isolation="repeatable_read", readonly=True):
            yield await _freeze(db, dsn)


@asynccontextmanager
async def told_when_away() -> AsyncIterator[None]:
    """Raises CannotStart for what the server refuses, or when it ends."""
    try:
        yield
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError) as error:
        raise CannotStart("the database went away: when it is back, try again") from error
    except asyncpg.PostgresError as error:
        raise CannotStart(f"the database refused: {error}") from error


async def _refuse_partial_reader(db: Connection) -> None:
    reads_all = await db.fetchval(
        """
        SELECT rolsuper OR (rolbypassrls AND pg_has_role('pg_read_all_data', 'USAGE'))
          FROM pg_roles WHERE rolname = current_user
        """
    )
    if not reads_all:
        user = await db.fetchval("SELECT current_user")
        raise CannotStart(
            f"the user {user} of DATABASE_URL does not see every row, and a backup must: let a "
            f'superuser say ALTER ROLE "{user}" BYPASSRLS and GRANT pg_read_all_data TO "{user}", '
            "or take the backup as another user"
        )


async def _freeze(holder: Connection, dsn: str) -> Frozen:
    owners = {row["schema"]: row["owner"] for row in await holder.fetch(OWNERS, list(SERVICES))}
    if not owners:
        raise CannotStart("there is no AI QC in this database: start it once with `aiqc up`")
    prefixes = {owner.removesuffix(schema) for schema, owner in owners.items()}
    if len(prefixes) != 1:
        raise CannotStart(f"the schemas belong to {', '.join(owners.values())}: no AI QC made them")
    prefix = prefixes.pop()
    snapshot: str = await holder.fetchval("SELECT pg_export_snapshot()")
    async with connect(dsn) as db:
        await db.execute(SESSION)
        async with db.transaction(isolation="repeatable_read", readonly=True):
            await db.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            contents, roles = await measure(db, owners, prefix)
    return Frozen(
        snapshot=snapshot,
        schemas=list(owners),
        server_major=await server_major(holder),
        role_prefix=prefix,
        other_roles=sorted(roles),
        contents=contents,
        _dsn=dsn,
        _holder=holder,
    )
