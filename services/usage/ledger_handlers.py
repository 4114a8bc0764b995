"""HTTP for the ledger's upkeep: an admin proves it, corrects costs, forgets people."""

from datetime import UTC, date, datetime

from aiohttp import web

from libs.contracts.ledger import (
    Archived,
    ArchiveRequest,
    ErasedPeople,
    ErasePerson,
    LedgerProof,
    LedgerQuery,
    MonthMoved,
    Rerated,
    RerateRequest,
    RestoreRequest,
)
from libs.web import ACTOR
from services.usage import archive, upkeep
from services.usage.handlers import ARCHIVES, POOL, RATE_CARDS
from services.usage.rerate import rerate


async def get_proof(request: web.Request, query: LedgerQuery) -> LedgerProof:
    """Compare every entry with the chain of its client and month, and roll-ups with entries."""
    return await upkeep.prove(request.app[POOL], request.app[ARCHIVES], query)


async def post_rerate(request: web.Request, body: RerateRequest) -> Rerated:
    """Show what today's rate card changes about past calls; with `apply`, post corrections."""
    posted_by = request[ACTOR].subject
    return await rerate(request.app[POOL], request.app[RATE_CARDS], body, posted_by)


async def post_erase(request: web.Request, body: ErasePerson) -> ErasedPeople:
    """Forget a person in every client. Totals stay; the name cannot be had back."""
    return await upkeep.erase_person(request.app[POOL], body.user, datetime.now(UTC))


async def post_archive(request: web.Request, body: ArchiveRequest) -> Archived:
    """Move months of entries into files that are proven to hold them; reports go on as before."""
    store = request.app[ARCHIVES].known()
    today_on = datetime.now(UTC).date()
    return await archive.archive_older(request.app[POOL], store, body.older_than_days, today_on)


async def post_restore(request: web.Request, body: RestoreRequest) -> MonthMoved:
    """Bring the entries of an archived month back into the database."""
    store = request.app[ARCHIVES].known()
    return await archive.restore(request.app[POOL], store, date.fromisoformat(f"{body.month}-01"))
