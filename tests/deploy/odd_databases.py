"""Databases to back up: every migration that there is, and what one might bring some day."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from deploy.database import Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.manifest import own_migrations
from libs.postgres import migrate
from tests.deploy.postgres_15 import Server
from tests.deploy.processes import query

ODD = """
    CREATE UNLOGGED TABLE roll_up (day date, cost_usd numeric, PRIMARY KEY (day));
    INSERT INTO roll_up VALUES ('2026-11-27', 12345678901234567890123456789.000000001);
    INSERT INTO roll_up VALUES ('2026-11-28', 0.3);
    CREATE TABLE "Odd ""name" (id bigint GENERATED ALWAYS AS IDENTITY, "Cost ""usd" numeric,
                               twice numeric GENERATED ALWAYS AS ("Cost ""usd" * 2) STORED);
    INSERT INTO "Odd ""name" ("Cost ""usd") VALUES (0.1), (0.2), ('NaN');
    CREATE TABLE grows (client_id text, at date, note text) PARTITION BY RANGE (at);
    CREATE TABLE grows_old PARTITION OF grows FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE grows_new PARTITION OF grows FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO grows VALUES ('diageo', '2025-05-05', E'a\\tb\\n\\\\.');
    INSERT INTO grows VALUES ('loreal', '2026-05-05', NULL);
    CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON grows
        FOR EACH ROW EXECUTE FUNCTION refuse_change();
    ALTER TABLE grows_old DISABLE TRIGGER immutable;
    ALTER TABLE grows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    ALTER TABLE grows_old ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON grows TO {run}
        USING (current_setting('app.clients', true) IN ('*', client_id));
    GRANT SELECT (client_id, at), INSERT ON grows TO {run};
    GRANT SELECT ON roll_up TO analyst WITH GRANT OPTION;
    CREATE FUNCTION total() RETURNS numeric LANGUAGE sql SECURITY DEFINER
        SET search_path = usage, pg_temp AS 'SELECT sum(cost_usd) FROM roll_up';
    REVOKE ALL ON FUNCTION total() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION total() TO {run};
    CREATE MATERIALIZED VIEW summary AS SELECT count(*) AS days FROM roll_up;
    CREATE VIEW days AS SELECT day FROM roll_up;
    ALTER DEFAULT PRIVILEGES IN SCHEMA usage GRANT SELECT ON TABLES TO {run};
    ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO {run} WITH GRANT OPTION;
"""


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


def environment(data_dir: Path, url: str = "", prefix: str = "") -> dict[str, str]:
    environ = {"AIQC_DATA_DIR": str(data_dir), "PATH": os.environ["PATH"], "HOME": "/nowhere"}
    return environ | ({"DATABASE_URL": url, "AIQC_ROLE_PREFIX": prefix} if url else {})


def database(server: EmbeddedPostgres | Server, name: str, user: str = "") -> str:
    """The address of a new database, as the superuser or as a new `user` who may make roles."""
    if user:
        query(
            server.admin_dsn, f"CREATE ROLE {user} LOGIN CREATEROLE PASSWORD '{user}'", "SELECT 1"
        )
    query(server.admin_dsn, f"CREATE DATABASE {name}", "SELECT 1")
    if user:
        query(server.admin_dsn, f"GRANT CREATE ON DATABASE {name} TO {user}", "SELECT 1")
    return address(server, name, user)


def address(server: EmbeddedPostgres | Server, name: str, user: str = "") -> str:
    parts = urlsplit(server.admin_dsn)
    account = f"{user}:{user}" if user else f"{parts.username}:{parts.password}"
    return f"postgresql://{account}@127.0.0.1:{server.port}/{name}"


async def fill(dsns: dict[str, Dsns]) -> None:
    """Every migration that there is, and things that a migration might bring one day."""
    for service, migrations in own_migrations().items():
        await migrate(dsns[service].owner, service, migrations)
    db = await asyncpg.connect(dsns["usage"].owner)
    run = urlsplit(dsns["usage"].run).username
    await db.execute(ODD.format(run=run))
    await db.close()
