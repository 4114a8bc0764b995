"""Brings running campaigns to their end: looks what has ended, starts what comes next."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from libs.contracts.campaigns import CampaignEvent, CampaignState, CellState
from libs.contracts.qc import Creative
from libs.contracts.review import RerunRequest
from libs.postgres import Connection, transaction
from libs.problems import Conflict, Problem, TooMany, Unavailable
from services.qc import briefing, repository
from services.qc.accept import add_queued, known_creative, open_known
from services.qc.briefing import Wishes
from services.qc.campaigns import cells, rows
from services.qc.campaigns.cells import CellRow
from services.qc.campaigns.events import add_events
from services.qc.campaigns.rows import CampaignRow
from services.qc.campaigns.webhooks import enqueue
from services.qc.driven import LeaseLost
from services.qc.driving import Driving
from services.qc.files import Upload, safe_name
from services.qc.review.rerun import queue_rerun
from services.qc.run import Bench

log = structlog.get_logger()
MOST_LOOK_S = 5.0
BROKEN_ONES = RerunRequest(states=["error"])
ENDED: dict[str, CellState] = {"done": "done", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True, slots=True)
class Pace:
    """How many analyses of one client's campaigns run at a time; whom to tell of a new one."""

    in_flight: int
    wake: Callable[[], object]


class Driver(Driving[CampaignRow]):
    """Looks at one campaign at a time, the one that waited longest first."""

    def __init__(self, bench: Bench, pace: Pace) -> None:
        super().__init__(bench.pool, rows.CAMPAIGNS)
        self._bench = bench
        self._pace = pace

    async def look_at(self, row: CampaignRow) -> None:
        if await self._take_in(row) or row.state != "running":
            return
        until = time.monotonic() + MOST_LOOK_S
        while time.monotonic() < until:
            cell = await self._next(row)
            if cell is None:
                return
            await self._start(row, cell)

    async def _take_in(self, row: CampaignRow) -> bool:
        """Note which analyses have ended, and with the last of them the campaign's end."""
        now = datetime.now(UTC)
        async with transaction(self._bench.pool, [row.client_id]) as db:
            held = await rows.CAMPAIGNS.hold(db, row)
            ended = await cells.ended(db, row)
            for cell in ended:
                await cells.set_cell(db, row, cell, ENDED[cell.state])
            if ended:
                await add_events(db, row, *(_ended(row, cell, now) for cell in ended))
            done, total = await cells.progress(db, row)
            if done < total:
                return False
            await self._finish(db, held, now)
        log.info("campaign finished", cells=total)
        return True

    async def _finish(self, db: Connection, row: CampaignRow, at: datetime) -> None:
        state: CampaignState = "cancelled" if row.state == "cancelling" else "done"
        await rows.set_state(db, row, state, at)
        await add_events(db, row, CampaignEvent(kind="finished", at=at, state=state))
        await enqueue(db, row, at)

    async def _next(self, row: CampaignRow) -> CellRow | None:
        async with transaction(self._bench.pool) as db:
            running = await cells.in_flight(db, row.client_id)
            if running >= self._pace.in_flight:
                return None
            if row.can_wait and running and await cells.others_wait(db):
                return None
            return await cells.next_waiting(db, row)

    async def _start(self, row: CampaignRow, cell: CellRow) -> None:
        """Make the cell's analysis, or say why it has none."""
        try:
            creative = None if cell.earlier_id else await self._opened(row, cell)
            async with (
                self._bench.queue.room(row.client_id),
                transaction(self._bench.pool, [row.client_id]) as db,
            ):
                await self._queue(db, row, cell, creative)
        except (LeaseLost, TooMany, Unavailable):
            raise
        except Problem as problem:
            await self._refuse(row, cell, problem.code, problem.detail)
        except Exception:
            log.exception("a cell could not be started", file=cell.name)
            reason = "It could not be started: retry it, and look at the log if it fails again."
            await self._refuse(row, cell, "could_not_start", reason)
        self._pace.wake()

    async def _opened(self, row: CampaignRow, cell: CellRow) -> Creative:
        upload = Upload(self._bench.scratch, {}, _file_name(cell), cell.sha256, cell.bytes)
        if known := await known_creative(self._bench, row.client_id, upload):
            return known
        async with self._bench.store.fetch(cell.sha256) as path:
            upload.path = path
            return await open_known(self._bench, row.client_id, upload)

    async def _queue(
        self, db: Connection, row: CampaignRow, cell: CellRow, creative: Creative | None
    ) -> None:
        held = await rows.CAMPAIGNS.hold(db, row)
        if held.state != "running":
            raise LeaseLost(str(row.campaign_id))
        if creative:
            analysis_id = await self._analysis(db, row, cell, creative)
        else:
            analysis_id = await self._again(db, row, cell)
        await cells.set_cell(db, row, cell, "running", analysis_id=analysis_id)
        await add_events(db, row, _event(row, cell, "cell_started", analysis_id=analysis_id))

    async def _analysis(
        self, db: Connection, row: CampaignRow, cell: CellRow, creative: Creative
    ) -> UUID:
        resolved = row.profiles[cell.profile_no]
        brief = await briefing.settle(db, resolved, Wishes(**row.wishes), _file_name(cell))
        brief = briefing.patient(brief) if row.can_wait else brief
        return await add_queued(
            db, self._bench, row.actor, row.client_id, resolved.profile, creative, brief, []
        )

    async def _again(self, db: Connection, row: CampaignRow, cell: CellRow) -> UUID:
        """A rerun: what the try before has found, and what that cost, is kept.

        When a reviewer has settled meanwhile what broke, that try is the one that counts.
        """
        earlier = await repository.analysis(db, cell.earlier_id) if cell.earlier_id else None
        if earlier is None:
            raise AssertionError("a cell names analyses that there are")
        try:
            told = await queue_rerun(db, self._bench, row.actor, earlier, BROKEN_ONES)
        except Conflict:
            return earlier.analysis_id
        return told.analysis_id

    async def _refuse(self, row: CampaignRow, cell: CellRow, code: str, reason: str) -> None:
        async with transaction(self._bench.pool, [row.client_id]) as db:
            await rows.CAMPAIGNS.hold(db, row)
            await cells.set_cell(db, row, cell, "failed", code=code, reason=reason)
            await add_events(db, row, _event(row, cell, "cell_ended", state="failed"))


def _file_name(cell: CellRow) -> str:
    return safe_name(cell.name)


def _ended(row: CampaignRow, cell: CellRow, at: datetime) -> CampaignEvent:
    event = _event(row, cell, "cell_ended", state=cell.state, analysis_id=cell.analysis_id)
    return event.model_copy(update={"at": at, "verdict": cell.verdict, "score": cell.score})


def _event(
    row: CampaignRow,
    cell: CellRow,
    kind: str,
    *,
    state: str | None = None,
    analysis_id: UUID | None = None,
) -> CampaignEvent:
    return CampaignEvent.model_validate(
        {
            "kind": kind,
            "at": datetime.now(UTC),
            "file": cell.name,
            "profile_id": row.profiles[cell.profile_no].profile.profile_id,
            "state": state,
            "analysis_id": analysis_id,
        }
    )
