"""Numbered steps of an analysis: stored, then told to whoever listens.

The rows are the truth. A listener in this process is woken at once, one in another process
finds the rows at its next poll, and one that comes back goes on after the last number it saw.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from libs.contracts.qc import ProgressEvent
from libs.postgres import Connection, Pool, transaction
from services.qc import repository

POLL_S = 1.0


class Progress:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._news: dict[UUID, asyncio.Event] = defaultdict(asyncio.Event)
        self._stopping = False

    async def add(
        self, db: Connection, client_id: str, analysis_id: UUID, *events: ProgressEvent
    ) -> None:
        """Append `events` in the caller's transaction; call `tell` after the commit."""
        await repository.add_progress(db, client_id, events, analysis_id)

    def tell(self, analysis_id: UUID) -> None:
        if news := self._news.pop(analysis_id, None):
            news.set()

    def stop(self) -> None:
        """End every stream, so that the service can end; listeners take it up elsewhere."""
        self._stopping = True
        for analysis_id in list(self._news):
            self.tell(analysis_id)

    async def after(
        self, client_id: str, analysis_id: UUID, seq: int
    ) -> AsyncIterator[ProgressEvent | None]:
        """Events after number `seq`, live, until the last; None when there was none for a while.

        Ends at once when `seq` is the last already, as when a browser connects again.
        """
        while not self._stopping:
            news = self._news[analysis_id]
            async with transaction(self._pool, [client_id]) as db:
                # Asked first: what ends in between has its last event among those read next.
                ended = await repository.has_ended(db, client_id, analysis_id)
                events = await repository.progress_after(db, client_id, analysis_id, seq)
            for event in events:
                seq = event.seq
                yield event
                if event.kind == "finished":
                    return
            if ended and not events:
                self._news.pop(analysis_id, None)
                return
            if not events:
                yield None
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), POLL_S)
