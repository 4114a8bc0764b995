"""The platform on one machine: Postgres and the four services, for as long as somebody needs it.

`aiqc up` keeps it running; a single command uses the one that runs, or brings up its own for
as long as it takes.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import aiohttp

from deploy import CannotStart
from deploy.data_dir import open_log
from deploy.database import Dsns, prepare_database
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.keys import Keys, load_keys
from deploy.private_files import write_private
from deploy.supervisor import Process, Supervisor

PORTS = {"gateway": 7183, "qc": 7184, "profiles": 7185, "usage": 7186}
RUNNING_FILE = "running.json"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
PASSED_TO_QC = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""Keys and what it takes to reach their providers: for the one service that calls them."""


@dataclass(frozen=True, slots=True)
class Addresses:
    gateway: str
    qc: str
    profiles: str
    usage: str


def data_dir(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("AIQC_DATA_DIR") or ".aiqc").resolve()


@asynccontextmanager
async def running_platform(environ: Mapping[str, str]) -> AsyncIterator[Addresses]:
    """The platform that runs on this data directory, or one of our own on free ports.

    Its log then goes to `aiqc.log` in the data directory. Raises CannotStart.
    """
    folder = data_dir(environ)
    if found := await _find_running(folder):
        yield found
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ports = {service: _free_port() for service in PORTS}
    with open_log(folder / "aiqc.log") as file, os.fdopen(os.dup(file.fileno()), "w") as log:
        async with platform(environ, ports, log) as (addresses, ended):
            async with _cancelled_when(ended):
                yield addresses


@asynccontextmanager
async def platform(
    environ: Mapping[str, str], ports: Mapping[str, int], log: TextIO = sys.stdout
) -> AsyncIterator[tuple[Addresses, "asyncio.Task[None]"]]:
    """Start everything; yields when all is ready, with the task that ends when it is stopped.

    Call it on the main thread. Raises CannotStart with a sentence that says what to do.
    """
    folder = data_dir(environ)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_taken(ports)
    keys = load_keys(folder)
    async with AsyncExitStack() as stack:
        dsns = await _database(stack, environ, folder)
        addresses = Addresses(**{s: f"http://127.0.0.1:{port}" for s, port in ports.items()})
        supervisor = Supervisor(_processes(environ, ports, addresses, dsns, keys, folder), log)
        running = asyncio.create_task(supervisor.run())
        try:
            await supervisor.wait_ready()
            _announce(folder, addresses)
            yield addresses, running
        finally:
            (folder / RUNNING_FILE).unlink(missing_ok=True)
            supervisor.stop()
            await asyncio.wait({running})
        running.result()


async def _database(
    stack: AsyncExitStack, environ: Mapping[str, str], folder: Path
) -> dict[str, Dsns]:
    """A real server named by DATABASE_URL, or our own, which is kept running."""
    if url := environ.get("DATABASE_URL"):
        return await prepare_database(url, folder, role_prefix=environ.get("AIQC_ROLE_PREFIX", ""))
    postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
    keeper = asyncio.create_task(postgres.keep_running())

    async def let_go() -> None:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper

    stack.push_async_callback(let_go)
    return await prepare_database(postgres.admin_dsn, folder, embedded=True)


def _processes(
    environ: Mapping[str, str],
    ports: Mapping[str, int],
    addresses: Addresses,
    dsns: Mapping[str, Dsns],
    keys: Keys,
    folder: Path,
) -> list[Process]:
    urls = asdict(addresses)
    signers = {"gateway", "qc"}
    return [
        Process(
            name=service,
            argv=[sys.executable, "-m", f"services.{service}"],
            env=_environment(environ, service)
            | {
                f"{service.upper()}_PORT": str(ports[service]),
                f"{service.upper()}_POSTGRES_DSN": dsns[service].run,
                f"{service.upper()}_POSTGRES_OWNER_DSN": dsns[service].owner,
                f"{service.upper()}_TRUSTED_KEYS": json.dumps(keys.trusted),
            }
            | (
                {f"{service.upper()}_SIGNING_KEY": keys.private_json(service)}
                if service in signers
                else {}
            )
            | {
                f"{service.upper()}_{other.upper()}_URL": urls[other]
                for other in _CALLS.get(service, ())
            }
            | ({"QC_STORE_URL": f"file://{folder / 'objects'}"} if service == "qc" else {}),
            ready_url=f"{urls[service]}/readyz",
        )
        for service in ("usage", "profiles", "qc", "gateway")
    ]


_CALLS = {"gateway": ("qc", "profiles", "usage"), "qc": ("profiles", "usage")}


def _environment(environ: Mapping[str, str], service: str) -> dict[str, str]:
    """What a service is given of ours: the common, its own settings, and no other's secrets."""
    names = (*PASSED_ON, *(PASSED_TO_QC if service == "qc" else ()))
    own = {name: value for name, value in environ.items() if name.startswith(f"{service.upper()}_")}
    return (
        {name: environ[name] for name in names if name in environ} | own | {"PYTHONUNBUFFERED": "1"}
    )


def ports_of(environ: Mapping[str, str]) -> dict[str, int]:
    """The usual ports, or those that GATEWAY_PORT, QC_PORT … name. Raises CannotStart."""
    try:
        return {
            service: int(environ.get(f"{service.upper()}_PORT", port))
            for service, port in PORTS.items()
        }
    except ValueError as error:
        raise CannotStart(f"a port must be a number: {error}") from error


def _refuse_taken(ports: Mapping[str, int]) -> None:
    for service, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise CannotStart(
                    f"port {port} of the {service} service is taken: end the program that has it, "
                    f"or set {service.upper()}_PORT to another"
                ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _announce(folder: Path, addresses: Addresses) -> None:
    write_private(folder / RUNNING_FILE, json.dumps(asdict(addresses)))


async def _find_running(folder: Path) -> Addresses | None:
    """The announced platform, if its gateway answers; what a kill -9 left behind does not."""
    try:
        addresses = Addresses(**json.loads((folder / RUNNING_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{addresses.gateway}/healthz") as response,
        ):
            return addresses if response.ok else None
    except (aiohttp.ClientError, TimeoutError):
        return None


@asynccontextmanager
async def _cancelled_when(ended: "asyncio.Task[None]") -> AsyncIterator[None]:
    """Cancel the current task when the platform ends under it, as after ^C."""
    us = asyncio.current_task()
    callback = (lambda _task: us.cancel()) if us else (lambda _task: False)
    ended.add_done_callback(callback)
    try:
        yield
    finally:
        ended.remove_done_callback(callback)
