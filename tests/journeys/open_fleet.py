"""A fleet in a folder: database, registry and ledger run, its workers are for the test to start."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout
from PIL import Image

from deploy.database import Dsns, prepare_database
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.ports import free_ports
from services.profiles.app import create_app as create_profiles
from services.profiles.settings import ProfilesSettings
from tests.factories import admin
from tests.fake_providers import FakeProviders
from tests.journeys.fleet import DRAFT, WORKERS, Fleet
from tests.journeys.forked import Forker
from tests.serving import Serving
from tests.trust import Trust


@asynccontextmanager
async def open_fleet(folder: Path, fake: FakeProviders, trust: Trust) -> AsyncIterator[Fleet]:
    names = [f"w{number}" for number in range(WORKERS)]
    async with AsyncExitStack() as stack:
        forker = stack.enter_context(Forker(folder))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        dsns = await prepare_database(postgres.admin_dsn, folder, embedded=True)
        profiles = await stack.enter_async_context(Serving(_registry(dsns["profiles"], trust)))
        timeout = ClientTimeout(total=15, sock_connect=1)
        session = await stack.enter_async_context(ClientSession(timeout=timeout))
        headers = {"Authorization": trust.bearer("profiles", admin())}
        url = profiles.url / "v1/profiles"
        async with session.post(url, json=DRAFT, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
        ports = dict(zip(["usage", *names], free_ports(1 + WORKERS), strict=True))
        fleet = Fleet(
            folder, fake, forker, postgres, dsns, trust, profiles, session, _creative(folder), ports
        )
        fleet.start("usage")
        fleet.keep_postgres()
        keeper = asyncio.create_task(fleet.keep_running())
        try:
            yield fleet
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await fleet.leave_postgres()


def _registry(dsns: Dsns, trust: Trust) -> Any:
    settings = {
        "postgres_dsn": dsns.run,
        "postgres_owner_dsn": dsns.owner,
        "trusted_keys": json.dumps(dict(trust.keys)),
    }
    return create_profiles(ProfilesSettings.model_validate(settings))


def _creative(folder: Path) -> bytes:
    """As small as it may be: what is asked about it does not matter here."""
    path = folder / "tiny.png"
    Image.effect_noise((64, 64), 80).convert("RGB").save(path)
    return path.read_bytes()
