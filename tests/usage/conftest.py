"""The usage service on a real socket and a real database."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from deploy.database import DATABASE, Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from libs.contracts.access import Action, Actor
from libs.contracts.usage import UsageEvent
from libs.postgres import Connection, Pool, open_pool
from services.usage.app import create_app
from services.usage.settings import PREFIX, UsageSettings
from tests.factories import admin, service
from tests.trust import Trust
from tests.usage.factories import as_json

Answer = tuple[int, Any]


class Usage:
    """The running service, asked as one actor or another."""

    def __init__(self, client: "TestClient[Any, Any]", trust: Trust) -> None:
        self.client = client
        self.trust = trust

    async def get(
        self, path: str, actor: Actor | None = None, params: Mapping[str, str] | None = None
    ) -> Answer:
        headers = {"Authorization": self.trust.bearer("usage", actor or admin())}
        async with self.client.get(path, params=params, headers=headers) as response:
            return response.status, _body(response.content_type, await response.text())

    async def post(self, path: str, body: object, actor: Actor) -> Answer:
        headers = {"Authorization": self.trust.bearer("usage", actor)}
        async with self.client.post(path, json=body, headers=headers) as response:
            return response.status, _body(response.content_type, await response.text())

    async def send(self, *events: UsageEvent) -> Answer:
        return await self.post("/v1/events", as_json(*events), service(Action.RECORD_USAGE))

    async def report(self, **filters: str) -> Any:
        status, report = await self.get("/v1/reports/usage", params={"format": "json"} | filters)
        assert status == 200, report
        return report


def _body(content_type: str, text: str) -> Any:
    return json.loads(text) if content_type.endswith("json") else text


@pytest.fixture
def settings(dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path) -> UsageSettings:
    environ = {
        "USAGE_POSTGRES_DSN": dsns["usage"].run,
        "USAGE_POSTGRES_OWNER_DSN": dsns["usage"].owner,
        "USAGE_TRUSTED_KEYS": json.dumps(trust.keys),
        "USAGE_ARCHIVE_URL": f"file://{tmp_path / 'archive'}",
    }
    return UsageSettings.load(PREFIX, environ)


@pytest.fixture
async def usage(settings: UsageSettings, trust: Trust) -> AsyncIterator[Usage]:
    async with TestClient(TestServer(create_app(settings))) as client:
        yield Usage(client, trust)


@pytest.fixture
async def tamper(usage: Usage, postgres: EmbeddedPostgres) -> AsyncIterator[Connection]:
    """The database as somebody sees it who can do everything: triggers do not fire for it."""
    db = await asyncpg.connect(
        postgres.admin_dsn,
        database=DATABASE,
        server_settings={"search_path": "usage", "session_replication_role": "replica"},
    )
    yield db
    await db.close()


@pytest.fixture
async def pool(usage: Usage, dsns: Mapping[str, Dsns]) -> AsyncIterator[Pool]:
    """Connections as the service has them."""
    async with open_pool(dsns["usage"].run, "usage") as pool:
        yield pool
