"""A registry that serves over HTTP, and a caller that acts as whoever a test names."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDictProxy

from deploy.database import Dsns
from libs.contracts.access import Actor, Role
from libs.postgres import Pool, open_pool
from services.profiles.app import create_app
from services.profiles.settings import PREFIX, ProfilesSettings
from tests.factories import admin, user
from tests.trust import Trust

Json = dict[str, Any]

ADMIN = admin()
EDITOR = user("dora", {"diageo": Role.EDITOR})
VIEWER = user("vera", {"diageo": Role.VIEWER})
STRANGER = user("lola", {"loreal": Role.CLIENT_ADMIN})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and JSON of one reply."""

    status: int
    headers: CIMultiDictProxy[str]
    json: Json


class Api:
    """Calls the registry over HTTP."""

    def __init__(self, http: "TestClient[Any, Any]", trust: Trust) -> None:
        self.http = http
        self._trust = trust

    async def call(
        self,
        method: str,
        path: str,
        actor: Actor = ADMIN,
        body: Json | None = None,
        if_match: str | None = None,
    ) -> Answer:
        headers = {"Authorization": self._trust.bearer("profiles", actor)}
        if if_match is not None:
            headers["If-Match"] = if_match
        async with self.http.request(method, path, json=body, headers=headers) as response:
            return Answer(response.status, response.headers, await response.json(content_type=None))

    async def create(self, body: Json, actor: Actor = ADMIN) -> str:
        """The id of a new profile."""
        answer = await self.call("POST", "/v1/profiles", actor, body)
        assert answer.status == 201, answer.json
        profile_id: str = answer.json["profile_id"]
        return profile_id

    async def save(
        self, profile_id: str, actor: Actor = ADMIN, if_match: str | None = None, **fields: Any
    ) -> Answer:
        return await self.call("PUT", f"/v1/profiles/{profile_id}", actor, fields, if_match)

    async def get(self, path: str, actor: Actor = ADMIN) -> Answer:
        return await self.call("GET", path, actor)


@pytest.fixture
def settings(dsns: Mapping[str, Dsns], trust: Trust) -> ProfilesSettings:
    environ = {
        "PROFILES_POSTGRES_DSN": dsns["profiles"].run,
        "PROFILES_POSTGRES_OWNER_DSN": dsns["profiles"].owner,
        "PROFILES_TRUSTED_KEYS": json.dumps(trust.keys),
    }
    return ProfilesSettings.load(PREFIX, environ)


@pytest.fixture
async def api(settings: ProfilesSettings, trust: Trust) -> AsyncIterator[Api]:
    async with TestClient(TestServer(create_app(settings))) as http:
        yield Api(http, trust)


@pytest.fixture
async def run(api: Api, dsns: Mapping[str, Dsns]) -> AsyncIterator[Pool]:
    """The database as the service itself may use it."""
    async with open_pool(dsns["profiles"].run, "profiles") as pool:
        yield pool


@pytest.fixture
async def owner(api: Api, dsns: Mapping[str, Dsns]) -> AsyncIterator[Pool]:
    """The database as the owner of its tables."""
    async with open_pool(dsns["profiles"].owner, "profiles") as pool:
        yield pool
