"""Numbered steps of a replay: stored with what they tell of, then read by whoever listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from libs.contracts.replays import ReplayEvent
from libs.postgres import Connection, Pool, transaction
from services.qc.replays import items, rows
from services.qc.replays.rows import ReplayRow

POLL_S = 0.5


async def add_event(db: Connection, row: ReplayRow, event: ReplayEvent) -> None:
    """Append it under the next number, with how far the replay is now."""
    done, total = await items.progress(db, row)
    seq: int = await db.fetchval(
        """
        UPDATE replay SET last_seq = last_seq + 1 WHERE client_id = $1 AND replay_id = $2
        RETURNING last_seq
        """,
        row.client_id,
        row.replay_id,
    )
    told = event.model_copy(update={"seq": seq, "done": done, "total": total})
    await db.execute(
        "INSERT INTO replay_event (client_id, replay_id, seq, event) VALUES ($1, $2, $3, $4)",
        row.client_id,
        row.replay_id,
        seq,
        told.model_dump(mode="json"),
    )


class Events:
    """Streams of events. `stop` ends them all, so that the service can end."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def after(self, row: ReplayRow, seq: int) -> AsyncIterator[ReplayEvent | None]:
        """Events after number `seq`, live, until the replay has ended; None: none for a while."""
        while not self._stopping.is_set():
            async with transaction(self._pool, [row.client_id]) as db:
                # Asked first: what ends in between has its last event among those read next.
                now = await rows.REPLAYS.one(db, row.replay_id)
                found = await db.fetch(
                    """
                    SELECT event FROM replay_event
                     WHERE client_id = $1 AND replay_id = $2 AND seq > $3
                     ORDER BY seq
                    """,
                    row.client_id,
                    row.replay_id,
                    seq,
                )
            for one in found:
                event = ReplayEvent.model_validate(one["event"])
                seq = event.seq
                yield event
            if found:
                continue
            if now is None or now.finished_at:
                return
            yield None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), POLL_S)
