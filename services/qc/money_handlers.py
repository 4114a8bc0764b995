"""Requests about what checks cost, and what is saved."""

from aiohttp import web

from libs.actor import require
from libs.contracts.access import Action
from libs.contracts.triage import TriageQuery, TriageReport
from libs.postgres import transaction
from libs.web import ACTOR
from services.qc.handlers import BENCH
from services.qc.triage_counts import triage_counts


async def get_triage(request: web.Request, query: TriageQuery) -> TriageReport:
    """How often a cheap model's answers were enough, and agreed with the strong one's."""
    require(request[ACTOR], Action.READ_ANALYSES, query.client)
    async with transaction(request.app[BENCH].pool, [query.client]) as db:
        return TriageReport(counts=await triage_counts(db, query.client))
