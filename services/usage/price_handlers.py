"""HTTP in, HTTP out, for the price book."""

from datetime import UTC, datetime

from aiohttp import web

from libs.actor import visible_clients
from libs.contracts.access import Action
from libs.contracts.prices import (
    Decided,
    Decision,
    NewPrice,
    PriceHistoryQuery,
    Prices,
    PriceSet,
    PricesQuery,
    Proposals,
    ProposalsQuery,
    Retirement,
    Retirements,
    Synced,
    SyncRequest,
    Validation,
    ValidationRequest,
    midnight,
)
from libs.postgres import transaction
from libs.web import ACTOR
from services.usage import price_book, proposal_book
from services.usage.handlers import POOL, RATE_CARDS
from services.usage.price_proposals import decide, sync
from services.usage.price_setting import retire, set_price
from services.usage.price_validation import validate


async def get_prices(request: web.Request, query: PricesQuery) -> Prices:
    """List the prices in force on a day, of everything or of one provider or model."""
    async with transaction(request.app[POOL]) as db:
        card = await request.app[RATE_CARDS].current(db)
        provider = card.provider(query.provider) if query.provider else None
        rows = await price_book.price_rows(db, provider)
    at = midnight(query.at) if query.at else datetime.now(UTC)
    in_force = {
        price.price_id
        for kind in card.kinds
        if query.model is None or card.model(kind[0], query.model) == kind[1]
        for price in card.version_in_force(*kind, at)
    }
    return Prices(prices=[row for row in rows if row.price_id in in_force])


async def get_price_history(request: web.Request, query: PriceHistoryQuery) -> Prices:
    """List every price that a model had, has, or is announced to have, oldest first."""
    async with transaction(request.app[POOL]) as db:
        card = await request.app[RATE_CARDS].current(db)
        provider = card.provider(query.provider) if query.provider else None
        rows = await price_book.price_rows(db, provider)
    return Prices(
        prices=[row for row in rows if card.model(row.provider, query.model) == row.model]
    )


async def post_price(request: web.Request, body: NewPrice) -> PriceSet:
    """Set a price from a day on; what is recorded already keeps its cost."""
    app, actor = request.app, request[ACTOR]
    return await set_price(app[POOL], app[RATE_CARDS], body, actor, datetime.now(UTC))


async def get_proposals(request: web.Request, query: ProposalsQuery) -> Proposals:
    """List the proposals in one state: open ones wait for an admin."""
    async with transaction(request.app[POOL]) as db:
        card = await request.app[RATE_CARDS].current(db)
        provider = card.provider(query.provider) if query.provider else None
        return Proposals(proposals=await proposal_book.proposals(db, query.state, provider))


async def post_sync(request: web.Request, body: SyncRequest) -> Synced:
    """Propose what is new or differs in the genai-prices that is installed with the service.

    Nothing is fetched and no price changes until a proposal is accepted.
    """
    app, actor = request.app, request[ACTOR]
    return await sync(app[POOL], app[RATE_CARDS], body, actor, datetime.now(UTC))


async def post_decision(request: web.Request, body: Decision) -> Decided:
    """Accept or reject proposals, all of them or none.

    Again by the same person it has no effect; a proposal that was decided otherwise, or by
    somebody else, answers 409 `already_decided` and says who did.
    """
    app, actor = request.app, request[ACTOR]
    return await decide(app[POOL], app[RATE_CARDS], body, actor)


async def get_retirements(request: web.Request) -> Retirements:
    """List when models are shut down, and what their vendors name in their place."""
    async with transaction(request.app[POOL]) as db:
        return Retirements(retirements=await price_book.retirements(db))


async def post_retirement(request: web.Request, body: Retirement) -> Retirements:
    """Note when a model is shut down."""
    app, actor = request.app, request[ACTOR]
    return await retire(app[POOL], app[RATE_CARDS], body, actor, datetime.now(UTC))


async def post_validation(request: web.Request, body: ValidationRequest) -> Validation:
    """Compare prices with genai-prices and a table, and with the calls of the last 30 days."""
    clients = visible_clients(request[ACTOR], Action.READ_USAGE)
    app = request.app
    return await validate(app[POOL], app[RATE_CARDS], body, clients, datetime.now(UTC))
