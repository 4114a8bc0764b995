"""The profile registry, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from libs.actor import Verifier
from libs.contracts.access import Action
from libs.contracts.profiles import MAX_PROFILE_BYTES
from libs.postgres import database_problems, open_database, read_migrations
from libs.web import READY, Route, create_service
from services.profiles import handlers
from services.profiles.activations import firing
from services.profiles.activations.routes import ROUTES as ACTIVATIONS
from services.profiles.archiving.routes import ROUTES as ARCHIVING
from services.profiles.audit.routes import ROUTES as AUDIT_ROUTES
from services.profiles.bindings.routes import BINDING_ROUTES
from services.profiles.bulk.routes import ROUTES as BULK
from services.profiles.caching import conditional, send_etag
from services.profiles.clients.routes import CLIENT_ROUTES
from services.profiles.diffs.routes import ROUTES as DIFFS
from services.profiles.drafts.routes import ROUTES as DRAFTS
from services.profiles.feed.handlers import end_streams, open_feed
from services.profiles.feed.routes import ROUTES as FEED_ROUTES
from services.profiles.finding.routes import ROUTES as FINDING
from services.profiles.seed import read_starters, seed
from services.profiles.settings import ProfilesSettings
from services.profiles.transfer.routes import ROUTES as TRANSFER

FOLDER = Path(__file__).parent
MIGRATIONS = read_migrations(FOLDER / "migrations")
STARTERS = read_starters(FOLDER / "starters")

ROUTES = [
    Route("GET", "/v1/clients", handlers.get_clients, Action.READ_PROFILES),
    Route("GET", "/v1/profiles", handlers.get_profiles, Action.READ_PROFILES),
    Route(
        "POST",
        "/v1/profiles",
        handlers.post_profile,
        Action.WRITE_PROFILES,
        HTTPStatus.CREATED,
    ),
    Route("GET", "/v1/profiles/{profile_id}", handlers.get_profile, Action.READ_PROFILES),
    Route(
        "PUT",
        "/v1/profiles/{profile_id}",
        handlers.put_profile,
        Action.WRITE_PROFILES,
        headers=("If-Match",),
        fails=(HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED),
    ),
    Route("GET", "/v1/profiles/{profile_id}/versions", handlers.get_versions, Action.READ_PROFILES),
    Route(
        "GET",
        "/v1/clients/{client_id}/resolve/{profile_id}",
        handlers.get_resolved,
        Action.RESOLVE_PROFILES,
    ),
    Route("GET", "/v1/clients/{client_id}/brand", handlers.get_brand, Action.READ_PROFILES),
    Route(
        "PUT",
        "/v1/clients/{client_id}/brand",
        handlers.put_brand,
        Action.WRITE_PROFILES,
        headers=("If-Match",),
        fails=(HTTPStatus.PRECONDITION_FAILED,),
    ),
    *CLIENT_ROUTES,
    *BINDING_ROUTES,
    *DIFFS,
    *AUDIT_ROUTES,
    *ARCHIVING,
    *ACTIVATIONS,
    *DRAFTS,
    *FINDING,
    *FEED_ROUTES,
    *TRANSFER,
    *BULK,
]


def create_app(settings: ProfilesSettings) -> web.Application:
    async def postgres(app: web.Application) -> AsyncIterator[None]:
        async with open_database(settings, "profiles", MIGRATIONS, plan_once=True) as pool:
            await seed(pool, STARTERS)
            app[handlers.POOL] = pool
            app[READY] = lambda: database_problems(pool)
            schedules = asyncio.create_task(firing.run(pool))
            yield
            schedules.cancel()
            with suppress(asyncio.CancelledError):
                await schedules

    verifier = Verifier("profiles", settings.trusted_keys)
    app = create_service("profiles", ROUTES, verifier, MAX_PROFILE_BYTES)
    app[handlers.STRICT] = settings.require_if_match
    app.cleanup_ctx.append(postgres)
    app.middlewares.append(conditional)
    app.on_response_prepare.append(send_etag)
    app.cleanup_ctx.append(open_feed)
    app.on_shutdown.append(end_streams)
    return app
