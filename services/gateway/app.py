"""The gateway, put together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from aiohttp import ClientSession, TCPConnector, web
from yarl import URL

from libs.actor import Issuer
from libs.postgres import database_problems, open_database, read_migrations
from libs.settings import BadSettings, read_jwk
from libs.web import READY, Route, create_service
from services.gateway import handlers
from services.gateway.domain.access import is_loopback
from services.gateway.forward import Forwarder
from services.gateway.passport import Passports
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings

MIGRATIONS = read_migrations(Path(__file__).parent / "migrations")

NO_CONTENT = HTTPStatus.NO_CONTENT
REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

ROUTES = [
    Route("GET", "/", handlers.get_start, None, produces=("text/html",)),
    Route("POST", "/api/session", handlers.post_session, None, NO_CONTENT, fails=REFUSALS),
    Route("GET", "/api/session", handlers.get_session, None, fails=REFUSALS),
    Route("DELETE", "/api/session", handlers.delete_session, None, NO_CONTENT, fails=REFUSALS),
]


def create_app(settings: GatewaySettings) -> web.Application:
    """Raises BadSettings for a listener that others could reach, or without a signing key."""
    if not is_loopback(settings.host):
        raise BadSettings(
            f"GATEWAY_HOST: {settings.host} can be reached from outside, and the dev login "
            "is for loopback only: listen on 127.0.0.1"
        )
    if settings.signing_key is None:
        raise BadSettings("GATEWAY_SIGNING_KEY: the private JWK that signs passports is missing")
    passports = Passports(Issuer("gateway", read_jwk(settings.signing_key)))
    app = create_service("gateway", ROUTES, verifier=None)
    app.router.add_route("*", "/api/{tail:.+}", handlers.forward)

    async def everything(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(stack, app, settings, passports)
            yield

    app.cleanup_ctx.append(everything)
    return app


async def _open(
    stack: AsyncExitStack, app: web.Application, settings: GatewaySettings, passports: Passports
) -> None:
    pool = await stack.enter_async_context(open_database(settings, "gateway", MIGRATIONS))
    sessions = Sessions(
        pool,
        life=timedelta(hours=settings.session_hours),
        idle=timedelta(minutes=settings.session_idle_minutes),
    )
    await sessions.seed_dev_people()
    session = await stack.enter_async_context(
        ClientSession(connector=TCPConnector(limit=0), auto_decompress=False)
    )
    app[handlers.SESSIONS] = sessions
    app[handlers.FORWARDER] = Forwarder(
        session,
        passports,
        {
            "qc": URL(str(settings.qc_url)),
            "profiles": URL(str(settings.profiles_url)),
            "usage": URL(str(settings.usage_url)),
        },
    )
    app[READY] = lambda: database_problems(pool)
