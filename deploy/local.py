"""The platform on one machine: Postgres and the four services, for as long as somebody needs it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from deploy.data_dir import open_log
from deploy.database import Dsns, prepare_database
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.environments import addresses_of, secrets_of
from deploy.installation import RUNNING_FILE, STORES, held_data_dir, store_url
from deploy.keys import Keys, load_keys
from deploy.ports import PORTS, free_ports, refuse_taken
from deploy.running import Addresses, announce
from deploy.supervisor import Process, Supervisor

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


@asynccontextmanager
async def own_platform(environ: Mapping[str, str], folder: Path) -> AsyncIterator[Addresses]:
    """Start everything on free ports, for whoever holds the data directory `folder`.

    Raises CannotStart.
    """
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    async with AsyncExitStack() as stack:
        file = stack.enter_context(open_log(folder / "aiqc.log"))
        log = stack.enter_context(os.fdopen(os.dup(file.fileno()), "w"))
        addresses, ended = await stack.enter_async_context(_started(environ, ports, folder, log))
        await stack.enter_async_context(_cancelled_when(ended))
        yield addresses


@asynccontextmanager
async def platform(
    environ: Mapping[str, str], ports: Mapping[str, int]
) -> AsyncIterator[tuple[Addresses, "asyncio.Task[None]"]]:
    """Start everything; yields when all is ready, with the task that ends when it is stopped.

    Other commands on the data directory use it meanwhile. Call it on the main thread.
    Raises CannotStart with a sentence that says what to do.
    """
    with held_data_dir(environ) as folder:
        await refuse_taken(ports)
        async with _started(environ, ports, folder, sys.stdout) as (addresses, running):
            announce(folder, addresses)
            try:
                yield addresses, running
            finally:
                (folder / RUNNING_FILE).unlink(missing_ok=True)


@asynccontextmanager
async def _started(
    environ: Mapping[str, str], ports: Mapping[str, int], folder: Path, log: TextIO
) -> AsyncIterator[tuple[Addresses, "asyncio.Task[None]"]]:
    keys = load_keys(folder)
    async with AsyncExitStack() as stack:
        dsns = await _database(stack, environ, folder)
        addresses = Addresses(**{s: f"http://127.0.0.1:{port}" for s, port in ports.items()})
        supervisor = Supervisor(_processes(environ, ports, addresses, dsns, keys), log)
        running = asyncio.create_task(supervisor.run())
        try:
            await supervisor.wait_ready()
            yield addresses, running
        finally:
            supervisor.stop()
            # Not awaited itself: its failure must not hide the one that brought us here.
            await asyncio.wait({running})
            failure = running.exception()
        if failure:
            raise failure


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
) -> list[Process]:
    urls = asdict(addresses)
    return [
        Process(
            name=service,
            argv=[sys.executable, "-m", f"services.{service}"],
            env=_environment(environ, service)
            | {f"{service.upper()}_PORT": str(ports[service])}
            | secrets_of(service, dsns[service], keys)
            | addresses_of(service, urls)
            | {
                setting: store_url(environ, name)
                for name, setting in STORES.items()
                if setting.startswith(f"{service.upper()}_")
            },
            ready_url=f"{urls[service]}/readyz",
        )
        for service in ("usage", "profiles", "qc", "gateway")
    ]


def _environment(environ: Mapping[str, str], service: str) -> dict[str, str]:
    """What a service is given of ours: the common, its own settings, and no other's secrets."""
    names = (*PASSED_ON, *(PASSED_TO_QC if service == "qc" else ()))
    own = {name: value for name, value in environ.items() if name.startswith(f"{service.upper()}_")}
    return (
        {name: environ[name] for name in names if name in environ} | own | {"PYTHONUNBUFFERED": "1"}
    )


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
