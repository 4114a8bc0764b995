"""The gateway in front of a service that tells what reached it."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientSession, CookieJar, web
from pydantic import HttpUrl, SecretStr
from yarl import URL

from deploy.database import Dsns
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.gateway.oidc import OidcGateway
from tests.oidc_issuer import OidcIssuer
from tests.serving import Serving
from tests.trust import Trust

PIECES = 5


@dataclass
class Behind:
    """What stands behind the gateway: any HTTP server would do."""

    server: Serving
    seen: list[Mapping[str, str]] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def build(cls) -> "Behind":
        app = web.Application()
        behind = cls(Serving(app))
        app.router.add_post("/v1/analyses", behind.take)
        app.router.add_get("/v1/analyses/{id}/events", behind.stream)
        app.router.add_get("/v1/analyses/{id}/file", behind.large)
        app.router.add_post("/v1/analyses/refuse", behind.refuse)
        app.router.add_route("*", "/{tail:.*}", behind.echo)
        return behind

    async def echo(self, request: web.Request) -> web.Response:
        self.seen.append(request.headers.copy())
        return web.json_response(
            {"method": request.method, "path": request.raw_path},
            headers={"Set-Cookie": "stolen=1", "Server": "secret/1", "ETag": '"e1"'},
        )

    async def take(self, request: web.Request) -> web.Response:
        self.seen.append(request.headers.copy())
        digest, length = hashlib.sha256(), 0
        async for chunk in request.content.iter_any():
            digest.update(chunk)
            length += len(chunk)
        return web.json_response({"sha256": digest.hexdigest(), "bytes": length}, status=202)

    async def refuse(self, request: web.Request) -> web.Response:
        return web.json_response({"code": "file_too_large"}, status=413)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.headers.copy())
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for number in range(1, PIECES + 1):
                await response.write(f"id: {number}\ndata: {{}}\n\n".encode())
                await asyncio.sleep(0.05)
            while request.match_info["id"] == "endless":
                await response.write(b": still here\n\n")
                await asyncio.sleep(0.02)
        except ConnectionError:
            self.gone.set()
            raise
        return response

    async def large(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["id"] == "broken":
            response = web.StreamResponse(headers={"Content-Length": "1000000"})
            await response.prepare(request)
            await response.write(b"x" * 300_000)
            if request.transport:
                request.transport.abort()
            return response
        return web.Response(body=b"x" * (3 << 20))


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    behind = Behind.build()
    await behind.server.start()
    yield behind
    await behind.server.stop()


@pytest.fixture
def gateway_settings(dsns: Mapping[str, Dsns], trust: Trust, behind: Behind) -> GatewaySettings:
    url = HttpUrl(str(behind.server.url))
    return GatewaySettings.model_validate(
        {
            "postgres_dsn": dsns["gateway"].run,
            "postgres_owner_dsn": dsns["gateway"].owner,
            "signing_key": SecretStr(json.dumps(trust.private["gateway"])),
            "qc_url": url,
            "profiles_url": url,
            "usage_url": url,
        }
    )


@pytest.fixture
async def gateway(gateway_settings: GatewaySettings) -> AsyncIterator[URL]:
    async with Serving(create_app(gateway_settings)) as server:
        yield server.url


@pytest.fixture
async def browser(gateway: URL) -> AsyncIterator[ClientSession]:
    """Somebody with a cookie jar, not signed in yet."""
    async with ClientSession(gateway, cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def editor(browser: ClientSession) -> ClientSession:
    async with browser.post("/api/session", json={"user": "editor"}) as response:
        assert response.status == 204
    return browser


@pytest.fixture
async def issuer() -> AsyncIterator[OidcIssuer]:
    async with OidcIssuer() as issuer:
        yield issuer


@pytest.fixture
def oidc(gateway_settings: GatewaySettings, issuer: OidcIssuer) -> OidcGateway:
    return OidcGateway(gateway_settings, issuer)
