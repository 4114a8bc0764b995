"""The qc service, put together."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from aiohttp import ClientSession, web
from yarl import URL

from libs.actor import ISSUERS, Issuer, Service, Verifier
from libs.api.call import Caller
from libs.api.profiles import ProfilesApi
from libs.api.usage import UsageApi
from libs.contracts.access import Action, Actor
from libs.postgres import Pool, database_problems, open_database, read_migrations
from libs.web import READY, Route, create_service
from services.qc import handlers, picture_handlers
from services.qc.asking.judge import Judge
from services.qc.asking.purse import Purse
from services.qc.campaigns.handlers import DESK
from services.qc.campaigns.opening import open_campaigns
from services.qc.campaigns.routes import CAMPAIGN_ROUTES
from services.qc.checked import Checked, checked
from services.qc.decoder_process import ChildLimits
from services.qc.decoders import Decoders
from services.qc.domain.adaptive import Bounds
from services.qc.domain.triage import Policy
from services.qc.kept import Kept, engine
from services.qc.leases import Worker
from services.qc.limits import Limits
from services.qc.material_routes import MATERIAL_ROUTES
from services.qc.model_book import ModelBook, refs
from services.qc.model_handlers import BOOK, MODEL_ROUTES, PROBER
from services.qc.model_probe import Prober
from services.qc.models import Registry
from services.qc.money_handlers import USAGE
from services.qc.money_routes import MONEY_ROUTES
from services.qc.outbox import Outbox
from services.qc.progress import Progress
from services.qc.providers import open_servers
from services.qc.queue import Queue
from services.qc.replays.handlers import REPLAYS, open_replays
from services.qc.replays.routes import ROUTES as REPLAY_ROUTES
from services.qc.review.report_handlers import PRINTS, PRINTS_AT_ONCE
from services.qc.review.routes import REVIEW_ROUTES
from services.qc.run import Bench
from services.qc.settings import QcSettings
from services.qc.store import Store

MIGRATIONS = read_migrations(Path(__file__).parent / "migrations")
SSE = ("text/event-stream",)
LEAST_IDLE_S = 5.0

STOPPING: web.AppKey[list[Callable[[], object]]] = web.AppKey("stopping")
"""What ends before the connections do: streams and claiming."""

ROUTES = [
    Route(
        "POST",
        "/v1/analyses",
        handlers.post_analyses,
        Action.RUN_ANALYSES,
        HTTPStatus.ACCEPTED,
        form=handlers.AnalysisForm,
        fails=(HTTPStatus.TOO_MANY_REQUESTS,),
    ),
    Route("GET", "/v1/analyses/{analysis_id}", handlers.get_analysis, Action.READ_ANALYSES),
    Route(
        "GET",
        "/v1/analyses/{analysis_id}/events",
        handlers.get_analysis_events,
        Action.READ_ANALYSES,
        produces=SSE,
        headers=("Last-Event-ID",),
    ),
    Route(
        "GET",
        "/v1/analyses/{analysis_id}/file",
        handlers.get_creative,
        Action.READ_ANALYSES,
        produces=("application/octet-stream",),
    ),
    Route(
        "GET",
        "/v1/analyses/{analysis_id}/pages/{page}",
        picture_handlers.get_page,
        Action.READ_ANALYSES,
        produces=(picture_handlers.JPEG,),
    ),
    Route(
        "GET",
        "/v1/analyses/{analysis_id}/crops/{crop}",
        picture_handlers.get_crop,
        Action.READ_ANALYSES,
        produces=(picture_handlers.JPEG,),
    ),
    Route(
        "POST",
        "/v1/analyses/{analysis_id}/cancel",
        handlers.post_cancel,
        Action.RUN_ANALYSES,
        fails=(HTTPStatus.CONFLICT,),
    ),
    Route("GET", "/v1/checks", handlers.get_checks, Action.READ_ANALYSES),
    Route("POST", "/v1/checks/validate", handlers.post_validate, Action.READ_ANALYSES),
    *MATERIAL_ROUTES,
    *REVIEW_ROUTES,
    *CAMPAIGN_ROUTES,
    *MODEL_ROUTES,
    *MONEY_ROUTES,
    *REPLAY_ROUTES,
]


def create_app(settings: QcSettings) -> web.Application:
    """Raises BadSettings when a key is missing or none, an address is none, or a file is none."""
    read = checked(settings)
    app = create_service("qc", ROUTES, Verifier("qc", settings.trusted_keys))

    async def everything(app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            tasks = await _begin(stack, app, settings, read)
            yield
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def let_go(app: web.Application) -> None:
        for stop in app[STOPPING]:
            stop()

    app.cleanup_ctx.append(everything)
    app.on_shutdown.append(let_go)
    return app


async def _begin(
    stack: AsyncExitStack,
    app: web.Application,
    settings: QcSettings,
    read: Checked,
) -> list[asyncio.Task[None]]:
    """Open what the handlers work with, and start what works beside them."""
    bench, profiles, usage = await _open(stack, settings, read)
    worker = Worker(bench, settings.analyses_in_flight, settings.lease_s, settings.max_claims)
    campaigns = await open_campaigns(stack, bench, profiles, settings, read.webhooks, worker)
    replays = open_replays(bench, worker)
    app[handlers.BENCH] = bench
    app[handlers.PROFILES] = profiles
    app[USAGE] = usage
    app[handlers.WORKER] = worker
    app[handlers.SETTINGS] = settings
    app[PRINTS] = asyncio.Semaphore(PRINTS_AT_ONCE)
    app[DESK] = campaigns.desk
    app[REPLAYS] = replays
    app[BOOK], app[PROBER] = _models(bench, settings)
    all_work = (
        worker.run,
        bench.outbox.run,
        bench.kept.run,
        app[PROBER].run,
        replays.driver.run,
        *campaigns.work,
    )
    tasks = [asyncio.create_task(work()) for work in all_work]
    app[READY] = lambda: _what_is_wrong(bench.pool, tasks)
    stops: list[Callable[[], object]] = [bench.progress.stop, campaigns.desk.events.stop]
    app[STOPPING] = [*stops, replays.events.stop, tasks[0].cancel]
    return tasks


async def _what_is_wrong(pool: Pool, tasks: Sequence[asyncio.Task[None]]) -> list[str]:
    ended = ["a worker of this process has ended"] if any(t.done() for t in tasks) else []
    return ended + await database_problems(pool)


async def _open(
    stack: AsyncExitStack, settings: QcSettings, read: Checked
) -> tuple[Bench, ProfilesApi, UsageApi]:
    # A frozen worker must not keep by its locks what it has lost by its lease.
    most_idle_s = max(LEAST_IDLE_S, settings.lease_s)
    pool: Pool = await stack.enter_async_context(
        open_database(settings, "qc", MIGRATIONS, most_idle_s)
    )
    scratch = Path(
        stack.enter_context(tempfile.TemporaryDirectory(prefix="aiqc-", dir=settings.scratch_dir))
    )
    session = await stack.enter_async_context(ClientSession())
    usage_url, profiles_url = URL(str(settings.usage_url)), URL(str(settings.profiles_url))
    usage = UsageApi(Caller(session, usage_url, _bearer(read.issuer, "usage")))
    profiles = ProfilesApi(Caller(session, profiles_url, _bearer(read.issuer, "profiles")))
    bench = Bench(
        pool=pool,
        store=Store(settings.store_url, scratch),
        scratch=scratch,
        decoders=await stack.enter_async_context(_decoders(settings)),
        kept=Kept(pool, engine(settings.max_pixels, settings.max_pages), settings.kept_days),
        judge=await _judge(stack, settings, read, Purse(pool, usage)),
        outbox=Outbox(pool, usage),
        progress=Progress(pool),
        queue=Queue(pool, settings.most_queued, settings.most_queued_of_client),
    )
    return bench, profiles, usage


def _models(bench: Bench, settings: QcSettings) -> tuple[ModelBook, Prober]:
    judge = bench.judge
    book = ModelBook(judge.registry, frozenset(judge.providers), refs(settings.default_models))
    return book, Prober(bench.pool, judge.registry, judge.providers, bench.outbox, judge.limits)


def _decoders(settings: QcSettings) -> Decoders:
    return Decoders(
        settings.decoders,
        ChildLimits(
            memory_bytes=settings.decoder_memory_bytes,
            max_pixels=settings.max_pixels,
            max_pages=settings.max_pages,
            open_timeout_s=settings.open_timeout_s,
            examine_timeout_s=settings.examine_timeout_s,
        ),
    )


async def _judge(stack: AsyncExitStack, settings: QcSettings, read: Checked, purse: Purse) -> Judge:
    registry = Registry(purse.pool, read.models)
    await registry.start()
    providers = await stack.enter_async_context(open_servers(read.servers, registry.find))
    return Judge(
        pool=purse.pool,
        purse=purse,
        registry=registry,
        providers=providers,
        default_models=settings.default_models,
        limits=Limits(
            settings.calls_in_flight, Bounds(settings.calls_at_first, settings.calls_of_model)
        ),
        timeout_s=settings.call_timeout_s,
        run_timeout_s=settings.run_timeout_s,
        max_output_tokens=settings.max_output_tokens,
        triage=settings.triage,
        policy=Policy(settings.triage_margin, settings.escalations, settings.audit_percent),
    )


def _bearer(issuer: Issuer, audience: Service) -> Callable[[], str]:
    actor = Actor(
        subject="qc",
        kind="service",
        scopes=ISSUERS["qc"] or frozenset(),
    )
    return lambda: issuer.passport(actor, audience, datetime.now(UTC))
