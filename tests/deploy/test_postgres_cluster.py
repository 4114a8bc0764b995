"""The cluster's files: who owns them, what they are made with, how they are repaired."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy import CannotStart
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.postgres_cluster import explain
from tests.deploy.processes import ROOT_ONLY, query


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for the tests that only ask it."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("embedded") / "postgres") as server:
        yield server


def test_text_has_the_c_utf8_locale(server: EmbeddedPostgres) -> None:
    assert query(server.admin_dsn, "SELECT upper('é')") == "É"
    locale = "SELECT datlocale FROM pg_database WHERE datname = 'template1'"
    assert query(server.admin_dsn, locale) == "C.UTF-8"


def test_every_line_of_the_host_file_asks_for_scram(server: EmbeddedPostgres) -> None:
    methods = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"
    assert query(server.admin_dsn, methods) == "scram-sha-256"


def test_secrets_and_data_are_closed_to_others(server: EmbeddedPostgres) -> None:
    modes = {
        name: stat.S_IMODE((server.data_dir / name).stat().st_mode)
        for name in ("superuser.password", "postgres.log", "cluster", ".")
    }
    expected = {"superuser.password": 0o600, "postgres.log": 0o600, "cluster": 0o700, ".": 0o700}
    assert modes == expected
    assert not list(server.data_dir.glob("initdb-*"))


@ROOT_ONLY
def test_root_runs_the_server_as_nobody_and_loosens_no_mode(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "data") as server:
        assert Path(f"/proc/{server.process_id}").stat().st_uid != 0
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert query(server.admin_dsn, "SELECT 1") == 1


@ROOT_ONLY
def test_root_leaves_the_files_to_the_owner_of_the_data_directory(tmp_path: Path) -> None:
    data_dir = tmp_path / "theirs"
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, 33, 33)
    with EmbeddedPostgres(data_dir) as server:
        assert Path(f"/proc/{server.process_id}").stat().st_uid == 33
        assert {path.stat().st_uid for path in data_dir.iterdir()} == {33}


def test_a_lost_superuser_password_is_replaced(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as server:
        lost = server.admin_dsn
        query(lost, "CREATE TABLE kept AS SELECT 7 AS number")
    (tmp_path / "data" / "superuser.password").unlink()

    with EmbeddedPostgres(tmp_path / "data") as server:
        assert urlsplit(server.admin_dsn).password != urlsplit(lost).password
        assert query(server.admin_dsn, "SELECT number FROM kept") == 7


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "data" / "initdb-interrupted" / "cluster"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(tmp_path / "data") as server:
        assert query(server.admin_dsn, "SELECT 1") == 1
    assert not half.exists()


def test_data_of_another_major_version_are_left_alone(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data"):
        pass
    version = tmp_path / "data" / "cluster" / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(CannotStart, match="was made by PostgreSQL 17 and this is"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_a_full_disk_is_named() -> None:
    output = 'PANIC:  could not write to file "pg_wal/xlogtemp.9": No space left on device\n'
    assert explain(output) == "the disk is full: free some space and start again"
