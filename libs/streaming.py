"""Numbered events as server-sent events, which a listener takes up again where it left."""

from collections.abc import AsyncIterable
from typing import Protocol

from aiohttp import web

HEARTBEAT_POLLS = 10


class Event(Protocol):
    """`seq` counts from 1 without gaps."""

    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    def model_dump_json(self) -> str: ...


def last_seen(request: web.Request) -> int:
    """The number in `Last-Event-ID`; 0 without one, or for what is none."""
    last = request.headers.get("Last-Event-ID", "0")
    return int(last) if last.isdecimal() and len(last) < 10 else 0


async def send_events(
    request: web.Request, events: AsyncIterable[Event | None]
) -> web.StreamResponse:
    """Send each event as it comes; None means that there was none for a while."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    quiet = 0
    async for event in events:
        quiet = 0 if event else quiet + 1
        if event:
            text = f"id: {event.seq}\nevent: {event.kind}\ndata: {event.model_dump_json()}\n\n"
            await response.write(text.encode())
        elif quiet % HEARTBEAT_POLLS == 0:
            await response.write(b": still here\n\n")
    await response.write_eof()
    return response
