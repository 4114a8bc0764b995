"""The embedded server against real kills, real locks and real strangers."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy import CannotStart
from deploy.embedded_postgres import EmbeddedPostgres
from tests.deploy.processes import LINUX_ONLY, REPOSITORY, is_gone, query, wait_until

START_AND_SLEEP = """
import sys, time
from pathlib import Path
from deploy.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.process_id, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for the tests that ask it and for those that kill it."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("embedded") / "postgres") as server:
        yield server


def kill_server(server: EmbeddedPostgres) -> None:
    assert server.process_id is not None
    os.kill(server.process_id, signal.SIGKILL)
    wait_until(lambda: not server.is_running())


def start_in_other_process(data_dir: Path) -> tuple[subprocess.Popen[str], int]:
    other = subprocess.Popen(
        [sys.executable, "-c", START_AND_SLEEP, str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert other.stdout is not None
    return other, int(other.stdout.readline())


def test_both_doors_open_with_the_password(server: EmbeddedPostgres) -> None:
    for dsn in (server.admin_dsn, server.admin_socket_dsn):
        assert query(dsn, "SELECT current_user::text") == "aiqc_superuser"


def test_both_doors_stay_shut_without_the_password(server: EmbeddedPostgres) -> None:
    password = urlsplit(server.admin_dsn).password
    assert password
    for dsn in (server.admin_dsn, server.admin_socket_dsn):
        with pytest.raises(asyncpg.InvalidPasswordError):
            query(dsn.replace(password, "wrong"), "SELECT 1")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("password_encryption", "scram-sha-256"),
        ("listen_addresses", "127.0.0.1"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ],
)
def test_server_is_safe_by_default(server: EmbeddedPostgres, setting: str, value: str) -> None:
    assert query(server.admin_dsn, f"SELECT current_setting('{setting}')") == value


@LINUX_ONLY
def test_password_and_keys_are_not_in_arguments_or_environment(
    server: EmbeddedPostgres,
) -> None:
    password = urlsplit(server.admin_dsn).password or ""
    process = Path(f"/proc/{server.process_id}")
    assert password.encode() not in (process / "cmdline").read_bytes()
    assert b"HOME=" not in (process / "environ").read_bytes()
    assert password not in (server.data_dir / "postgres.log").read_text()


def test_committed_rows_survive_kill_9_of_the_server(server: EmbeddedPostgres) -> None:
    query(server.admin_dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")

    kill_server(server)
    server.start()

    assert query(server.admin_dsn, "SELECT count(*) FROM kept") == 1000


@LINUX_ONLY
def test_server_ends_with_a_killed_parent_and_the_next_start_works(tmp_path: Path) -> None:
    parent, server_id = start_in_other_process(tmp_path / "data")

    parent.kill()
    parent.wait()

    with EmbeddedPostgres(tmp_path / "data") as server:
        assert is_gone(server_id)
        assert query(server.admin_dsn, "SELECT 1") == 1


@LINUX_ONLY
def test_kill_9_of_parent_and_server_at_once_is_survived(tmp_path: Path) -> None:
    parent, server_id = start_in_other_process(tmp_path / "data")

    os.kill(server_id, signal.SIGKILL)
    parent.kill()
    parent.wait()

    with EmbeddedPostgres(tmp_path / "data") as server:
        assert query(server.admin_dsn, "SELECT 1") == 1


@LINUX_ONLY
def test_a_zombie_server_does_not_block_the_next_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    zombie, server._process = server._process, None
    assert zombie is not None
    zombie.send_signal(signal.SIGKILL)
    wait_until(lambda: is_gone(zombie.pid))

    with server:
        assert Path(f"/proc/{zombie.pid}").exists()
        assert query(server.admin_dsn, "SELECT 1") == 1
    zombie.wait()


def test_a_pid_file_with_the_id_of_a_stranger_is_not_believed(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as server:
        pid_file = tmp_path / "data" / "cluster" / "postmaster.pid"
        said = pid_file.read_text().splitlines()
    account = {} if os.geteuid() else {"user": "nobody"}
    with subprocess.Popen(["sleep", "30"], **account) as stranger:  # type: ignore[call-overload]
        pid_file.write_text("\n".join([str(stranger.pid), *said[1:], ""]))
        with EmbeddedPostgres(tmp_path / "data") as server:
            assert server.process_id != stranger.pid
            assert query(server.admin_dsn, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_second_start_reuses_the_data(tmp_path: Path) -> None:
    def made_at() -> int:
        return min(tmp_path.rglob("PG_VERSION")).stat().st_mtime_ns

    with EmbeddedPostgres(tmp_path / "data") as server:
        query(server.admin_dsn, "CREATE TABLE kept AS SELECT 7 AS number", "SELECT 1")
    first_made_at = made_at()

    with EmbeddedPostgres(tmp_path / "data") as server:
        assert query(server.admin_dsn, "SELECT number FROM kept") == 7
    assert made_at() == first_made_at


def test_stop_leaves_no_process_and_no_socket_folder(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    folder = Path((tmp_path / "data" / "socket_folder").read_text())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    server.stop()
    server.stop()

    assert not folder.exists()
    assert not server.is_running()


def test_second_instance_is_told_who_has_the_data(server: EmbeddedPostgres) -> None:
    with pytest.raises(CannotStart, match=rf"is in use by process {os.getpid()}:"):
        EmbeddedPostgres(server.data_dir).start()
    assert query(server.admin_dsn, "SELECT 1") == 1


def test_of_two_starts_at_once_one_runs(tmp_path: Path) -> None:
    code = START_AND_SLEEP.replace("time.sleep(60)", "sys.stdin.read(); server.stop()")
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for _ in range(2)
    ]
    wait_until(lambda: any(start.poll() is not None for start in starts))
    refused, running = sorted(starts, key=lambda start: start.poll() is None)

    assert running.stdout is not None
    assert running.stdout.readline().strip().isdigit()
    assert f"is in use by process {running.pid}:" in refused.communicate()[1]
    running.communicate("")
    assert (running.returncode, refused.returncode) == (0, 1)


def test_a_server_that_dies_is_started_again_on_the_same_port(server: EmbeddedPostgres) -> None:
    port = server.port

    async def kill_and_watch() -> None:
        keeper = asyncio.create_task(server.keep_running())
        assert server.process_id is not None
        os.kill(server.process_id, signal.SIGKILL)
        await asyncio.sleep(3)
        keeper.cancel()

    asyncio.run(kill_and_watch())
    assert server.port == port
    assert query(server.admin_dsn, "SELECT 1") == 1


def test_a_given_port_is_used_and_a_taken_one_is_named(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.embedded_postgres.BUSY_S", 0.5)
    with pytest.raises(CannotStart, match=f"port {server.port} is taken"):
        EmbeddedPostgres(tmp_path / "data", port=server.port).start()


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postgres.log").write_text("old line\n" * 200_000)

    with EmbeddedPostgres(tmp_path / "data"):
        pass

    assert (tmp_path / "data" / "postgres.log").stat().st_size < 10_000
    assert (tmp_path / "data" / "postgres.log.1").read_text().startswith("old line")
