"""HTTP in, HTTP out, for replays."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import structlog
from aiohttp import web
from pydantic import Field

from libs import telemetry
from libs.actor import require, visible_clients
from libs.contracts.access import Action, Actor
from libs.contracts.common import ClientId, Request
from libs.contracts.replays import (
    Replay,
    ReplayEstimate,
    ReplayEvent,
    ReplayOrder,
    ReplayQuestion,
    Replays,
    ReplaySummary,
)
from libs.ids import uuid7
from libs.postgres import transaction
from libs.problems import Conflict, NotFound
from libs.replies import reply
from libs.streaming import last_seen, send_events
from libs.web import ACTOR
from services.qc import cancelling
from services.qc.domain.replay_html import replay_html
from services.qc.domain.replay_text import replay_text
from services.qc.handlers import BENCH, PROFILES, WORKER
from services.qc.leases import Worker
from services.qc.money_handlers import USAGE
from services.qc.replays import items, rows
from services.qc.replays.driver import GONE, GONE_BECAUSE, Driver
from services.qc.replays.events import Events, add_event
from services.qc.replays.items import Item
from services.qc.replays.planning import Planned, estimate_of, plan, refuse_unpriced
from services.qc.replays.rows import ReplayRow
from services.qc.replays.told import replay_of, summary_of
from services.qc.review.report_handlers import PRINTS, file_answer
from services.qc.run import Bench

log = structlog.get_logger()
MOST_RUNNING = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """What handlers of replays work with beside the bench."""

    driver: Driver
    events: Events


REPLAYS: web.AppKey[Desk] = web.AppKey("replays")


def open_replays(bench: Bench, worker: Worker) -> Desk:
    return Desk(Driver(bench, worker.wake), Events(bench.pool))


class ReplayPath(Request):
    replay_id: UUID


class ReplaysQuery(Request):
    """Of all clients that the caller sees when none is named."""

    client: ClientId | None = None
    limit: int = Field(default=50, ge=1, le=200)
    cursor: UUID | None = None


class ReplayQuery(Request):
    format: Literal["json", "html", "text"] = "json"


async def post_replay_estimate(request: web.Request, body: ReplayQuestion) -> ReplayEstimate:
    """Which stored analyses a profile would be tried on, what would be asked, and its cost."""
    return estimate_of(await _planned(request, body))


async def post_replays(request: web.Request, body: ReplayOrder) -> ReplaySummary:
    """Try a profile on stored analyses. From now on the replay comes to its end."""
    planned = await _planned(request, body)
    refuse_unpriced(planned)
    row = _row(request[ACTOR], planned, body)
    async with transaction(request.app[BENCH].pool, [row.client_id]) as db:
        if await rows.running(db, row.client_id) >= MOST_RUNNING:
            raise Conflict(
                "too_many_replays",
                f"{MOST_RUNNING} replays of this client run: wait for one, or cancel one.",
            )
        await rows.add_replay(db, row)
        await items.add_items(db, row, _items(planned))
        await add_event(db, row, ReplayEvent(kind="started", at=row.created_at))
        told = await summary_of(db, row)
    request.app[REPLAYS].driver.wake()
    log.info("replay started", replay_id=str(row.replay_id), creatives=len(planned.creatives))
    return told


async def _planned(request: web.Request, question: ReplayQuestion) -> Planned:
    app = request.app
    return await plan(app[BENCH], app[PROFILES], app[USAGE], request[ACTOR], question)


def _row(actor: Actor, planned: Planned, order: ReplayOrder) -> ReplayRow:
    now = datetime.now(UTC)
    replay_id = uuid7(now)
    return ReplayRow(
        client_id=planned.client_id,
        replay_id=replay_id,
        state="running",
        user_id=actor.subject,
        user_name=actor.name,
        user_email=actor.email,
        request_id=telemetry.request_id() or replay_id.hex,
        source=planned.source,
        profile=planned.profile,
        budget_usd=order.budget_usd,
        created_at=now,
    )


def _items(planned: Planned) -> list[Item]:
    """Files that are gone are told of from the start."""
    return [
        Item(
            number,
            one.analysis_id,
            "not_replayed" if one.gone else "waiting",
            expected_usd=one.cost_usd,
            code=GONE if one.gone else None,
            reason=GONE_BECAUSE if one.gone else None,
        )
        for number, one in enumerate(planned.creatives, 1)
    ]


async def get_replays(request: web.Request, query: ReplaysQuery) -> Replays:
    """Replays, the newest first."""
    clients = visible_clients(request[ACTOR], Action.READ_ANALYSES)
    if clients is not None and query.client and query.client not in clients:
        raise NotFound("unknown_client", f"There is no brand client {query.client!r}.")
    async with transaction(request.app[BENCH].pool, clients) as db:
        found = await rows.REPLAYS.newest(db, query.client, query.cursor, query.limit)
        told = [await summary_of(db, row) for row in found]
    more = len(found) == query.limit
    return Replays(replays=told, next_cursor=found[-1].replay_id if more else None)


async def get_replay(request: web.Request, path: ReplayPath, query: ReplayQuery) -> web.Response:
    """Creative by creative what was found then and now; as a page or a table for people."""
    bench = request.app[BENCH]
    row = await _visible(bench, request[ACTOR], path.replay_id)
    if query.format == "json":
        return reply(await replay_of(bench, row))
    async with request.app[PRINTS]:
        found = await replay_of(bench, row)
        if query.format == "text":
            return web.Response(text=replay_text(found), content_type="text/plain")
        page = await asyncio.to_thread(replay_html, found, datetime.now(UTC))
    name = f"replay of {found.profile.profile_id}"
    return file_answer(page.encode("utf-8", "replace"), "html", name)


async def get_replay_events(request: web.Request, path: ReplayPath) -> web.StreamResponse:
    """Progress as server-sent events; goes on after `Last-Event-ID`."""
    row = await _visible(request.app[BENCH], request[ACTOR], path.replay_id)
    return await send_events(request, request.app[REPLAYS].events.after(row, last_seen(request)))


async def post_replay_cancel(request: web.Request, path: ReplayPath) -> Replay:
    """Start nothing more of it, and end what waits or runs. Cancelled twice changes nothing."""
    bench, actor = request.app[BENCH], request[ACTOR]
    row = await _visible(bench, actor, path.replay_id)
    require(actor, Action.RUN_ANALYSES, row.client_id)
    now = datetime.now(UTC)
    async with transaction(bench.pool, [row.client_id]) as db:
        held = await rows.REPLAYS.one(db, row.replay_id, lock=True)
        if held and held.state == "running":
            await items.cancel_waiting(db, row, f"Cancelled by {cancelling.name_of(actor)}.")
            await rows.set_state(db, row, "cancelling", now)
            await add_event(db, row, ReplayEvent(kind="cancelling", at=now))
        analyses = await items.running_analyses(db, row) if held and not held.finished_at else []
    for analysis in analyses:
        with suppress(Conflict):  # it has ended meanwhile
            if lease := await cancelling.cancel(bench, analysis, actor):
                request.app[WORKER].drop(lease)
    request.app[REPLAYS].driver.wake()
    return await replay_of(bench, row)


async def _visible(bench: Bench, actor: Actor, replay_id: UUID) -> ReplayRow:
    async with transaction(bench.pool, visible_clients(actor, Action.READ_ANALYSES)) as db:
        row = await rows.REPLAYS.one(db, replay_id)
    if row is None:
        raise NotFound("unknown_replay", f"There is no replay {replay_id}.")
    return row
