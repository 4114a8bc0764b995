"""The usage service, put together."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from libs.actor import Verifier
from libs.contracts.access import Action
from libs.postgres import database_problems, open_database, read_migrations
from libs.web import READY, Route, create_service
from services.usage import handlers, import_handlers, ledger_handlers, price_handlers, rollups
from services.usage.archived import Archives, ArchiveStore
from services.usage.rate_card import RateCards, load_prices, read_price_files
from services.usage.record import Recorder
from services.usage.rendering import AT_ONCE, REPORT_TYPES
from services.usage.settings import UsageSettings

MIGRATIONS = read_migrations(Path(__file__).parent / "migrations")

PRICE_ROUTES = [
    Route("GET", "/v1/prices", price_handlers.get_prices, Action.READ_USAGE),
    Route("GET", "/v1/prices/history", price_handlers.get_price_history, Action.READ_USAGE),
    Route("POST", "/v1/prices", price_handlers.post_price, Action.MANAGE_PRICES),
    Route("GET", "/v1/prices/proposals", price_handlers.get_proposals, Action.READ_USAGE),
    Route("POST", "/v1/prices/proposals/sync", price_handlers.post_sync, Action.MANAGE_PRICES),
    Route(
        "POST", "/v1/prices/proposals/decide", price_handlers.post_decision, Action.MANAGE_PRICES
    ),
    Route("GET", "/v1/prices/retirements", price_handlers.get_retirements, Action.READ_USAGE),
    Route("POST", "/v1/prices/retirements", price_handlers.post_retirement, Action.MANAGE_PRICES),
    Route("POST", "/v1/prices/validate", price_handlers.post_validation, Action.READ_USAGE),
]
ROUTES = [
    Route("POST", "/v1/events", handlers.post_events, Action.RECORD_USAGE),
    Route("POST", "/v1/prices/quote", handlers.post_quote, Action.READ_USAGE),
    *PRICE_ROUTES,
    Route("GET", "/v1/entries", handlers.get_entries, Action.READ_USAGE),
    Route(
        "GET",
        "/v1/reports/usage",
        handlers.get_report,
        Action.READ_USAGE,
        produces=REPORT_TYPES,
    ),
    Route("GET", "/v1/ledger/proof", ledger_handlers.get_proof, Action.MANAGE_LEDGER),
    Route("POST", "/v1/ledger/rerates", ledger_handlers.post_rerate, Action.MANAGE_LEDGER),
    Route("POST", "/v1/ledger/archives", ledger_handlers.post_archive, Action.MANAGE_LEDGER),
    Route(
        "POST", "/v1/ledger/archives/restore", ledger_handlers.post_restore, Action.MANAGE_LEDGER
    ),
    Route("POST", "/v1/imports", import_handlers.post_import, Action.MANAGE_LEDGER),
    Route("POST", "/v1/people/erase", ledger_handlers.post_erase, Action.MANAGE_LEDGER),
]


def create_app(settings: UsageSettings) -> web.Application:
    """The service, ready to be served; its prices are in the database once it has started."""

    async def ledger(app: web.Application) -> AsyncIterator[None]:
        async with open_database(settings, "usage", MIGRATIONS) as pool:
            files = read_price_files()
            await load_prices(pool, files)
            app[handlers.POOL] = pool
            app[handlers.RATE_CARDS] = RateCards(files)
            app[handlers.RECORDER] = Recorder(pool, app[handlers.RATE_CARDS])
            app[handlers.DRAWING] = asyncio.Semaphore(AT_ONCE)
            await app[handlers.RECORDER].prepare(datetime.now(UTC))
            app[READY] = lambda: database_problems(pool)
            store = ArchiveStore(settings.archive_url) if settings.archive_url else None
            app[handlers.ARCHIVES] = Archives(store)
            upkeep = [
                asyncio.create_task(rollups.keep_fresh(pool, app[handlers.ARCHIVES])),
                asyncio.create_task(app[handlers.RECORDER].keep_prepared()),
            ]
            yield
            for task in upkeep:
                await rollups.stop(task)

    verifier = Verifier("usage", settings.trusted_keys)
    app = create_service("usage", ROUTES, verifier, settings.max_body_bytes)
    app.cleanup_ctx.append(ledger)
    return app
