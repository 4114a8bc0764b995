"""Reaching the platform of one machine: the one that runs, or one for as long as it takes.

`aiqc up` keeps one running and announces it; a single command uses that, or brings up its own.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from deploy.installation import RUNNING_FILE, DataDirInUse, data_dir, held_data_dir
from deploy.private_files import write_private

PATIENCE_S = 120.0
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Addresses:
    gateway: str
    qc: str
    profiles: str
    usage: str


@asynccontextmanager
async def running_platform(environ: Mapping[str, str]) -> AsyncIterator[Addresses]:
    """The platform that runs on this data directory, or one of our own on free ports.

    Its log then goes to `aiqc.log` in the data directory. Raises CannotStart.
    """
    async with AsyncExitStack() as stack:
        folder = await _hold_or_find(stack, environ)
        if isinstance(folder, Addresses):
            yield folder
            return
        from deploy.local import own_platform  # a command that finds one starts without it

        yield await stack.enter_async_context(own_platform(environ, folder))


async def _hold_or_find(stack: AsyncExitStack, environ: Mapping[str, str]) -> Path | Addresses:
    """Whoever has the data directory starts just now, or is a single command: wait for it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return stack.enter_context(held_data_dir(environ))
        except DataDirInUse:
            if time.monotonic() > deadline:
                raise
        if found := await _find_running(data_dir(environ)):
            return found
        await asyncio.sleep(POLL_S)


def announce(folder: Path, addresses: Addresses) -> None:
    """For other commands on the data directory."""
    write_private(folder / RUNNING_FILE, json.dumps(asdict(addresses)))


def is_announced(environ: Mapping[str, str]) -> bool:
    """Whether `aiqc up` said that it runs; after a kill -9 it does not and this is still so."""
    return (data_dir(environ) / RUNNING_FILE).exists()


async def _find_running(folder: Path) -> Addresses | None:
    """The announced platform, if its gateway answers."""
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
