"""The gateway, put together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
from yarl import URL

from libs.actor import Issuer
from libs.postgres import database_problems, open_database, read_migrations
from libs.settings import BadSettings, read_jwk
from libs.web import READY, Route, create_service
from services.gateway import handlers
from services.gateway.domain.access import Door
from services.gateway.forward import Forwarder
from services.gateway.logins import Logins
from services.gateway.oidc import OidcProvider
from services.gateway.passport import Passports
from services.gateway.sessions import DEV, Sessions
from services.gateway.settings import GatewaySettings, OidcClient, read_entrance

MIGRATIONS = read_migrations(Path(__file__).parent / "migrations")

NO_CONTENT = HTTPStatus.NO_CONTENT
REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
LOGIN_FAILURES = (*REFUSALS, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY)

ROUTES = [
    Route("GET", "/", handlers.get_start, None, produces=("text/html",)),
    Route("POST", "/api/session", handlers.post_session, None, NO_CONTENT, fails=REFUSALS),
    Route("GET", "/api/login", handlers.get_login, None, HTTPStatus.FOUND, fails=LOGIN_FAILURES),
    Route(
        "GET",
        "/api/login/callback",
        handlers.get_login_callback,
        None,
        HTTPStatus.FOUND,
        fails=LOGIN_FAILURES,
    ),
    Route("GET", "/api/session", handlers.get_session, None, fails=REFUSALS),
    Route("DELETE", "/api/session", handlers.delete_session, None, NO_CONTENT, fails=REFUSALS),
]


def create_app(settings: GatewaySettings) -> web.Application:
    """Raises BadSettings for a listener that others could reach, or without a signing key."""
    entrance = read_entrance(settings)
    if settings.signing_key is None:
        raise BadSettings("GATEWAY_SIGNING_KEY: the private JWK that signs passports is missing")
    passports = Passports(Issuer("gateway", read_jwk(settings.signing_key)))
    app = create_service("gateway", ROUTES, verifier=None)
    app.router.add_route("*", "/api/{tail:.+}", handlers.forward)

    async def everything(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(stack, app, settings, passports, entrance)
            yield

    app.cleanup_ctx.append(everything)
    return app


async def _open(
    stack: AsyncExitStack,
    app: web.Application,
    settings: GatewaySettings,
    passports: Passports,
    entrance: tuple[Door, OidcClient | None],
) -> None:
    door, client = entrance
    pool = await stack.enter_async_context(open_database(settings, "gateway", MIGRATIONS))
    sessions = Sessions(
        pool,
        client.issuer if client else DEV,
        door,
        life=timedelta(hours=settings.session_hours),
        idle=timedelta(minutes=settings.session_idle_minutes),
    )
    app[handlers.LOGINS] = None
    if client:
        to_provider = await stack.enter_async_context(ClientSession(cookie_jar=DummyCookieJar()))
        provider = OidcProvider(to_provider, client)
        app[handlers.LOGINS] = Logins(pool, provider, sessions, client.issuer, settings.admins)
    else:
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
