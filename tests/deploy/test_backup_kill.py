"""Rules of a backup and a restore that are killed: nobody takes what they leave for a whole one."""

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.backups import environment, files_below, manifest_of, ran, refused, start
from tests.deploy.processes import LINUX_ONLY, is_gone, wait_until
from tests.journeys.processes import descendants, run_aiqc

pytestmark = LINUX_ONLY
BIG_BYTES = 192 << 20
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "marked": lambda folder: (folder / "restore.unfinished").exists(),
    "initdb": lambda folder: any((folder / "postgres").glob("initdb-*/cluster/base")),
    "server": lambda folder: (folder / "postgres" / "cluster" / "postmaster.pid").exists(),
    "originals": lambda folder: any((folder / "objects").glob("big*")),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a database and an original that takes a moment to copy."""
    folder = tmp_path_factory.mktemp("kill") / "data"
    ran(environment(folder), "report")
    (folder / "objects").mkdir(exist_ok=True)
    with (folder / "objects" / "big").open("wb") as file:
        for _ in range(BIG_BYTES >> 20):
            file.write(os.urandom(1 << 20))
    return folder


@pytest.fixture(scope="module")
def file(data: Path) -> Path:
    ran(environment(data), "backup", data.parent / "backup.tar")
    return data.parent / "backup.tar"


@pytest.mark.parametrize("size_bytes", [0, 1 << 20, BIG_BYTES])
def test_killed_backup_leaves_no_file_of_that_name_and_the_next_cleans_up(
    data: Path, tmp_path: Path, size_bytes: int
) -> None:
    process = start(environment(data), "backup", tmp_path / "backup.tar")
    wait_until(lambda: any(f.stat().st_size > size_bytes - 1 for f in tmp_path.iterdir()), 30.0)
    children = descendants(process.pid)
    process.kill()
    process.wait()

    [left_over] = tmp_path.iterdir()
    assert left_over.name.startswith(".aiqc-") and left_over.name.endswith(".unfinished")
    assert stat.S_IMODE(left_over.stat().st_mode) == 0o600
    wait_until(lambda: all(is_gone(child) for child in children))
    ran(environment(data), "backup", tmp_path)
    [whole] = tmp_path.iterdir()
    assert manifest_of(whole).members["objects/big"].size_bytes == BIG_BYTES


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_backup_that_is_told_to_stop_does(
    data: Path, tmp_path: Path, signal_number: signal.Signals
) -> None:
    process = start(environment(data), "backup", tmp_path / "backup.tar")
    wait_until(lambda: any(f.stat().st_size > 1 << 20 for f in tmp_path.iterdir()), 30.0)
    process.send_signal(signal_number)

    assert process.wait(10) != 0
    assert not (tmp_path / "backup.tar").exists()
    assert signal_number == signal.SIGTERM or list(tmp_path.iterdir()) == []


def test_two_backups_at_once_are_both_whole(data: Path, tmp_path: Path) -> None:
    both = [start(environment(data), "backup", tmp_path / name) for name in ("a.tar", "b.tar")]

    assert [process.wait(60) for process in both] == [0, 0]
    a, b = (manifest_of(tmp_path / name) for name in ("a.tar", "b.tar"))
    assert a.contents == b.contents and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_restore_is_not_taken_for_a_whole_one_and_can_be_run_again(
    file: Path, data: Path, tmp_path: Path, moment: str
) -> None:
    environ = environment(tmp_path / "new")
    process = start(environ, "restore", file)
    wait_until(lambda: MOMENTS[moment](tmp_path / "new"), 30.0)
    process.kill()
    process.wait()

    for command in (["report"], ["up"], ["backup", str(tmp_path / "b.tar")]):
        sentence = refused(environ, *command)
        assert f"the restore of {file} into {tmp_path / 'new'} did not end" in sentence
    ran(environ, "restore", file)

    assert not (tmp_path / "new" / "restore.unfinished").exists()
    assert files_below(tmp_path / "new" / "objects") == files_below(data / "objects")
    assert run_aiqc(environ, "report").stdout == "No usage data found\n"
