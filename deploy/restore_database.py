"""The database part of `aiqc restore`: each schema is made by its owner, and by nobody stronger.

What a dump says is then owned by whom it should be, and a dump that somebody has tampered with
can do no more than that service could do itself.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy import CannotStart
from deploy.backup_file import Backup, Show
from deploy.contents import SESSION, differences, measure, server_major
from deploy.database import DATABASE, SERVICES, Connection, Dsns, connect, prepare_database
from deploy.dump_programs import programs_to_restore
from deploy.manifest import Contents, Ledger, Manifest
from deploy.unfinished import COMMENT, unfinished_schemas


@dataclass(frozen=True)
class Target:
    """Where to: `admin_dsn` is of the embedded superuser, or of the user of DATABASE_URL.

    The passwords file in `folder` has the roles' passwords, if they are known.
    """

    admin_dsn: str
    folder: Path
    role_prefix: str
    embedded: bool

    async def prepare(self, role_prefix: str) -> dict[str, Dsns]:
        return await prepare_database(
            self.admin_dsn,
            self.folder,
            embedded=self.embedded,
            role_prefix=role_prefix,
            restoring=True,
        )

    @property
    def database_dsn(self) -> str:
        if not self.embedded:
            return self.admin_dsn
        return urlsplit(self.admin_dsn)._replace(path=f"/{DATABASE}").geturl()


def refuse_older_server(manifest: Manifest, server: int) -> None:
    """Raises CannotStart."""
    if server < manifest.postgres_major:
        raise CannotStart(
            f"the backup is of PostgreSQL {manifest.postgres_major} and this is PostgreSQL "
            f"{server}: restore into {manifest.postgres_major} or a later version"
        )


async def refuse_unfit(database_url: str, manifest: Manifest) -> None:
    """Change nothing yet. Raises CannotStart for an older server, a database that is in use, and
    one without the roles to which somebody gave rights.
    """
    async with connect(database_url) as db:
        refuse_older_server(manifest, await server_major(db))
        unfinished = await unfinished_schemas(db)
        for row in await db.fetch(
            """
            SELECT relnamespace::regnamespace::text AS schema, relname::text AS name
              FROM pg_class WHERE relnamespace::regnamespace::text = ANY ($1)
            """,
            list(SERVICES),
        ):
            if row["schema"] not in unfinished:
                raise CannotStart(
                    f"the database already holds {row['schema']}.{row['name']}: set DATABASE_URL "
                    "to an empty database"
                )
        await _refuse_foreign_roles(db, manifest.role_prefix)
        if missing := await _missing_roles(db, manifest.other_roles):
            raise CannotStart(
                f"the backup gives rights to {', '.join(missing)}: first make a role of each such "
                "name on the server (CREATE ROLE … NOLOGIN is enough)"
            )


async def _refuse_foreign_roles(db: Connection, role_prefix: str) -> None:
    """The dump gives rights to roles by name: they must not be those of another installation."""
    foreign = await db.fetchval(
        """
        SELECT rolname FROM pg_roles
         WHERE rolname = ANY ($1) AND shobj_description(oid, 'pg_authid')
               IS DISTINCT FROM 'AI QC on database ' || current_database()
        """,
        [f"{role_prefix}{name}{end}" for name in SERVICES for end in ("", "_run")],
    )
    if foreign:
        raise CannotStart(
            f"the server has a role {foreign!r} of another installation, and the backup gives "
            "rights to roles of that name: restore on another server"
        )


async def restore_database(
    target: Target, backup: Backup, environ: Mapping[str, str], show: Show
) -> None:
    """Leaves the schemas marked as unfinished. Raises CannotStart, also when the result is not
    what the manifest says.
    """
    manifest = backup.manifest
    if not target.embedded:
        await _clear(target.database_dsn)
    dsns = await target.prepare(manifest.role_prefix)
    for schema, dsn in dsns.items():
        async with connect(dsn.owner) as db:
            await _say(db, f"COMMENT ON SCHEMA %I IS '{COMMENT}'", schema)
    async with connect(target.database_dsn) as db:
        major = await server_major(db)
        if target.embedded:
            for role in await _missing_roles(db, manifest.other_roles):
                await _say(db, "CREATE ROLE %I NOLOGIN", role)
    programs = programs_to_restore(manifest.dumped_by_major, major, environ, target.embedded)
    for name in backup.names("database"):
        schema = Path(name).stem
        await programs.restore(dsns[schema].owner, schema, _shown(backup, name, show))
        async with connect(dsns[schema].owner) as db:
            for service, statements in manifest.contents.default_privileges.items():
                for statement in statements if service == schema else ():
                    await db.execute(statement)
    show("comparing with the manifest", 0, 0)
    schemas = [Path(name).stem for name in backup.names("database")]
    found = await _measure(schemas, manifest.role_prefix, dsns)
    if said := differences(manifest.contents, found):
        raise CannotStart(f"the restored database is not what was backed up: {said[0]}")
    await _end_sessions(dsns["gateway"].owner)


async def finish_database(target: Target, manifest: Manifest) -> None:
    """Take the marks away, and give the roles the names that this installation has for them."""
    async with connect(target.database_dsn) as db, db.transaction():
        for schema, owner in (await unfinished_schemas(db)).items():
            async with _member(db, owner):
                await _say(db, "COMMENT ON SCHEMA %I IS NULL", schema)
        if manifest.role_prefix != target.role_prefix:
            for service in SERVICES:
                for name in (service, f"{service}_run"):
                    before, after = manifest.role_prefix + name, target.role_prefix + name
                    await _say(db, "ALTER ROLE %I RENAME TO %I", before, after)
    await target.prepare(target.role_prefix)


async def _clear(database_dsn: str) -> None:
    """Remove what a restore that did not end has made."""
    async with connect(database_dsn) as db, db.transaction():
        for schema, owner in (await unfinished_schemas(db)).items():
            async with _member(db, owner):
                await _say(db, "DROP SCHEMA %I CASCADE", schema)


@asynccontextmanager
async def _member(db: Connection, role: str) -> AsyncIterator[None]:
    superuser = await db.fetchval("SHOW is_superuser") == "on"
    if not superuser:
        await _say(db, "GRANT %I TO CURRENT_USER", role)
    yield
    if not superuser:
        await _say(db, "REVOKE %I FROM CURRENT_USER", role)


async def _say(db: Connection, form: str, *names: str) -> None:
    """Execute a statement with names in it, which may be any."""
    await db.execute(await db.fetchval("SELECT format($1, VARIADIC $2::text[])", form, list(names)))


async def _missing_roles(db: Connection, names: Iterable[str]) -> list[str]:
    rows = await db.fetch(
        "SELECT name FROM unnest($1::text[]) name WHERE to_regrole(quote_ident(name)) IS NULL",
        list(names),
    )
    return [row["name"] for row in rows]


async def _shown(backup: Backup, name: str, show: Show) -> AsyncIterator[bytes]:
    done, total = 0, backup.manifest.members[name].size_bytes
    async for chunk in backup.read(name):
        done += len(chunk)
        show(f"restoring {Path(name).stem}", done, total)
        yield chunk


async def _measure(schemas: Iterable[str], role_prefix: str, dsns: Mapping[str, Dsns]) -> Contents:
    """As the owners, one after the other; and let the planner know what has come."""
    parts: list[Contents] = []
    for schema in schemas:
        async with connect(dsns[schema].owner) as db:
            await db.execute(SESSION)
            transaction = db.transaction()
            await transaction.start()
            contents, _ = await measure(db, [schema], role_prefix, as_owner=True)
            parts.append(contents)
            await transaction.rollback()
            await db.execute("ANALYZE")
    ledgers = [part.ledger for part in parts if part.ledger.entries]
    return Contents(
        tables={name: table for part in parts for name, table in part.tables.items()},
        structure=sorted(line for part in parts for line in part.structure),
        default_privileges={k: v for part in parts for k, v in part.default_privileges.items()},
        migrations={k: v for part in parts for k, v in part.migrations.items()},
        ledger=ledgers[0] if ledgers else Ledger(),
    )


async def _end_sessions(gateway_dsn: str) -> None:
    """Whoever signed out after the backup, or was thrown out, must not be signed in again."""
    async with connect(gateway_dsn) as db:
        if await db.fetchval("SELECT to_regclass('gateway.session')"):
            await db.execute(
                "UPDATE gateway.session SET revoked_at = now() WHERE revoked_at IS NULL"
            )
