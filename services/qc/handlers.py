"""HTTP in, HTTP out: read the request, call one function, answer."""

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from aiohttp import web
from pydantic import Field

from libs.actor import require, visible_clients
from libs.api.profiles import ProfilesApi
from libs.contracts.access import Action, Actor
from libs.contracts.catalogue import Catalogue, CheckFault, CheckFaults, ChecksToValidate
from libs.contracts.common import ClientId, Request
from libs.contracts.qc import Accepted, Analysis, CheckResult, Given
from libs.postgres import transaction
from libs.problems import NotFound
from libs.streaming import last_seen, send_events
from libs.web import ACTOR
from services.qc import looking, outbox, repository
from services.qc.accept import accept
from services.qc.call_costs import CallCost, costs_of
from services.qc.cancelling import cancel
from services.qc.checks import catalogue, fault_of
from services.qc.domain.cost_shares import exact_sum
from services.qc.domain.review import reviewed
from services.qc.downloads import send_file
from services.qc.leases import Worker
from services.qc.repository import AnalysisRow
from services.qc.review import said
from services.qc.run import Bench
from services.qc.settings import QcSettings
from services.qc.written import milliseconds

BENCH: web.AppKey[Bench] = web.AppKey("bench")
WORKER: web.AppKey[Worker] = web.AppKey("worker")
PROFILES: web.AppKey[ProfilesApi] = web.AppKey("profiles")
SETTINGS: web.AppKey[QcSettings] = web.AppKey("settings")


class AnalysisPath(Request):
    analysis_id: UUID


class AnalysisForm(Request):
    """The creative and what to check it for; `only` names checks, with commas between them."""

    file: bytes = Field(json_schema_extra={"format": "binary"})
    client: ClientId
    profile: str
    placement: str | None = Field(default=None, description="A name in the active media plan")
    market: str | None = Field(default=None, description="A country code like de")
    reference: str | None = Field(default=None, description="The name of what to compare with")
    previous: UUID | None = Field(default=None, description="The analysis of the version before")
    only: str = Field(default="", description="Checks of the profile, with commas between them")
    fresh: bool = Field(default=False, description="Measure and ask again, whatever is kept")
    reuse: bool = Field(default=False, description="Return the earlier result of the same file")


async def post_analyses(request: web.Request) -> Accepted:
    """Take a creative in and run a profile over it: 202 and the id of the analysis."""
    app = request.app
    await app[BENCH].queue.refuse_when_full()
    accepted = await accept(request, request[ACTOR], app[BENCH], app[PROFILES], app[SETTINGS])
    app[WORKER].wake()
    return accepted


async def get_analysis(request: web.Request, path: AnalysisPath) -> Analysis:
    """State of an analysis; score, verdict and coverage once it is done."""
    bench = request.app[BENCH]
    return await shown(bench, await visible(bench, request[ACTOR], path.analysis_id))


async def get_analysis_events(request: web.Request, path: AnalysisPath) -> web.StreamResponse:
    """Progress as server-sent events; goes on after `Last-Event-ID`."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    seq = last_seen(request)
    return await send_events(request, bench.progress.after(row.client_id, row.analysis_id, seq))


async def get_creative(request: web.Request, path: AnalysisPath) -> web.StreamResponse:
    """The original file of an analysis, as a download."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    return await send_file(request, bench.store, row.creative.sha256, row.creative.file_name)


async def post_cancel(request: web.Request, path: AnalysisPath) -> Analysis:
    """End an analysis that waits or runs; what it has found so far stays, without a verdict."""
    bench, actor = request.app[BENCH], request[ACTOR]
    row = await visible(bench, actor, path.analysis_id)
    require(actor, Action.RUN_ANALYSES, row.client_id)
    if lease := await cancel(bench, row, actor):
        request.app[WORKER].drop(lease)
    return await get_analysis(request, path)


async def get_checks(request: web.Request) -> Catalogue:
    """What a profile can check: measured with parameters, or asked of a model with a prompt."""
    return catalogue()


async def post_validate(request: web.Request, body: ChecksToValidate) -> CheckFaults:
    """Which checks of a profile would come to nothing: no such check, or parameters it refuses."""
    reasons = {check_id: fault_of(check_id, check) for check_id, check in body.checks.items()}
    return CheckFaults(
        faults=[CheckFault(check_id=of, reason=why) for of, why in reasons.items() if why]
    )


async def visible(bench: Bench, actor: Actor, analysis_id: UUID) -> AnalysisRow:
    async with transaction(bench.pool, visible_clients(actor, Action.READ_ANALYSES)) as db:
        row = await repository.analysis(db, analysis_id)
    if row is None:
        raise NotFound("unknown_analysis", f"There is no analysis {analysis_id}.")
    return row


async def shown(bench: Bench, row: AnalysisRow) -> Analysis:
    """The analysis as it counts, with what reviewers said of it."""
    found = await as_found(bench, row)
    async with transaction(bench.pool, [row.client_id]) as db:
        overrides = await said.of_analysis(db, row.client_id, row.analysis_id)
    return reviewed(found, overrides, row.profile.pass_threshold)


async def as_found(bench: Bench, row: AnalysisRow) -> Analysis:
    """The analysis as it was found, whatever was said of it."""
    async with transaction(bench.pool, [row.client_id]) as db:
        results = await repository.results(db, row.client_id, row.analysis_id)
        costs = await costs_of(db, row.client_id, row.analysis_id)
        told = not await outbox.is_waiting(db, row.client_id, row.analysis_id)
        suspected = await looking.suspicions(db, row.client_id, row.analysis_id)
    return _analysis(row, results, costs, told).model_copy(update={"suspected": suspected})


def _analysis(
    row: AnalysisRow,
    results: list[CheckResult],
    costs: list[CallCost],
    told: bool,
) -> Analysis:
    """Cost is the ledger's: null until the ledger has all of the analysis, or without a price."""
    of_check: dict[str, list[CallCost]] = defaultdict(list)
    for cost in costs:
        for share in cost.shares():
            of_check[share.check_ids[0]].append(share)
    by_id = {result.check_id: result for result in results}
    checks = [
        by_id[check_id].model_copy(update={"cost_usd": _sum(of_check[check_id])})
        for check_id in row.checks
        if check_id in by_id
    ]
    ended = row.finished_at
    return Analysis(
        analysis_id=row.analysis_id,
        state=row.state,
        client_id=row.client_id,
        verdict=row.verdict,
        score=row.score,
        coverage=row.coverage,
        profile_id=row.profile.profile_id,
        profile_version=row.profile.version,
        profile_hash=row.profile.content_hash,
        only=row.only_checks,
        checks=checks,
        cost_usd=_sum(costs) if told else None,
        unknown_calls=sum(cost.unknown for cost in costs),
        creative=row.creative,
        given=row.given or Given(),
        previews=row.previews,
        created_at=row.created_at,
        finished_at=ended,
        duration_ms=milliseconds(row.created_at, ended) if ended else None,
        reason=row.reason,
    )


def _sum(costs: list[CallCost]) -> Decimal | None:
    return exact_sum(cost.cost_usd for cost in costs if not cost.unknown)
