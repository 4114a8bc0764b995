"""A gateway whose people come from a real identity provider, and a browser that goes there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientResponse, ClientSession, CookieJar
from yarl import URL

from deploy.ports import free_ports
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.oidc_issuer import CLIENT_ID, CLIENT_SECRET, OidcIssuer
from tests.serving import Serving


@dataclass
class OidcGateway:
    """Each one started has a port of its own and the same database."""

    settings: GatewaySettings
    issuer: OidcIssuer

    def serve(self, **changes: object) -> Serving:
        port = free_ports(1)[0]
        given: dict[str, object] = {
            "oidc_issuer": self.issuer.address,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "public_url": f"http://127.0.0.1:{port}",
        }
        settings = self.settings.model_dump() | given | changes
        settings["trusted_keys"] = "{}"
        return Serving(create_app(GatewaySettings.model_validate(settings)), port)


@dataclass
class Browser:
    """Follows redirects one by one, where a test wants to stand in between."""

    session: ClientSession

    async def to_provider(self, path: str = "/api/login") -> URL:
        async with self.session.get(path, allow_redirects=False) as response:
            assert response.status == 302, await response.text()
            return URL(response.headers["Location"], encoded=True)

    async def to_callback(self, provider: URL) -> URL:
        async with self.session.get(provider, allow_redirects=False) as response:
            assert response.status == 302, await response.text()
            return URL(response.headers["Location"], encoded=True)

    async def back(self, callback: URL) -> ClientResponse:
        async with self.session.get(callback, allow_redirects=False) as response:
            await response.read()
            return response

    async def sign_in(self, path: str = "/api/login") -> ClientResponse:
        return await self.back(await self.to_callback(await self.to_provider(path)))


@asynccontextmanager
async def a_browser(url: URL) -> AsyncIterator[Browser]:
    async with ClientSession(url, cookie_jar=CookieJar(unsafe=True)) as session:
        yield Browser(session)


@asynccontextmanager
async def opened(oidc: OidcGateway, **changes: object) -> AsyncIterator[Browser]:
    """A browser in front of a gateway with these settings."""
    async with oidc.serve(**changes) as server, a_browser(server.url) as browser:
        yield browser
