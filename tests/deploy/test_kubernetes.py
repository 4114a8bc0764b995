"""Preparing in a cluster: the Secrets hold what services need, and what the next run needs."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from deploy import CannotStart
from deploy.database import SERVICES
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.kubernetes import Secrets, own_secrets, prepare_cluster
from tests.deploy.processes import query
from tests.serving import Serving

TOKEN = "account-token"


@dataclass
class Api:
    """The part of a cluster's API that a Role with get and patch on named Secrets leaves.

    Merge patch (RFC 7386) and optimistic locking as in the Kubernetes API conventions.
    """

    secrets: dict[str, dict[str, str]] = field(
        default_factory=lambda: {name: {} for name in (*SERVICES, "prepared")}
    )
    versions: dict[str, int] = field(default_factory=dict)
    patches: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"reason": "Unauthorized"}, status=401)
        if name not in self.secrets:
            return web.json_response({"reason": "Forbidden"}, status=403)
        if request.method == "PATCH":
            assert request.content_type == "application/merge-patch+json"
            change: dict[str, Any] = await request.json()
            expected = change.get("metadata", {}).get("resourceVersion")
            if expected not in (None, str(self.versions.get(name, 1))):
                return web.json_response({"reason": "Conflict"}, status=409)
            self.patches.append(name)
            before = dict(self.secrets[name])
            self.secrets[name] |= change["data"]
            if before != self.secrets[name]:
                self.versions[name] = self.versions.get(name, 1) + 1
        secret: dict[str, Any] = {
            "metadata": {"name": name, "resourceVersion": str(self.versions.get(name, 1))}
        }
        if self.secrets[name]:
            secret["data"] = self.secrets[name]
        return web.json_response(secret)

    def of(self, name: str) -> dict[str, str]:
        return {k: base64.b64decode(v).decode() for k, v in self.secrets[name].items()}


@pytest.fixture
async def api() -> Api:
    return Api()


@pytest.fixture
async def secrets(api: Api) -> AsyncIterator[Secrets]:
    app = web.Application()
    app.router.add_route("*", "/api/v1/namespaces/aiqc/secrets/{name}", api.handle)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with Serving(app) as server, ClientSession(headers=headers) as session:
        yield Secrets(session, server.url, "aiqc")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("cluster") / "postgres") as server:
        yield server


@pytest.fixture
def environ(tmp_path: Path, server: EmbeddedPostgres) -> Mapping[str, str]:
    return {"DATABASE_URL": server.admin_dsn, "AIQC_DATA_DIR": str(tmp_path / "data")}


async def test_services_secrets_are_filled_and_open_the_database(
    api: Api, secrets: Secrets, environ: Mapping[str, str]
) -> None:
    await prepare_cluster(environ, secrets)

    for service in SERVICES:
        dsn = api.of(service)[f"{service.upper()}_POSTGRES_DSN"]
        user = await asyncio.to_thread(query, dsn, "SELECT current_user::text")
        assert user == f"{service}_run"
    assert json.loads(api.of("gateway")["GATEWAY_SIGNING_KEY"])["d"]
    assert not any(name.endswith("SIGNING_KEY") for name in api.of("usage"))


async def test_next_job_on_another_machine_changes_nothing(
    api: Api, secrets: Secrets, environ: Mapping[str, str]
) -> None:
    await prepare_cluster(environ, secrets)
    before, versions = json.dumps(api.secrets), dict(api.versions)
    shutil.rmtree(environ["AIQC_DATA_DIR"])
    api.patches.clear()

    await prepare_cluster(environ, secrets)

    assert (json.dumps(api.secrets), api.versions) == (before, versions)
    assert "prepared" not in api.patches


async def test_job_that_was_overtaken_leaves_the_winners_secrets_alone(
    api: Api, secrets: Secrets, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Secrets.read

    async def read_then_lose(self: Secrets, name: str) -> tuple[dict[str, str], str]:
        found = await read(self, name)
        api.versions[name] = 7
        return found

    monkeypatch.setattr(Secrets, "read", read_then_lose)
    with pytest.raises(CannotStart, match="run this one again"):
        await prepare_cluster(environ, secrets)
    assert not any(api.secrets.values())


async def test_secret_that_is_not_there_is_named(
    api: Api, secrets: Secrets, environ: Mapping[str, str]
) -> None:
    del api.secrets["usage"]

    with pytest.raises(CannotStart, match=r"Secret usage .*403.* apply"):
        await prepare_cluster(environ, secrets)


async def test_database_that_is_missing_leaves_the_secrets_empty(
    api: Api, secrets: Secrets, environ: Mapping[str, str]
) -> None:
    away = {**environ, "DATABASE_URL": "postgresql://me:canary@127.0.0.1:9/x"}

    with pytest.raises(CannotStart, match="cannot connect"):
        await prepare_cluster(away, secrets)
    assert not any(api.secrets.values())


async def test_outside_a_cluster_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no Job of a cluster"):
        async with own_secrets({}, tmp_path):
            pass
