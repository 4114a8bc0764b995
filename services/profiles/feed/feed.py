"""The change feed: the rows of the audit, told in order to whoever listens.

One task of the process looks for news, and only while somebody listens. Each listener then
reads what it may see itself, up to the horizon, so that nothing is lost and nothing comes twice
however the transactions commit.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from libs.contracts.feed import ProfileEvent
from libs.postgres import Pool, transaction
from libs.problems import TooMany, Unavailable
from services.profiles.domain.horizon import Horizon
from services.profiles.feed import rows

log = structlog.get_logger()

POLL_S = 0.5
SILENCE_S = 1.0
MAX_LISTENERS = 200
AT_ONCE = 500
LIFE_S = 900.0
"""A stream ends then, and its listener comes back with the rights that it has by that time."""


class Feed:
    def __init__(self, pool: Pool, max_listeners: int = MAX_LISTENERS) -> None:
        self._pool = pool
        self._max_listeners = max_listeners
        self._listeners = 0
        self._horizon = Horizon()
        self._looked = asyncio.Condition()
        self._wanted = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Look for news for as long as somebody listens; never ends by itself."""
        while True:
            await self._wanted.wait()
            try:
                await self._look()
            except Unavailable as error:
                log.warning("the change feed cannot look for news", why=error.detail)
            await asyncio.sleep(POLL_S)

    def stop(self) -> None:
        """End every stream, so that the service can end; listeners take it up elsewhere."""
        self._stopping = True

    async def listen(
        self, clients: tuple[str, ...] | None, after: int | None
    ) -> AsyncGenerator[ProfileEvent | None, None]:
        """`ready`, then the events after number `after`, or from now on; None in a silence.

        A number that was never drawn, as after an older backup was restored, means from now
        on too: `ready` then has a lower one. Raises TooMany, and Unavailable when it is not
        known where "now" is because older changes are still being written.
        """
        async with self._listening():
            position = await self._start(after)
            yield ProfileEvent(seq=position, kind="ready")
            ends_at = _now() + LIFE_S
            while not self._stopping and _now() < ends_at:
                until = self._horizon.settled or 0
                found = await self._read(clients, position, until)
                for event in found:
                    yield event
                if len(found) == AT_ONCE:
                    position = found[-1].seq
                    continue
                position = max(position, until)
                if not found:
                    yield None
                await self._news(position)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        if self._listeners >= self._max_listeners:
            raise TooMany(
                "too_many_listeners", "Too many listen to the change feed; try again later.", 30
            )
        self._listeners += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._wanted.clear()

    async def _start(self, after: int | None) -> int:
        """Where a listener begins: looked up afresh, or what was settled long ago would count."""
        newest = await self._look()
        if after is not None and after <= newest:
            return after
        for _ in range(10):
            if self._horizon.settled is not None:
                return self._horizon.settled
            await asyncio.sleep(POLL_S)
            await self._look()
        raise Unavailable("busy_feed", "Changes are being written; try again in a moment.", 2)

    async def _look(self) -> int:
        async with transaction(self._pool) as db:
            newest, oldest_running, next_id = await rows.look(db)
        async with self._looked:
            self._horizon.observe(newest, oldest_running, next_id)
            self._looked.notify_all()
        return newest

    async def _read(
        self, clients: tuple[str, ...] | None, after: int, until: int
    ) -> list[ProfileEvent]:
        if until <= after:
            return []
        async with transaction(self._pool, clients) as db:
            return await rows.events(db, after, until, AT_ONCE)

    async def _news(self, position: int) -> None:
        """Wait for the horizon to move past `position`, for as long as a silence may be."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SILENCE_S), self._looked:
                await self._looked.wait_for(lambda: (self._horizon.settled or 0) > position)


def _now() -> float:
    return asyncio.get_running_loop().time()
