"""What the services' roles can and cannot do, asked of a real server."""

import asyncio
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy import CannotStart
from deploy.database import SERVICES, Dsns, prepare_database
from deploy.embedded_postgres import EmbeddedPostgres
from tests.deploy.processes import query


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("database") / "postgres") as server:
        yield server


@pytest.fixture(scope="module")
def dsns(server: EmbeddedPostgres) -> dict[str, Dsns]:
    return prepare(server)


def prepare(server: EmbeddedPostgres) -> dict[str, Dsns]:
    return asyncio.run(prepare_database(server.admin_dsn, server.data_dir, embedded=True))


def database_of(server: EmbeddedPostgres, name: str, *, user: str = "") -> str:
    """The address of another database of the server, as the superuser or as `user`:`user`."""
    parts = urlsplit(server.admin_dsn)
    account = f"{user}:{user}" if user else f"{parts.username}:{parts.password}"
    return f"postgresql://{account}@127.0.0.1:{server.port}/{name}"


@pytest.mark.parametrize("service", SERVICES)
def test_neither_role_of_a_service_has_rights_over_the_server(
    dsns: dict[str, Dsns], service: str
) -> None:
    powers = """
        SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
        FROM pg_roles WHERE rolname = current_user
    """
    assert query(dsns[service].owner, powers) is False
    assert query(dsns[service].run, powers) is False


@pytest.mark.parametrize("service", SERVICES)
def test_both_roles_work_in_their_own_schema(dsns: dict[str, Dsns], service: str) -> None:
    for dsn in (dsns[service].owner, dsns[service].run):
        assert query(dsn, "SELECT current_schema()::text") == service
    owner = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = current_schema()"
    assert query(dsns[service].run, owner) == service


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_ledger_stages_rows_in_temporary_tables(
    dsns: dict[str, Dsns], service: str
) -> None:
    """Each right that a run role has is one that its service needs."""
    may = query(dsns[service].run, "SELECT has_database_privilege('aiqc', 'TEMPORARY')")

    assert may is (service == "usage")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (number int)",
        "CREATE TABLE public.mine (number int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SET ROLE usage",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
def test_run_role_creates_nothing_and_becomes_nobody_else(
    dsns: dict[str, Dsns], statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(dsns["usage"].run, statement)


def test_run_role_has_a_table_only_when_it_is_granted(dsns: dict[str, Dsns]) -> None:
    query(dsns["usage"].owner, "CREATE TABLE entry AS SELECT 7 AS number", "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(dsns["usage"].run, "SELECT number FROM entry")

    query(dsns["usage"].owner, "GRANT SELECT ON entry TO usage_run", "SELECT 1")
    assert query(dsns["usage"].run, "SELECT number FROM entry") == 7


@pytest.mark.parametrize("role", ["owner", "run"])
def test_no_role_sees_another_schema(dsns: dict[str, Dsns], role: str) -> None:
    query(dsns["qc"].owner, "CREATE TABLE IF NOT EXISTS private (number int)", "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="schema qc"):
        query(getattr(dsns["profiles"], role), "SELECT * FROM qc.private")


def test_roles_reach_no_other_database(server: EmbeddedPostgres, dsns: dict[str, Dsns]) -> None:
    for database in ("postgres", "template1"):
        elsewhere = urlsplit(dsns["usage"].run)._replace(path=f"/{database}").geturl()
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
            query(elsewhere, "SELECT 1")


def test_preparing_again_and_all_at_once_changes_nothing(
    server: EmbeddedPostgres, dsns: dict[str, Dsns]
) -> None:
    async def four_at_once() -> list[dict[str, Dsns]]:
        tasks = [
            prepare_database(server.admin_dsn, server.data_dir, embedded=True) for _ in range(4)
        ]
        return await asyncio.gather(*tasks)

    assert asyncio.run(four_at_once()) == [dsns] * 4
    assert query(dsns["gateway"].run, "SELECT 1") == 1


def test_four_first_starts_at_once_agree(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres") as server:

        async def four_at_once() -> list[dict[str, Dsns]]:
            tasks = [prepare_database(server.admin_dsn, tmp_path, embedded=True) for _ in range(4)]
            return await asyncio.gather(*tasks)

        first, *others = asyncio.run(four_at_once())
        assert others == [first] * 3
        for dsns in first.values():
            assert query(dsns.owner, "SELECT 1") == query(dsns.run, "SELECT 1") == 1


@pytest.mark.parametrize("content", [None, "", "{broken", "[]"])
def test_a_lost_passwords_file_costs_only_the_passwords(
    server: EmbeddedPostgres, dsns: dict[str, Dsns], content: str | None
) -> None:
    before = prepare(server)
    query(before["gateway"].owner, "CREATE TABLE IF NOT EXISTS kept (number int)", "SELECT 1")
    passwords = server.data_dir / "service.passwords"
    original = passwords.read_text()
    passwords.unlink() if content is None else passwords.write_text(content)

    after = prepare(server)

    assert after != before
    assert query(after["gateway"].owner, "SELECT count(*) FROM kept") == 0
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(before["gateway"].run, "SELECT 1")
    passwords.write_text(original)
    assert prepare(server) == before


def test_passwords_are_shown_nowhere(
    server: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    query(server.admin_dsn, "ALTER ROLE aiqc_superuser SET log_statement = 'all'", "SELECT 1")
    with caplog.at_level(logging.DEBUG):
        dsns = prepare(server)
    secrets = [
        urlsplit(dsn).password or "" for two in dsns.values() for dsn in (two.owner, two.run)
    ]

    server_log = (server.data_dir / "postgres.log").read_text()
    assert 'ALTER ROLE "usage_run" LOGIN PASSWORD' in server_log
    shown = repr(dsns) + caplog.text + server_log
    assert all(len(secret) > 40 and secret not in shown for secret in secrets)
    mode = (server.data_dir / "service.passwords").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_an_administrator_without_superuser_is_enough(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    query(server.admin_dsn, "CREATE ROLE dba LOGIN CREATEROLE PASSWORD 'dba'", "SELECT 1")
    query(server.admin_dsn, "CREATE DATABASE shared", "SELECT 1")
    query(server.admin_dsn, "GRANT CREATE ON DATABASE shared TO dba", "SELECT 1")
    admin_dsn = database_of(server, "shared", user="dba") + "?application_name=theirs"

    first = asyncio.run(prepare_database(admin_dsn, tmp_path, role_prefix="second_"))
    again = asyncio.run(prepare_database(admin_dsn, tmp_path, role_prefix="second_"))

    assert again == first
    assert query(first["qc"].run, "SELECT current_user::text") == "second_qc_run"
    assert query(first["qc"].run, "SELECT current_schema()::text") == "qc"
    assert query(first["qc"].run, "SELECT current_setting('application_name')") == "theirs"
    assert query(admin_dsn, "SELECT pg_has_role('second_qc', 'SET')") is False


def test_an_administrator_with_too_few_rights_is_told_which(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    query(server.admin_dsn, "CREATE ROLE weak LOGIN PASSWORD 'weak'", "SELECT 1")
    query(server.admin_dsn, "CREATE DATABASE weak", "SELECT 1")

    with pytest.raises(CannotStart, match="needs CREATEROLE, CREATE on the database"):
        asyncio.run(
            prepare_database(
                database_of(server, "weak", user="weak"), tmp_path, role_prefix="weak_"
            )
        )


def test_roles_of_another_installation_are_left_alone(
    server: EmbeddedPostgres, dsns: dict[str, Dsns], tmp_path: Path
) -> None:
    query(server.admin_dsn, "CREATE DATABASE neighbour", "SELECT 1")

    with pytest.raises(CannotStart, match="choose a role prefix"):
        asyncio.run(prepare_database(database_of(server, "neighbour"), tmp_path))
    assert query(dsns["gateway"].run, "SELECT 1") == 1


def test_a_role_that_became_powerful_is_refused(
    server: EmbeddedPostgres, dsns: dict[str, Dsns]
) -> None:
    query(server.admin_dsn, "ALTER ROLE qc_run BYPASSRLS", "SELECT 1")
    try:
        with pytest.raises(CannotStart, match="'qc_run' has rights over the whole server"):
            prepare(server)
    finally:
        query(server.admin_dsn, "ALTER ROLE qc_run NOBYPASSRLS", "SELECT 1")


def test_a_server_that_may_forget_is_refused(server: EmbeddedPostgres, tmp_path: Path) -> None:
    query(server.admin_dsn, "CREATE DATABASE careless", "SELECT 1")
    careless = "ALTER DATABASE careless SET synchronous_commit = off"
    query(server.admin_dsn, careless, "SELECT 1")

    with pytest.raises(CannotStart, match="synchronous_commit is off"):
        asyncio.run(
            prepare_database(database_of(server, "careless"), tmp_path, role_prefix="careless_")
        )


def test_a_database_that_cannot_keep_every_letter_is_refused(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    query(
        server.admin_dsn,
        "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE_PROVIDER libc "
        "LOCALE 'C'",
        "SELECT 1",
    )

    with pytest.raises(CannotStart, match="encoded in SQL_ASCII"):
        asyncio.run(prepare_database(database_of(server, "ascii"), tmp_path, role_prefix="ascii_"))


@pytest.mark.parametrize(
    ("admin_dsn", "answer"),
    [
        ("mysql://root:s3cret@127.0.0.1/x", "not an address like"),
        ("s3cret", "not an address like"),
        ("postgresql://root:s3cret@127.0.0.1:1/x", "cannot connect to the database"),
    ],
)
def test_a_wrong_address_is_answered_without_its_password(
    tmp_path: Path, admin_dsn: str, answer: str
) -> None:
    with pytest.raises(CannotStart, match=answer) as refusal:
        asyncio.run(prepare_database(admin_dsn, tmp_path))
    assert "s3cret" not in str(refusal.value)


def test_a_wrong_password_is_answered_without_it(server: EmbeddedPostgres, tmp_path: Path) -> None:
    wrong = f"postgresql://aiqc_superuser:s3cret@127.0.0.1:{server.port}/postgres"
    with pytest.raises(CannotStart, match="password authentication failed") as refusal:
        asyncio.run(prepare_database(wrong, tmp_path))
    assert "s3cret" not in str(refusal.value)


def test_a_prefix_is_a_plain_word(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="role prefix"):
        asyncio.run(prepare_database("postgresql://x/y", tmp_path, role_prefix='x"; DROP'))
