"""Services as production runs them: one process each, whose CPU and memory can be told apart."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from yarl import URL

from deploy.database import Dsns
from deploy.ports import free_ports
from tests.trust import Trust

ROOT = Path(__file__).parents[2]
START_S = 60.0
STOP_S = 20.0
CALLED_BY = {"gateway": ("qc", "profiles", "usage"), "qc": ("profiles", "usage")}


@dataclass(frozen=True)
class Watched:
    process: psutil.Process

    def cpu_s(self) -> float:
        """Seconds of CPU so far, of this process alone."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory_bytes(self) -> int:
        """The most that it ever held in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        return int(kilobytes) << 10


@dataclass(frozen=True)
class Started(Watched):
    """A process that serves; its log goes to a file, as under a supervisor."""

    url: URL


@dataclass
class Running:
    dsns: Mapping[str, Dsns]
    trust: Trust
    folder: Path
    urls: dict[str, URL] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(self, service: str, **settings: str) -> Started:
        """Start a service that calls those started before it; `settings` lack its prefix."""
        [port] = free_ports(1)
        own = {"port": str(port)} | self._common(service) | settings
        environ = {f"{service}_{name}".upper(): value for name, value in own.items()}
        ready = URL(f"http://127.0.0.1:{port}/readyz")
        return self._run(service, [f"services.{service}"], environ, ready)

    def start_module(self, name: str, module: str, ready_path: str) -> Started:
        """Start a helper of the bench that takes --port."""
        [port] = free_ports(1)
        ready = URL(f"http://127.0.0.1:{port}{ready_path}")
        return self._run(name, [module, "--port", str(port)], {}, ready)

    def _common(self, service: str) -> dict[str, str]:
        found = {
            "postgres_dsn": self.dsns[service].run,
            "postgres_owner_dsn": self.dsns[service].owner,
            "trusted_keys": json.dumps(dict(self.trust.keys)),
        }
        if service in CALLED_BY:
            found["signing_key"] = json.dumps(self.trust.private[service])
        return found | {
            f"{other}_url": str(self.urls[other])
            for other in CALLED_BY.get(service, ())
            if other in self.urls
        }

    def _run(
        self, name: str, arguments: list[str], environ: Mapping[str, str], ready: URL
    ) -> Started:
        kept = {word: os.environ[word] for word in ("PATH", "HOME", "LANG") if word in os.environ}
        log = self._stack.enter_context((self.folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=kept | dict(environ),
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        self._stack.callback(_end, process)
        _wait_until_ready(process, str(ready), self.folder / f"{name}.log")
        self.urls[name] = ready.origin()
        return Started(psutil.Process(process.pid), ready.origin())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} is not ready after {START_S:.0f} s: {log.read_text()}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
