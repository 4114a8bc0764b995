"""Ending an analysis early, because somebody wants it."""

from datetime import UTC, datetime
from uuid import UUID

import structlog

from libs.contracts.access import Actor
from libs.contracts.qc import ProgressEvent
from libs.postgres import Connection, transaction
from libs.problems import Conflict
from services.qc import metrics, repository
from services.qc.repository import AnalysisRow
from services.qc.run import Bench

log = structlog.get_logger()
MAX_NAME_CHARS = 100


async def cancel(bench: Bench, row: AnalysisRow, actor: Actor) -> UUID | None:
    """End a waiting or running analysis at once, with its last step; return its worker's lease.

    Its worker can write nothing more from then on, except what its calls cost. Cancelled twice
    it is cancelled once. Raises Conflict for one that has ended otherwise.
    """
    now = datetime.now(UTC)
    async with transaction(bench.pool, [row.client_id]) as db:
        state, lease = await _end(db, row, f"Cancelled by {name_of(actor)}.", now)
        if state not in ("queued", "running"):
            if state == "cancelled":
                return None
            raise Conflict("has_ended", f"It has ended as {state}: there is nothing to cancel.")
        results = await repository.results(db, row.client_id, row.analysis_id)
        last = ProgressEvent(
            seq=0,
            kind="finished",
            at=now,
            state="cancelled",
            done=len(results),
            total=len(row.checks),
        )
        await bench.progress.add(db, row.client_id, row.analysis_id, last)
    bench.progress.tell(row.analysis_id)
    metrics.CANCELLED.inc()
    log.info("analysis cancelled", analysis_id=str(row.analysis_id), was=state)
    return lease


async def _end(
    db: Connection, row: AnalysisRow, reason: str, now: datetime
) -> tuple[str, UUID | None]:
    """Cancel it if it has not ended; return the state that it was in, and its lease."""
    [was] = await db.fetch(
        """
        SELECT state, lease FROM analysis WHERE client_id = $1 AND analysis_id = $2 FOR UPDATE
        """,
        row.client_id,
        row.analysis_id,
    )
    await db.execute(
        """
        UPDATE analysis SET state = 'cancelled', reason = $3, finished_at = $4
         WHERE client_id = $1 AND analysis_id = $2 AND state IN ('queued', 'running')
        """,
        row.client_id,
        row.analysis_id,
        reason,
        now,
    )
    return was["state"], was["lease"]


def name_of(actor: Actor) -> str:
    """For people to read; what is printable of it, since it was typed by one."""
    shown = "".join(c for c in actor.name or actor.subject if c.isprintable())
    return shown[:MAX_NAME_CHARS]
