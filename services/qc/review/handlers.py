"""HTTP in, HTTP out, for what people do with finished analyses."""

from aiohttp import web

from libs.actor import require, visible_clients
from libs.contracts.access import Action
from libs.contracts.qc import Analysis
from libs.contracts.review import (
    CheckName,
    ConfirmRequest,
    OverrideRequest,
    ReliabilityQuery,
    ReliabilityReport,
    Rerun,
    RerunRequest,
)
from libs.postgres import transaction
from libs.web import ACTOR
from services.qc.domain.reliability import reliability
from services.qc.handlers import BENCH, WORKER, AnalysisPath, shown, visible
from services.qc.review import labels
from services.qc.review.overrides import confirm, override
from services.qc.review.rerun import rerun


class CheckPath(AnalysisPath):
    check_id: CheckName


async def post_overrides(request: web.Request, path: CheckPath, body: OverrideRequest) -> Analysis:
    """Say of a check what it is, as a reviewer: what was found is kept beside it."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    await override(bench, request[ACTOR], row, path.check_id, body)
    return await shown(bench, row)


async def post_confirm(request: web.Request, path: AnalysisPath, body: ConfirmRequest) -> Analysis:
    """Say of results that they are right; reliability counts them as reviewed."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    await confirm(bench, request[ACTOR], row, body)
    return await shown(bench, row)


async def post_rerun(request: web.Request, path: AnalysisPath, body: RerunRequest) -> Rerun:
    """Run some checks again in a new analysis that carries the other results on: 202."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    queued = await rerun(bench, request[ACTOR], row, body)
    request.app[WORKER].wake()
    return queued


async def get_reliability(request: web.Request, query: ReliabilityQuery) -> ReliabilityReport:
    """Precision, recall and kappa of each check against reviewers, with how many cases."""
    actor = request[ACTOR]
    if query.client:
        require(actor, Action.READ_ANALYSES, query.client)
    clients = visible_clients(actor, Action.READ_ANALYSES)
    async with transaction(request.app[BENCH].pool, clients) as db:
        rows = await labels.counted(db, query)
        reviewers = await labels.reviewers(db, query)
    return reliability(rows, reviewers)
