"""Numbered steps of a campaign: stored with what they tell of, then read by whoever listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from libs.contracts.campaigns import CampaignEvent
from libs.postgres import Connection, Pool, transaction
from services.qc.campaigns import cells
from services.qc.campaigns.rows import CampaignRow

POLL_S = 0.5


async def add_events(db: Connection, row: CampaignRow, *events: CampaignEvent) -> None:
    """Append events under the next numbers, each with how far the campaign is now."""
    done, total = await cells.progress(db, row)
    last: int = await db.fetchval(
        """
        UPDATE campaign SET last_seq = last_seq + $3
         WHERE client_id = $1 AND campaign_id = $2
        RETURNING last_seq
        """,
        row.client_id,
        row.campaign_id,
        len(events),
    )
    done -= sum(event.kind == "cell_ended" for event in events)
    numbered = []
    for seq, event in enumerate(events, last - len(events) + 1):
        done += event.kind == "cell_ended"
        told = {"seq": seq, "done": done, "total": total}
        numbered.append(event.model_copy(update=told))
    await db.executemany(
        "INSERT INTO campaign_event (client_id, campaign_id, seq, event) VALUES ($1, $2, $3, $4)",
        [
            (row.client_id, row.campaign_id, event.seq, event.model_dump(mode="json"))
            for event in numbered
        ],
    )


class Events:
    """Streams of events. `stop` ends them all, so that the service can end."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def after(self, row: CampaignRow, seq: int) -> AsyncIterator[CampaignEvent | None]:
        """Events after number `seq`, live, until the campaign has ended; None: none for a while."""
        while not self._stopping.is_set():
            async with transaction(self._pool, [row.client_id]) as db:
                # Asked first: what ends in between has its last event among those read next.
                ended = await self._has_ended(db, row)
                found = await db.fetch(
                    """
                    SELECT event FROM campaign_event
                     WHERE client_id = $1 AND campaign_id = $2 AND seq > $3
                     ORDER BY seq
                     LIMIT 1000
                    """,
                    row.client_id,
                    row.campaign_id,
                    seq,
                )
            for one in found:
                event = CampaignEvent.model_validate(one["event"])
                seq = event.seq
                yield event
            if ended and not found:
                return
            if not found:
                yield None
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), POLL_S)

    async def _has_ended(self, db: Connection, row: CampaignRow) -> bool:
        ended: bool = await db.fetchval(
            """
            SELECT finished_at IS NOT NULL FROM campaign
             WHERE client_id = $1 AND campaign_id = $2
            """,
            row.client_id,
            row.campaign_id,
        )
        return ended
