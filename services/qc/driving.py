"""Brings campaigns and replays to their end, a look at a time.

Each has few analyses in flight, so that nobody stands behind all of it. Each step of a look is a
transaction, and the next look may be anybody's.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import timedelta
from typing import Generic
from uuid import uuid4

import structlog

from libs import telemetry
from libs.postgres import Pool, transaction
from libs.problems import TooMany, Unavailable
from services.qc.driven import Driven, LeaseLost, Row

log = structlog.get_logger()
POLL_S = 0.5
LOOK_LEASE = timedelta(seconds=15)
"""So long one stands still when its driver is killed. Who takes longer to open a file than that
may lose it to another, which then finds the file known."""

PAUSE = timedelta(milliseconds=300)
PAUSE_AFTER_TROUBLE = timedelta(seconds=5)


class Driving(ABC, Generic[Row]):
    """Looks at one at a time, the one that waited longest first."""

    def __init__(self, pool: Pool, driven: Driven[Row]) -> None:
        self._pool = pool
        self._driven = driven
        self._news = asyncio.Event()

    @abstractmethod
    async def look_at(self, row: Row) -> None:
        """Bring it forward as far as it goes now. May raise LeaseLost, TooMany, Unavailable."""

    def wake(self) -> None:
        """One was started or changed: do not wait for the next poll."""
        self._news.set()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self._news.clear()
            looked = False
            try:
                looked = await self.look()
            except Unavailable:
                log.warning("the database is away", waits=self._driven.table)
            except Exception:
                log.exception("cannot look", at=self._driven.table)
            if not looked:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), POLL_S)

    async def look(self) -> bool:
        """Bring one forward; False when none is to be looked at now."""
        async with transaction(self._pool) as db:
            found = await self._driven.claim(db, uuid4(), LOOK_LEASE)
        if found is None:
            return False
        # Outside of the claim: one that this version cannot read holds up no other.
        row = self._driven.row(**found)
        telemetry.begin_request(row.request_id)
        telemetry.bind(client=row.client_id, **{f"{self._driven.table}_id": str(row.key)})
        pause = PAUSE
        try:
            await self.look_at(row)
        except LeaseLost:
            log.info("changed meanwhile")
        except (TooMany, Unavailable) as busy:
            log.warning("goes on later", why=busy.detail)
            pause = PAUSE_AFTER_TROUBLE
        except Exception:
            log.exception("a look broke off")
            pause = PAUSE_AFTER_TROUBLE
        async with transaction(self._pool, [row.client_id]) as db:
            await self._driven.look_again(db, row, pause)
        return True
