"""Rules of the database in a backup: whatever the schemas hold comes back, with all its rights."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy import CannotStart
from deploy.backup import back_up
from deploy.database import SERVICES, Dsns, prepare_database
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.manifest import own_migrations
from deploy.restore import restore
from libs.postgres import migrate
from tests.deploy.backups import manifest_of
from tests.deploy.odd_databases import address, database, environment, fill, quiet
from tests.deploy.postgres_15 import NEEDS_15, postgres_15
from tests.deploy.processes import LINUX_ONLY, query

pytestmark = LINUX_ONLY
SEES_EVERYTHING = "SET app.clients = '*'"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Somebody's server, with a role that is not ours."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("theirs") / "postgres") as server:
        query(server.admin_dsn, "CREATE ROLE analyst NOLOGIN", "SELECT 1")
        yield server


@pytest.fixture(scope="module")
def source(server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an installation on that server, under a prefix."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "objects").mkdir()
    url = database(server, "source")
    asyncio.run(fill(asyncio.run(prepare_database(url, folder, role_prefix="one_"))))
    return environment(folder, url, "one_")


@pytest.fixture(scope="module")
def file(source: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "backup.tar"
    asyncio.run(back_up(source, path, quiet))
    return path


@pytest.fixture(scope="module")
def restored(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Dsns]]:
    """On an embedded server, where roles have no prefix."""
    folder = tmp_path_factory.mktemp("restored")
    asyncio.run(restore(environment(folder), file, quiet))
    with EmbeddedPostgres(folder / "postgres") as server:
        yield asyncio.run(prepare_database(server.admin_dsn, folder, embedded=True))


def test_sums_are_exact_and_of_every_table(file: Path) -> None:
    contents = manifest_of(file).contents
    assert contents.tables["usage.roll_up"].sums == {
        "cost_usd": "12345678901234567890123456789.300000001"
    }
    assert contents.tables['usage.Odd "name'].sums == {'Cost "usd': "NaN", "twice": "NaN"}
    assert contents.tables["usage.grows_old"].rows == contents.tables["usage.grows_new"].rows == 1
    assert "usage.summary" not in contents.tables, "it may be stale, and is made afresh"
    assert set(contents.migrations) == set(SERVICES) and all(contents.migrations.values())


def test_roles_have_this_installations_names_and_own_everything(
    restored: dict[str, Dsns],
) -> None:
    owner = restored["usage"].owner
    strangers = """
        SELECT array_agg(DISTINCT pg_get_userbyid(relowner)::text) FROM pg_class
         WHERE relnamespace = 'usage'::regnamespace
    """
    assert query(owner, strangers) == ["usage"]
    assert query(owner, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'one%'") == 0
    functions = "SELECT bool_and(pg_get_userbyid(proowner) = 'usage') FROM pg_proc"
    assert query(owner, f"{functions} WHERE pronamespace = 'usage'::regnamespace") is True


def test_row_security_grants_and_definers_stand(restored: dict[str, Dsns]) -> None:
    run = restored["usage"].run

    assert query(run, "SELECT count(client_id) FROM grows") == 0
    assert query(run, "SET app.clients = 'loreal'", "SELECT min(client_id) FROM grows") == "loreal"
    assert query(run, SEES_EVERYTHING, "SELECT count(client_id) FROM grows") == 2
    assert str(query(run, "SELECT total()")) == "12345678901234567890123456789.300000001"
    for forbidden in ("SELECT note FROM grows", "SELECT * FROM roll_up", "DELETE FROM grows"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query(run, SEES_EVERYTHING, forbidden)
    assert query(run, "SELECT make_month('2026-11-01')") in (True, False)


def test_triggers_of_partitions_stand_as_they_were(restored: dict[str, Dsns]) -> None:
    owner = restored["usage"].owner
    enabled = "SELECT tgenabled::text FROM pg_trigger WHERE tgrelid = '{}'::regclass"

    assert query(owner, enabled.format("grows_old")) == "D"
    assert query(owner, enabled.format("grows_new")) == "O"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed or deleted"):
        query(owner, "ALTER TABLE grows NO FORCE ROW LEVEL SECURITY", "DELETE FROM grows_new")


def test_what_is_made_later_gets_the_default_privileges(restored: dict[str, Dsns]) -> None:
    owner, run = restored["usage"].owner, restored["usage"].run
    query(owner, "CREATE TABLE later AS SELECT 7 AS number", "SELECT 1")
    query(owner, "CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 7'", "SELECT 1")
    query(owner, "CREATE SEQUENCE ids", "SELECT 1")

    assert query(run, "SELECT number FROM later") == 7
    assert query(run, "SELECT nextval('ids')") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="function secret"):
        query(run, "SELECT secret()")


def test_sequences_go_on_where_they_were(restored: dict[str, Dsns]) -> None:
    insert = 'INSERT INTO "Odd ""name" ("Cost ""usd") VALUES (1) RETURNING id'
    assert query(restored["usage"].owner, insert) == 4


def test_services_migrate_on_from_there(restored: dict[str, Dsns]) -> None:
    migrations = own_migrations()["usage"]
    later = migrations | {"9999_later.sql": "CREATE TABLE later_still ()"}

    assert asyncio.run(migrate(restored["usage"].owner, "usage", migrations)) == []
    assert asyncio.run(migrate(restored["usage"].owner, "usage", later)) == ["9999_later.sql"]


def test_backup_of_a_newer_version_is_refused(restored: dict[str, Dsns], tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data" / "postgres") as server:
        dsns = asyncio.run(prepare_database(server.admin_dsn, tmp_path / "data", embedded=True))
        asyncio.run(migrate(dsns["qc"].owner, "qc", {"9999_later.sql": "SELECT 1"}))
    asyncio.run(back_up(environment(tmp_path / "data"), tmp_path / "b.tar", quiet))

    with pytest.raises(CannotStart, match=r"newer than this one .* qc has 9999_later\.sql"):
        asyncio.run(restore(environment(tmp_path / "new"), tmp_path / "b.tar", quiet))
    assert not (tmp_path / "new").exists()


def test_backup_needs_a_user_who_sees_every_row(
    server: EmbeddedPostgres, source: dict[str, str], file: Path, tmp_path: Path
) -> None:
    query(server.admin_dsn, "CREATE ROLE keeper LOGIN PASSWORD 'keeper'", "SELECT 1")
    environ = source | {"DATABASE_URL": address(server, "source", "keeper")}
    with pytest.raises(CannotStart, match="keeper of DATABASE_URL does not see every row"):
        asyncio.run(back_up(environ, tmp_path / "b.tar", quiet))

    query(server.admin_dsn, "ALTER ROLE keeper BYPASSRLS", "GRANT pg_read_all_data TO keeper")
    taken = asyncio.run(back_up(environ, tmp_path / "b.tar", quiet))

    assert taken.manifest.contents == manifest_of(file).contents


async def test_what_is_written_and_emptied_meanwhile_is_counted_and_dumped_alike(
    source: dict[str, str], tmp_path: Path
) -> None:
    """The restore compares each count and sum with what the dump brought."""
    shown: list[str] = []
    db = await asyncpg.connect(source["DATABASE_URL"])
    for schema in ("gateway", "usage"):
        await db.execute(f"CREATE TABLE {schema}.busy (n numeric)")
        await db.execute(f"ALTER TABLE {schema}.busy OWNER TO one_{schema}")

    async def write() -> None:
        while True:
            async with db.transaction():
                if "dumping gateway" in shown and "emptied" not in shown:
                    shown.append("emptied")
                    await db.execute("TRUNCATE gateway.busy, usage.busy")
                await db.execute("INSERT INTO gateway.busy VALUES (0.1)")
                await db.execute("INSERT INTO usage.busy VALUES (0.1)")

    writing = asyncio.create_task(write())
    try:
        await asyncio.sleep(0.2)
        taken = await back_up(
            source, tmp_path / "b.tar", lambda what, _done, _total: shown.append(what)
        )
    finally:
        writing.cancel()
        await asyncio.wait({writing})
        await db.execute("DROP TABLE gateway.busy, usage.busy")
        await db.close()

    tables = taken.manifest.contents.tables
    assert tables["gateway.busy"] == tables["usage.busy"]
    assert tables["gateway.busy"].rows > 0
    assert "emptied" in shown and shown.count("counting") >= 2, "it was taken again"
    await restore(environment(tmp_path / "new"), tmp_path / "b.tar", quiet)


def test_half_restored_database_is_refused_and_then_restored(
    file: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By an administrator without superuser, under another prefix, killed on the way."""

    class Killed(BaseException):
        pass

    def kill_in_usage(what: str, _done: int, _total: int) -> None:
        if what == "restoring usage":
            raise Killed

    with EmbeddedPostgres(tmp_path_factory.mktemp("other") / "postgres") as other:
        url = database(other, "target", "dba")
        environ = environment(tmp_path / "data", url, "two_")
        with pytest.raises(CannotStart, match="gives rights to analyst: first make a role"):
            asyncio.run(restore(environ, file, quiet))
        query(other.admin_dsn, "CREATE ROLE analyst", "SELECT 1")
        with pytest.raises(Killed):
            asyncio.run(restore(environ, file, kill_in_usage))

        with pytest.raises(CannotStart, match="a restore into this database did not end"):
            asyncio.run(prepare_database(url, tmp_path / "elsewhere", role_prefix="one_"))
        asyncio.run(restore(environ, file, quiet))

        dsns = asyncio.run(prepare_database(url, tmp_path / "data", role_prefix="two_"))
        assert query(dsns["usage"].run, SEES_EVERYTHING, "SELECT count(at) FROM grows") == 2
        assert query(url, "SELECT pg_has_role('two_usage', 'SET')") is False
        assert query(dsns["usage"].owner, "SELECT current_user::text") == "two_usage"
        again = environment(tmp_path / "new", url, "two_")
        with pytest.raises(CannotStart, match="the database already holds"):
            asyncio.run(restore(again, file, quiet))
        assert not (tmp_path / "new").exists()


def test_roles_of_another_installation_get_no_rights(
    server: EmbeddedPostgres, source: dict[str, str], file: Path, tmp_path: Path
) -> None:
    environ = environment(tmp_path / "data", database(server, "neighbour"), "two_")

    with pytest.raises(CannotStart, match="restore on another server"):
        asyncio.run(restore(environ, file, quiet))


@NEEDS_15
def test_postgres_15_goes_to_18_and_to_15_and_18_does_not_go_to_15(
    file: Path, tmp_path: Path
) -> None:
    with postgres_15() as fifteen:
        query(fifteen.admin_dsn, "CREATE ROLE analyst", "SELECT 1")
        url = database(fifteen, "source")
        asyncio.run(fill(asyncio.run(prepare_database(url, tmp_path / "source"))))
        with pytest.raises(CannotStart, match="there are no originals in"):
            asyncio.run(back_up(environment(tmp_path / "source", url), tmp_path / "15.tar", quiet))
        (tmp_path / "source" / "objects").mkdir()
        taken = back_up(environment(tmp_path / "source", url), tmp_path / "15.tar", quiet)
        assert asyncio.run(taken).manifest.postgres_major == 15

        asyncio.run(restore(environment(tmp_path / "into_18"), tmp_path / "15.tar", quiet))
        query(fifteen.admin_dsn, "DROP DATABASE source", "SELECT 1")
        for role in SERVICES:
            query(fifteen.admin_dsn, f"DROP ROLE {role}, {role}_run", "SELECT 1")
        target = database(fifteen, "target")
        asyncio.run(restore(environment(tmp_path / "to_15", target), tmp_path / "15.tar", quiet))
        with pytest.raises(CannotStart, match="is of PostgreSQL 18 and this is PostgreSQL 15"):
            asyncio.run(restore(environment(tmp_path / "x", target), file, quiet))
    assert not (tmp_path / "x").exists()
