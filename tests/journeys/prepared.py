"""The four services as processes that know nothing but an env file and where to listen."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.error import URLError
from urllib.request import urlopen

from deploy.env_file import read_env_file
from deploy.environments import addresses_of
from deploy.ports import free_ports
from tests.deploy.processes import REPOSITORY, wait_until
from tests.journeys.processes import SERVICES, bare_environment

START_S = 60.0
PREFIXES = tuple(f"{name.upper()}_" for name in SERVICES)

Child: TypeAlias = "subprocess.Popen[bytes]"


@dataclass(frozen=True)
class Elsewhere:
    """As on a machine of containers: an address for each service, no common parent."""

    folder: Path
    ports: Mapping[str, int]

    @classmethod
    def at(cls, folder: Path) -> "Elsewhere":
        return cls(folder, dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True)))

    @property
    def urls(self) -> dict[str, str]:
        return {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}

    @contextmanager
    def running(self, **settings: str) -> Iterator[dict[str, Child]]:
        """`settings` go to the service whose name they begin with, the rest to qc."""
        with ExitStack() as stack:
            processes = {name: stack.enter_context(self._one(name, settings)) for name in SERVICES}
            for name in SERVICES:
                wait_until(lambda name=name: self._is_ready(name, processes[name]), START_S)  # type: ignore[misc]
            yield processes

    @contextmanager
    def _one(self, name: str, settings: Mapping[str, str]) -> Iterator[Child]:
        own = {
            k: v
            for k, v in settings.items()
            if k.startswith(f"{name.upper()}_") or (name == "qc" and not k.startswith(PREFIXES))
        }
        environ = {
            **{k: v for k, v in bare_environment(self.folder).items() if k != "AIQC_DATA_DIR"},
            **read_env_file(self.folder / "env" / name / f"{name}.env"),
            **addresses_of(name, self.urls),
            f"{name.upper()}_PORT": str(self.ports[name]),
            **own,
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{name}"],
                env=environ,
                cwd=REPOSITORY,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                finally:
                    process.kill()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _is_ready(self, name: str, process: Child) -> bool:
        assert process.poll() is None, self.log(name)
        try:
            with urlopen(f"{self.urls[name]}/readyz", timeout=2) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False
