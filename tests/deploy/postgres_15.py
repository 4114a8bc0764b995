"""A PostgreSQL 15 from Debian's packages, as somebody else's server would be."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.children import Account, die_with_us
from deploy.ports import free_ports
from deploy.postmaster import is_ready
from tests.deploy.processes import wait_until

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
NEEDS_15 = pytest.mark.skipif(
    not (PROGRAMS / "postgres").exists() or shutil.which("pg_dump") is None,
    reason="needs Debian's postgresql-15",
)


@dataclass(frozen=True)
class Server:
    port: int

    @property
    def admin_dsn(self) -> str:
        return f"postgresql://root:root@127.0.0.1:{self.port}/postgres"


@contextmanager
def postgres_15() -> Iterator[Server]:
    folder, [port] = Path(tempfile.mkdtemp(dir="/tmp", prefix="fifteen-")), free_ports(1)
    account = Account()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        account = Account(nobody.pw_uid, nobody.pw_gid)
    (folder / "password").write_text("root")
    for path in (folder, folder / "password"):
        account.take(path)

    def run(program: str, *options: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [PROGRAMS / program, "-D", str(folder / "data"), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.user_id,
            group=account.group_id,
            extra_groups=account.extra_groups,
            cwd=folder,
            preexec_fn=die_with_us(signal.SIGINT),
        )

    try:
        options = "--username=root", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"
        assert run("initdb", *options, "--encoding=UTF8", "--locale=C").wait(60) == 0
        server = run("postgres", f"--port={port}", f"--unix_socket_directories={folder}")
        wait_until(lambda: is_ready(folder / "data", server.pid), 30.0)
        yield Server(port)
        server.send_signal(signal.SIGINT)
        server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
