"""Brings replays to their end: looks what has ended, starts what comes next."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import structlog

from libs.contracts.replays import ItemState, ReplayEvent, ReplayState
from libs.postgres import Connection, transaction
from services.qc import briefing, repository
from services.qc.accept import add_queued
from services.qc.driven import LeaseLost
from services.qc.driving import Driving
from services.qc.replays import items, rows
from services.qc.replays.events import add_event
from services.qc.replays.items import Item
from services.qc.replays.rows import ReplayRow
from services.qc.repository import AnalysisRow
from services.qc.run import Bench

log = structlog.get_logger()
IN_FLIGHT = 3
GONE = "file_gone"
GONE_BECAUSE = "The file is not stored any more."


class Driver(Driving[ReplayRow]):
    """Looks at one replay at a time, the one that waited longest first."""

    def __init__(self, bench: Bench, wake_worker: Callable[[], object]) -> None:
        super().__init__(bench.pool, rows.REPLAYS)
        self._bench = bench
        self._wake_worker = wake_worker

    async def look_at(self, row: ReplayRow) -> None:
        if await self._take_in(row) or row.state != "running":
            return
        while item := await self._next(row):
            await self._start(row, item)

    async def _take_in(self, row: ReplayRow) -> bool:
        """Note which analyses have ended, and with the last of them the replay's end."""
        async with transaction(self._bench.pool, [row.client_id]) as db:
            held = await rows.REPLAYS.hold(db, row)
            for item in await items.items(db, row):
                if item.state == "running" and item.ended:
                    await self._end(db, row, item)
            done, total = await items.progress(db, row)
            if done < total:
                return False
            state: ReplayState = "cancelled" if held.state == "cancelling" else "done"
            now = datetime.now(UTC)
            await rows.set_state(db, row, state, now)
            await add_event(db, row, ReplayEvent(kind="finished", at=now, state=state))
        log.info("replay finished", creatives=total, state=state)
        return True

    async def _end(self, db: Connection, row: ReplayRow, item: Item) -> None:
        """One of which a call was not made, for want of budget, is not replayed."""
        if item.analysis_id is None:
            raise AssertionError("a running item names its analysis")
        analysis = await repository.analysis(db, item.analysis_id)
        if item.ended == "done" and item.code is None:
            await items.set_item(db, row, item, "done")
            state: ItemState = "done"
        else:
            state = "not_replayed"
            reason = item.reason or (analysis.reason if analysis else None)
            code = item.code or item.ended
            await items.set_item(db, row, item, state, code=code, reason=reason)
        event = _event(item, "creative_ended", analysis, state=state)
        if analysis and state == "done":
            judged = {"verdict": analysis.verdict, "score": analysis.score}
            event = event.model_copy(update=judged)
        await add_event(db, row, event)

    async def _next(self, row: ReplayRow) -> Item | None:
        async with transaction(self._bench.pool, [row.client_id]) as db:
            found = await items.items(db, row)
        if sum(item.state == "running" for item in found) >= IN_FLIGHT:
            return None
        return next((item for item in found if item.state == "waiting"), None)

    async def _start(self, row: ReplayRow, item: Item) -> None:
        """Make the analysis that replays it, or say why there is none."""
        async with transaction(self._bench.pool, [row.client_id]) as db:
            source = await repository.analysis(db, item.source_id)
            _, bound = await items.spent(db, row)
        if source is None:
            raise AssertionError("an item names an analysis that there is")
        left = row.budget_usd - bound
        if item.expected_usd and item.expected_usd > left:
            reason = (
                f"About ${item.expected_usd:f} is expected of it, and the budget of "
                f"${row.budget_usd:f} leaves ${left:f}: raise the budget."
            )
            await self._leave_out(row, item, source, "budget", reason)
        elif not await self._bench.store.has(source.creative.sha256):
            await self._leave_out(row, item, source, GONE, GONE_BECAUSE)
        else:
            await self._queue(row, item, source)
            self._wake_worker()

    async def _leave_out(
        self, row: ReplayRow, item: Item, source: AnalysisRow, code: str, reason: str
    ) -> None:
        async with transaction(self._bench.pool, [row.client_id]) as db:
            await rows.REPLAYS.hold(db, row)
            await items.set_item(db, row, item, "not_replayed", code=code, reason=reason)
            await add_event(db, row, _event(item, "creative_ended", source, state="not_replayed"))

    async def _queue(self, row: ReplayRow, item: Item, source: AnalysisRow) -> None:
        async with (
            self._bench.queue.room(row.client_id),
            transaction(self._bench.pool, [row.client_id]) as db,
        ):
            held = await rows.REPLAYS.hold(db, row)
            if held.state != "running":
                raise LeaseLost(str(row.replay_id))
            brief = await briefing.replayed(db, source, row.profile, row.replay_id)
            analysis_id = await add_queued(
                db, self._bench, row.actor, row.client_id, row.profile, source.creative, brief, []
            )
            await items.set_item(db, row, item, "running", analysis_id=analysis_id)
            told = _event(item, "creative_started", source, analysis_id=analysis_id)
            await add_event(db, row, told)
        self._bench.progress.tell(analysis_id)


def _event(
    item: Item,
    kind: str,
    analysis: AnalysisRow | None,
    *,
    state: str | None = None,
    analysis_id: UUID | None = None,
) -> ReplayEvent:
    return ReplayEvent.model_validate(
        {
            "kind": kind,
            "at": datetime.now(UTC),
            "file": analysis.creative.file_name if analysis else None,
            "source_id": item.source_id,
            "analysis_id": analysis_id or item.analysis_id,
            "state": state,
        }
    )
