"""The database as the services need it: a schema, its owner and a weaker role for each service.

The owner migrates. The run role serves requests: it may use the schema and nothing else until a
migration grants it tables, so row-level security holds for it. Passwords are random and known
only to a private file; the server is sent what it may check them with, never themselves, so
neither its log nor its statistics can hold one.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg

from deploy import CannotStart
from deploy.private_files import write_private
from deploy.unfinished import refuse_unfinished_database

SERVICES = ("gateway", "profiles", "qc", "usage")
DATABASE = "aiqc"
PASSWORDS_FILE = "service.passwords"
OLDEST_VERSION = 150_000
TURN = 0x41495143
TURN_POLL_S = 0.05
TURN_POLLS = 600
CONNECT_S = 10.0
SCRAM_ITERATIONS = 4096
OF_THE_ADMIN = {"user", "password", "passfile", "dbname", "database"}

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dsns:
    """Two addresses of one database; both hold a password, so neither is shown."""

    owner: str = field(repr=False)
    run: str = field(repr=False)


async def prepare_database(
    admin_dsn: str,
    data_dir: Path,
    *,
    embedded: bool = False,
    role_prefix: str = "",
    restoring: bool = False,
) -> dict[str, Dsns]:
    """Make what is missing, renew the rest, and give each service's addresses.

    The user of `admin_dsn` is the embedded server's superuser, or has CREATEROLE and CREATE on
    the database. May run again, and in several processes at once. Roles belong to the whole
    server: installations that share one take different prefixes. When the passwords file in
    `data_dir` is lost the roles get new passwords. Raises CannotStart.
    """
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,31})?", role_prefix):
        raise CannotStart(f"role prefix {role_prefix!r}: use lower-case letters, digits and _")
    if embedded:
        await _create_database(admin_dsn)
        admin_dsn = urlunsplit(urlsplit(admin_dsn)._replace(path=f"/{DATABASE}"))
    async with connect(admin_dsn) as db, db.transaction():
        await _wait_turn(db, "pg_try_advisory_xact_lock")
        await _refuse_unsafe(db)
        if not restoring:
            await refuse_unfinished_database(db)
        owners = {service: f"{role_prefix}{service}" for service in SERVICES}
        roles = [*owners.values(), *(f"{owner}_run" for owner in owners.values())]
        database: str = await db.fetchval("SELECT current_database()")
        passwords = _passwords(data_dir, roles)
        for role in roles:
            await _prepare_role(db, role, passwords[role], database)
        for service, owner in owners.items():
            await _prepare_schema(db, service, owner, database)
        await _prepare_public(db, roles, f"{owners['usage']}_run", database, embedded)

    def dsn(role: str) -> str:
        return _dsn_of(admin_dsn, role, passwords[role], database)

    return {service: Dsns(dsn(owner), dsn(f"{owner}_run")) for service, owner in owners.items()}


@asynccontextmanager
async def connect(dsn: str) -> AsyncIterator[Connection]:
    try:
        db = await asyncpg.connect(dsn, timeout=CONNECT_S, statement_cache_size=0)
    except (ValueError, asyncpg.InterfaceError):
        # The message may quote the address, and with it the password.
        raise CannotStart(
            "DATABASE_URL is not an address like postgresql://user:password@host/database"
        ) from None
    except (OSError, asyncpg.PostgresError) as error:
        reason = str(error) or "no answer"
        raise CannotStart(f"cannot connect to the database: {reason}") from None
    try:
        yield db
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotStart(
            f"{error}: the user of DATABASE_URL needs CREATEROLE, CREATE on the database, and "
            "to be the one who made the services' roles"
        ) from None
    finally:
        await db.close()


async def _wait_turn(db: Connection, lock: str) -> None:
    """Polled: a session that waits inside a lock call can deadlock with CREATE INDEX CONCURRENTLY.

    Raises CannotStart when another starter does not finish.
    """
    for _ in range(TURN_POLLS):
        if await db.fetchval(f"SELECT {lock}($1)", TURN):
            return
        await asyncio.sleep(TURN_POLL_S)
    raise CannotStart("another AI QC is preparing the database and does not finish")


async def _create_database(admin_dsn: str) -> None:
    async with connect(admin_dsn) as db:
        await _wait_turn(db, "pg_try_advisory_lock")
        if not await db.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await db.execute(f"CREATE DATABASE {DATABASE}")


async def _refuse_unsafe(db: Connection) -> None:
    """A ledger must not forget what it acknowledged, nor how a name is written."""
    if int(await db.fetchval("SHOW server_version_num")) < OLDEST_VERSION:
        version = await db.fetchval("SHOW server_version")
        raise CannotStart(f"PostgreSQL {version} is too old: AI QC needs 15 or newer")
    encoding = await db.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise CannotStart(
            f"the database is encoded in {encoding}: make one with CREATE DATABASE … ENCODING "
            "'UTF8' TEMPLATE template0"
        )
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if await db.fetchval("SELECT current_setting($1)", setting) == "off":
            raise CannotStart(
                f"{setting} is off on this PostgreSQL: it can lose committed rows when it "
                f"crashes. Set {setting} = on, or use another server"
            )


def _passwords(data_dir: Path, roles: Iterable[str]) -> dict[str, str]:
    """The known passwords and new ones for the roles that have none, kept before they are used."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = data_dir / PASSWORDS_FILE
    known: dict[str, str] = {}
    if file.exists():
        try:
            known = dict(json.loads(file.read_text()))
        except (ValueError, TypeError):
            log.warning("%s cannot be read: the services' roles get new passwords", file)
    missing = {role: secrets.token_urlsafe(32) for role in roles if role not in known}
    if missing:
        known |= missing
        write_private(file, json.dumps(known, indent=1))
    return known


async def _prepare_role(db: Connection, role: str, password: str, database: str) -> None:
    """Make the role, or renew its password; a role that is not ours is left alone."""
    found = await db.fetchrow(
        """
        SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS strong,
               shobj_description(oid, 'pg_authid') AS mark
        FROM pg_roles WHERE rolname = $1
        """,
        role,
    )
    mark = f"AI QC on database {database}"
    if found is None:
        await db.execute(
            f"CREATE ROLE {_name(role)} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB "
            f"NOREPLICATION PASSWORD {_text(scram_verifier(password))}"
        )
        await db.execute(f"COMMENT ON ROLE {_name(role)} IS {_text(mark)}")
    elif found["mark"] != mark:
        raise CannotStart(
            f"the server has a role {role!r} that was not made for this database: choose a role "
            "prefix of your own for this installation"
        )
    elif found["strong"]:
        raise CannotStart(
            f"role {role!r} has rights over the whole server: take SUPERUSER, BYPASSRLS, "
            "CREATEROLE, CREATEDB and REPLICATION from it"
        )
    else:
        verifier = _text(scram_verifier(password))
        await db.execute(f"ALTER ROLE {_name(role)} LOGIN PASSWORD {verifier}")


async def _prepare_schema(db: Connection, schema: str, owner: str, database: str) -> None:
    """The owner has the schema, the run role may look into it, nobody else may."""
    run = f"{owner}_run"
    superuser = await db.fetchval("SHOW is_superuser") == "on"
    if not superuser:
        await db.execute(f"GRANT {_name(owner)} TO CURRENT_USER")
    await db.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {_name(owner)}")
    owned_by = await db.fetchval(
        "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = $1", schema
    )
    if owned_by.strip('"') != owner:
        raise CannotStart(
            f"database {database!r} has a schema {schema!r} of {owned_by}: give AI QC a database "
            "of its own"
        )
    await db.execute(
        f"""
        SET LOCAL ROLE {_name(owner)};
        REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {_name(run)};
        GRANT USAGE ON SCHEMA {schema} TO {_name(run)};
        RESET ROLE;
        """
    )
    for role in (owner, run):
        await db.execute(
            f"ALTER ROLE {_name(role)} IN DATABASE {_name(database)} SET search_path TO {schema}"
        )
    if not superuser:
        await db.execute(f"REVOKE {_name(owner)} FROM CURRENT_USER")


async def _prepare_public(
    db: Connection, roles: Iterable[str], stager: str, database: str, embedded: bool
) -> None:
    """What everyone may do: nothing on our own server, no new objects on somebody else's.

    There others may live in the database: who connects to it is for its owner to say.
    `stager` is the one role that stages its batches in temporary tables: the ledger's.
    """
    if embedded:
        await db.execute(f"REVOKE ALL ON DATABASE {DATABASE}, postgres, template1 FROM PUBLIC")
        await db.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    elif await db.fetchval(
        "SELECT has_schema_privilege('public', to_regnamespace('public'), 'CREATE')"
    ):
        await db.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    rights = [(role, "CONNECT") for role in roles] + [(stager, "TEMPORARY")]
    for role, right in rights:
        if not await db.fetchval(
            "SELECT has_database_privilege($1, $2, $3)", role, database, right
        ):
            await db.execute(f"GRANT {right} ON DATABASE {_name(database)} TO {_name(role)}")


def scram_verifier(password: str) -> str:
    """What a server keeps to check an ASCII password, in the form of pg_authid.rolpassword.

    Source: RFC 5803 and RFC 7677; PostgreSQL documentation, "pg_authid".
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (
        base64.b64encode(part).decode() for part in (salt, stored_key, server_key)
    )
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"


def _dsn_of(admin_dsn: str, role: str, password: str, database: str) -> str:
    """The administrator's address with everything that is personal exchanged."""
    parts = urlsplit(admin_dsn)
    hosts = parts.netloc.rpartition("@")[2]
    options = [(name, value) for name, value in parse_qsl(parts.query) if name not in OF_THE_ADMIN]
    return urlunsplit(
        parts._replace(
            netloc=f"{quote(role)}:{quote(password)}@{hosts}",
            path=f"/{quote(database, safe='')}",
            query=urlencode(options),
        )
    )


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
