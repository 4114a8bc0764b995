"""The platform as a person starts it: `aiqc up` and the fake providers, each a real process."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

from aiohttp import ClientSession
from yarl import URL

from deploy.ports import free_ports
from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.contracts.usage import LedgerEntry
from tests.deploy.processes import REPOSITORY, is_gone, wait_until
from tests.lasting_models import lasting_models

AIQC = Path(sys.executable).with_name("aiqc")
SERVICES = ("gateway", "qc", "profiles", "usage")
START_S = 60.0
STOP_S = 15.0
LEASE_S = "2"
CALLS_IN_FLIGHT = 2

OPENAI_KEY = "sk-canary-openai-0123456789"
GEMINI_KEY = "canary-gemini-0123456789"


def bare_environment(data_dir: Path, **changes: str) -> dict[str, str]:
    """What a login shell has, and which data directory is meant; nothing of this test run's.

    The code is that of this checkout, whichever one the virtual environment points at.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = {"AIQC_DATA_DIR": str(data_dir), "PYTHONPATH": str(REPOSITORY)}
    return kept | given | changes


def run_aiqc(
    environ: Mapping[str, str], *arguments: str | Path, timeout_s: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """One command to its end. What it says on stderr is never a traceback."""
    ended = subprocess.run(
        [AIQC, *map(str, arguments)],
        env=environ,
        cwd=environ["AIQC_DATA_DIR"] if Path(environ["AIQC_DATA_DIR"]).is_dir() else "/",
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert "Traceback" not in ended.stderr + ended.stdout, ended.stderr
    return ended


@dataclass
class FakeProcess:
    """`python -m tests.fake_providers`: it remembers the calls of a qc that was killed."""

    process: subprocess.Popen[str]
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_API_KEY": OPENAI_KEY,
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "GEMINI_API_KEY": GEMINI_KEY,
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "QC_MODELS_FILE": str(lasting_models()),
        }

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self._ask("/_calls")["calls"]
        return calls

    def answer_all(self, **answer: object) -> None:
        """Forget what was, and answer every call from now on like this."""
        self._ask("/_script", {"reset": True, "answers": [{"times": 0, **answer}]})

    def _ask(self, path: str, body: object = None) -> dict[str, Any]:
        data = json.dumps(body).encode() if body else None
        with urlopen(Request(self.url + path, data), timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
        return answer


@contextmanager
def fake_providers_process() -> Iterator[FakeProcess]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fake_providers"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield FakeProcess(process, process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()


@dataclass
class Up:
    """`aiqc up` on free ports, over a data directory that it may have used before."""

    data_dir: Path
    changes: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(
        default_factory=lambda: dict(zip(SERVICES, free_ports(4), strict=True))
    )
    process: subprocess.Popen[bytes] | None = None

    @property
    def environ(self) -> dict[str, str]:
        ports = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        return bare_environment(self.data_dir, **ports, **self.changes)

    @property
    def log_file(self) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.log")

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def url(self) -> URL:
        return URL(f"http://127.0.0.1:{self.ports['gateway']}/")

    @property
    def process_id(self) -> int:
        assert self.process
        return self.process.pid

    def start(self) -> None:
        """Return once it has said that it is ready, in this life."""
        said_before = self.log_file.stat().st_size if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [AIQC, "up"],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        def ready() -> bool:
            assert self.process and self.process.poll() is None, self.log[said_before:]
            return f"AI QC is ready at {str(self.url).rstrip('/')}" in self.log[said_before:]

        wait_until(ready, START_S)

    def stop(self, signal_number: int = signal.SIGTERM) -> float:
        """End it as a person would; return the seconds that it took."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        began = time.monotonic()
        self.process.send_signal(signal_number)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return time.monotonic() - began

    def kill(self) -> None:
        """kill -9 of the whole `aiqc up`; what it started is not touched."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def pid_of(self, service: str) -> int:
        """Process id of a service that runs now; waits for one that starts again."""
        found: list[int] = []

        def alive() -> bool:
            found[:] = [
                pid
                for pid, command in descendants(self.process_id).items()
                if command.endswith(f"-m services.{service}")
            ]
            return len(found) == 1

        wait_until(alive, START_S)
        return found[0]

    def kill_service(self, service: str, signal_number: int = signal.SIGKILL) -> None:
        """Send the signal and wait until the process is gone."""
        process_id = self.pid_of(service)
        os.kill(process_id, signal_number)
        wait_until(lambda: is_gone(process_id), 30.0)

    def token(self, service: str) -> str:
        ended = run_aiqc(self.environ, "token", "--service", service)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    async def entries(self, analysis_id: object, at_least: int = 0) -> list[LedgerEntry]:
        """The ledger of one analysis, once it has that many entries."""
        token = await asyncio.to_thread(self.token, "usage")
        async with ClientSession() as session, asyncio.timeout(60):
            url = URL(f"http://127.0.0.1:{self.ports['usage']}/")
            api = UsageApi(Caller(session, url, lambda: token))
            while True:
                entries = (await api.entries_of(analysis_id)).entries  # type: ignore[arg-type]
                if len(entries) >= at_least:
                    return entries
                await asyncio.sleep(0.1)

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


def descendants(process_id: int) -> dict[int, str]:
    """Command lines of all processes under this one, by process id."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and not is_gone(int(entry.name)):
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found, generation = set[int](), {process_id}
    while generation:
        generation = {pid for pid, parent in parents.items() if parent in generation} - found
        found |= generation
    return {pid: command_line(pid) for pid in found}


def command_line(process_id: int) -> str:
    try:
        raw = Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
