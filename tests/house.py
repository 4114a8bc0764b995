"""The four services over a real database, each a real HTTP server in this process."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession, CookieJar, web
from pydantic import HttpUrl, SecretStr
from yarl import URL

from deploy.database import Dsns
from libs.actor import Service
from libs.api.call import Caller
from libs.api.person import PersonApi
from libs.api.usage import UsageApi
from libs.contracts.access import Action
from services.gateway.app import create_app as create_gateway
from services.gateway.settings import GatewaySettings
from services.profiles.app import create_app as create_profiles
from services.profiles.settings import ProfilesSettings
from services.qc.app import create_app as create_qc
from services.qc.settings import QcSettings
from services.usage.app import create_app as create_usage
from services.usage.settings import UsageSettings
from tests.factories import service
from tests.fake_providers import FakeProviders
from tests.lasting_models import lasting_models
from tests.serving import Serving
from tests.trust import Trust


@dataclass
class House:
    """Addresses, and what it takes to start and stop one service alone."""

    dsns: Mapping[str, Dsns]
    trust: Trust
    folder: Path
    fake: FakeProviders | None = None
    qc_changes: Mapping[str, object] = field(default_factory=dict)
    servers: dict[str, Serving] = field(default_factory=dict)

    def url(self, name: str) -> URL:
        return self.servers[name].url

    async def start(self, name: Service) -> None:
        """Start a service; one that ran before comes back on its old port."""
        port = self.servers[name].port if name in self.servers else 0
        self.servers[name] = Serving(self._app(name), port)
        await self.servers[name].start()

    async def stop(self, name: str) -> None:
        await self.servers[name].stop()

    def _app(self, name: Service) -> web.Application:
        common = {
            "postgres_dsn": self.dsns[name].run,
            "postgres_owner_dsn": self.dsns[name].owner,
            "trusted_keys": json.dumps(dict(self.trust.keys)),
        }
        if name == "usage":
            return create_usage(UsageSettings.model_validate(common))
        if name == "profiles":
            return create_profiles(ProfilesSettings.model_validate(common))
        signing = {"signing_key": json.dumps(self.trust.private[name])}
        others = {
            f"{other}_url": HttpUrl(str(self.url(other)))
            for other in ("profiles", "usage", "qc")
            if other in self.servers and other != name
        }
        if name == "gateway":
            return create_gateway(GatewaySettings.model_validate(common | signing | others))
        return create_qc(QcSettings.model_validate(common | signing | others | self._of_qc()))

    def _of_qc(self) -> dict[str, object]:
        settings: dict[str, object] = {
            "store_url": f"file://{self.folder / 'objects'}",
            "lease_s": 2.0,
            "call_timeout_s": 10.0,
            "models_file": lasting_models(),
            "triage": "off",  # or which calls there are depends on what was answered
        }
        if self.fake:
            settings |= {
                "openai_api_key": SecretStr("sk-test-openai-0123456789"),
                "openai_base_url": self.fake.openai_base_url,
                "gemini_api_key": SecretStr("test-gemini-0123456789"),
                "gemini_base_url": self.fake.google_base_url,
            }
        return settings | dict(self.qc_changes)

    def usage_api(self, session: ClientSession) -> UsageApi:
        """The ledger, as a service that may read all of it."""

        def bearer() -> str:
            return self.trust.bearer("usage", service(Action.READ_USAGE)).split()[1]

        return UsageApi(Caller(session, self.url("usage"), bearer))

    @asynccontextmanager
    async def signed_in(self, user: str = "admin") -> AsyncIterator[PersonApi]:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
            api = PersonApi(session, self.url("gateway"))
            await api.sign_in(user)
            yield api


@asynccontextmanager
async def open_house(
    dsns: Mapping[str, Dsns],
    trust: Trust,
    folder: Path,
    fake: FakeProviders | None = None,
    **qc_changes: object,
) -> AsyncIterator[House]:
    house = House(dsns, trust, folder, fake, qc_changes)
    async with AsyncExitStack() as stack:
        names: tuple[Service, ...] = ("usage", "profiles", "qc", "gateway")
        for name in names:
            await house.start(name)
            stack.push_async_callback(house.stop, name)
        yield house
