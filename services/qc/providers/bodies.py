"""Request bodies whose pictures are shared: encoded once, put in when the bytes leave.

An SDK that is given a picture of a megabyte copies it into its own types, into JSON text and
into bytes, for every call anew. It is given a stand-in of 32 characters instead, and writes
its JSON around that; the transport sends the picture's own base64 in its place. The SDK
stays the official one, and a picture is in memory once, however many calls it goes with.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar

from services.qc.providers.base import Picture

SENDERS = 32

CHUNK_BYTES = 64 << 10
"""Bytes handed on at a time: what a slow connection holds in memory beside the picture."""


class Body:
    """A body in parts; it can be sent more than once, and shares its parts with others."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts
        self.size_bytes = sum(len(part) for part in parts)

    async def __aiter__(self) -> AsyncIterator[bytes | memoryview]:
        for part in self._parts:
            view = memoryview(part)
            for start in range(0, len(view), CHUNK_BYTES):
                yield view[start : start + CHUNK_BYTES]


class Carried:
    """The pictures of one call, and what stands for them in the JSON that an SDK writes.

    `left` is True from the moment at which the body begins to leave: before that, nothing
    can have been billed.
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        # Drawn anew for each call: no text of a creative can be taken for one.
        self._stand_ins = [secrets.token_hex(16) for _ in pictures]
        self._pictures = pictures
        self.left = False
        self.gone: Callable[[], None] = lambda: None

    @property
    def stand_ins(self) -> list[tuple[str, str]]:
        """What stands for each picture's base64, and the picture's type."""
        return [
            (stand_in, picture.mime)
            for picture, stand_in in zip(self._pictures, self._stand_ins, strict=True)
        ]

    @property
    def data_urls(self) -> list[str]:
        return [f"data:{mime};base64,{stand_in}" for stand_in, mime in self.stand_ins]

    def body(self, written: bytes) -> Body:
        """The body with the pictures in it. RuntimeError: an SDK lost or copied one."""
        parts, rest = [], written
        for picture, stand_in in zip(self._pictures, self._stand_ins, strict=True):
            before, found, rest = rest.partition(stand_in.encode())
            if not found or stand_in.encode() in rest:
                raise RuntimeError("the request does not hold each of its pictures once, in order")
            parts += [before, picture.base64]
        return Body([*parts, rest])

    async def chunks(self, body: Body) -> AsyncIterator[bytes | memoryview]:
        """Send a body, and tell when it begins to leave and when it is gone."""
        self.left = True
        async for chunk in body:
            yield chunk
        self.gone()


_CARRIED: ContextVar[Carried | None] = ContextVar("carried", default=None)


class Door:
    """Lets few calls be written and sent at a time; any number may wait for their answers.

    Written all at once, a thousand calls would keep the event loop busy for longer than a
    connection may take, and would time each other out.
    """

    def __init__(self, senders: int = SENDERS) -> None:
        self._free = asyncio.Semaphore(senders)

    @asynccontextmanager
    async def opened_for(self, carried: Carried) -> AsyncIterator[None]:
        """What is sent inside, by whatever SDK, carries these pictures."""
        await self._free.acquire()
        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._free.release()

        carried.gone = leave
        token = _CARRIED.set(carried)
        try:
            yield
        finally:
            _CARRIED.reset(token)
            leave()


def carried_now() -> Carried:
    return _CARRIED.get() or Carried(())
