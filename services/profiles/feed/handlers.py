"""HTTP of the change feed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

from aiohttp import web
from pydantic import Field

from libs.contracts.common import Request
from libs.contracts.feed import ProfileEvent
from libs.streaming import send_events
from libs.web import ACTOR
from services.profiles.access import readable
from services.profiles.feed.feed import Feed
from services.profiles.handlers import POOL

FEED: web.AppKey[Feed] = web.AppKey("feed")
MAX_DIGITS = 18


class FeedQuery(Request):
    after: int | None = Field(
        default=None, ge=0, lt=10**MAX_DIGITS, description="Like Last-Event-ID, which counts first."
    )


async def get_profile_events(request: web.Request, query: FeedQuery) -> web.StreamResponse:
    """What happens in the registry, as server-sent events; goes on after `Last-Event-ID`."""
    last = request.headers.get("Last-Event-ID", "")
    after = int(last) if last.isdecimal() and len(last) <= MAX_DIGITS else query.after
    async with aclosing(request.app[FEED].listen(readable(request[ACTOR]), after)) as events:
        ready = await anext(events)  # a refusal comes before the answer has begun
        return await send_events(request, _all(ready, events))


async def _all(
    first: ProfileEvent | None, rest: AsyncIterator[ProfileEvent | None]
) -> AsyncIterator[ProfileEvent | None]:
    yield first
    async for event in rest:
        yield event


async def open_feed(app: web.Application) -> AsyncIterator[None]:
    """The feed looks for news as long as the app lives."""
    app[FEED] = Feed(app[POOL])
    looking = asyncio.create_task(app[FEED].run())
    yield
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking


async def end_streams(app: web.Application) -> None:
    """Before the connections are waited for."""
    app[FEED].stop()
