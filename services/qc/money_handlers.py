"""Requests about what checks cost, and what is saved."""

from aiohttp import web

from libs.actor import require
from libs.api.usage import UsageApi
from libs.contracts.access import Action
from libs.contracts.estimates import Estimate
from libs.contracts.triage import TriageQuery, TriageReport
from libs.postgres import transaction
from libs.web import ACTOR
from services.qc.accept import chosen_checks, id_field, open_known, received, wishes_of
from services.qc.foreseeing import Wanted, foresee
from services.qc.habits import habits_of
from services.qc.handlers import BENCH, PROFILES, SETTINGS
from services.qc.quoting import Quotes, unpriced
from services.qc.triage_counts import triage_counts

USAGE: web.AppKey[UsageApi] = web.AppKey("usage")


async def post_estimate(request: web.Request) -> Estimate:
    """What an analysis would cost: it takes the same form, runs nothing and asks nobody."""
    app, bench = request.app, request.app[BENCH]
    async with received(request, bench, app[SETTINGS]) as upload:
        client_id, profile_id = id_field(upload, "client"), id_field(upload, "profile")
        require(request[ACTOR], Action.RUN_ANALYSES, client_id)
        resolved = await app[PROFILES].resolve(client_id, profile_id)
        profile = resolved.profile
        only = chosen_checks(profile, upload.fields.get("only", ""))
        creative = await open_known(bench, client_id, upload)
        wishes = wishes_of(upload)
    async with transaction(bench.pool, [client_id]) as db:
        habits = await habits_of(db, client_id, profile.profile_id)
    wanted = Wanted(resolved, wishes, habits, only)
    foreseen = await foresee(bench, Quotes(app[USAGE]), wanted, creative)
    return Estimate(
        cost_usd=foreseen.cost_usd,
        checks=foreseen.checks,
        calls=foreseen.calls,
        unpriced=unpriced(foreseen.calls),
        learned_from=wanted.learned_from,
        earlier=foreseen.earlier,
        creative=creative,
    )


async def get_triage(request: web.Request, query: TriageQuery) -> TriageReport:
    """How often a cheap model's answers were enough, and agreed with the strong one's."""
    require(request[ACTOR], Action.READ_ANALYSES, query.client)
    async with transaction(request.app[BENCH].pool, [query.client]) as db:
        return TriageReport(counts=await triage_counts(db, query.client))
