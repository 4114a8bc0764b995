"""HTTP in, HTTP out: read the request, call one function, answer."""

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from libs.actor import require, visible_clients
from libs.contracts.access import Action
from libs.contracts.usage import (
    Entries,
    EntriesQuery,
    Quote,
    QuoteRequest,
    Recorded,
    ReportQuery,
    UsageEvents,
)
from libs.postgres import Pool, transaction
from libs.web import ACTOR
from services.usage.archived import Archives
from services.usage.domain.cost import cost_of_usage
from services.usage.entries import list_entries
from services.usage.focus_rows import focus_chunks
from services.usage.rate_card import RateCards
from services.usage.record import Recorder
from services.usage.rendering import answer, stream
from services.usage.report import make_report, period_of

POOL: web.AppKey[Pool] = web.AppKey("pool")
RATE_CARDS: web.AppKey[RateCards] = web.AppKey("rate_cards")
RECORDER: web.AppKey[Recorder] = web.AppKey("recorder")
ARCHIVES: web.AppKey[Archives] = web.AppKey("archives")
DRAWING: web.AppKey[asyncio.Semaphore] = web.AppKey("drawing")


async def post_events(request: web.Request, body: UsageEvents) -> Recorded:
    """Record up to 5,000 events, all or nothing; an event sent twice counts once.

    An event is known by its id. The same id with the same content has no effect. The same
    id with other content, under any client, answers 409 `event_id_reused` and names the
    id; an event that breaks a rule answers 422 and names its place in the batch. In both
    cases nothing of the batch is stored: mend or leave out that event and send the rest.
    """
    return await request.app[RECORDER].record(body.events)


async def post_quote(request: web.Request, body: QuoteRequest) -> Quote:
    """What a call would cost at an instant; null when no price is known for it."""
    async with transaction(request.app[POOL]) as db:
        card = await request.app[RATE_CARDS].current(db)
    price = card.price_in_force(
        body.provider, body.model, body.service_tier, body.input_tokens, body.occurred_at
    )
    cost = cost_of_usage(body, price)
    components = {kind: usd.normalize() for kind, usd in cost.components.items()}
    return Quote(cost_usd=cost.usd, components=components, price_id=cost.price_id)


async def get_entries(request: web.Request, query: EntriesQuery) -> Entries:
    """List ledger entries, oldest first, a page at a time."""
    actor = request[ACTOR]
    if query.client is not None:
        require(actor, Action.READ_USAGE, query.client)
    return await list_entries(request.app[POOL], query, visible_clients(actor, Action.READ_USAGE))


async def get_report(request: web.Request, query: ReportQuery) -> web.StreamResponse:
    """Sum the ledger by client, user, profile, day, provider, check and model.

    `format=focus` lists the charges themselves, as FOCUS 1.2 CSV. Usage without a known
    price is in no charge: the other forms say how many calls that are.
    """
    actor = request[ACTOR]
    for client in query.client:
        require(actor, Action.READ_USAGE, client)
    clients, now = visible_clients(actor, Action.READ_USAGE), datetime.now(UTC)
    ledger = (request.app[POOL], request.app[RATE_CARDS], request.app[ARCHIVES])
    if query.format == "focus":
        chunks = focus_chunks(*ledger, query, clients, now)
        return await stream(request, chunks, period_of(query, now))
    report = await make_report(*ledger, query, clients, now)
    return await answer(report, query.format, request.app[DRAWING])
