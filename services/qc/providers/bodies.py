"""Request bodies whose pictures are shared: encoded once, put in when the bytes leave.

An SDK that is given a picture of a megabyte copies it into its own types, into JSON text and
into bytes, for every call anew. It is given a stand-in of 32 characters instead, and writes
its JSON around that; the transport sends the picture's own base64 in its place. The SDK
stays the official one, and a picture is in memory once, however many calls it goes with.
"""

import base64
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from services.qc.providers.base import Picture

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

    @property
    def data_urls(self) -> list[str]:
        return [
            f"data:{picture.mime};base64,{stand_in}"
            for picture, stand_in in zip(self._pictures, self._stand_ins, strict=True)
        ]

    @property
    def blobs(self) -> list[tuple[bytes, str]]:
        """Bytes whose base64, in either alphabet, is the stand-in; and the picture's type."""
        return [
            (base64.b64decode(stand_in), picture.mime)
            for picture, stand_in in zip(self._pictures, self._stand_ins, strict=True)
        ]

    def body(self, written: bytes) -> Body:
        """The body with the pictures in it. RuntimeError: an SDK lost or copied one."""
        parts, rest = [], written
        for picture, stand_in in zip(self._pictures, self._stand_ins, strict=True):
            before, found, rest = rest.partition(stand_in.encode())
            if not found or stand_in.encode() in rest:
                raise RuntimeError("the request does not hold each of its pictures once, in order")
            parts += [before, picture.base64]
        return Body([*parts, rest])


_CARRIED: ContextVar[Carried | None] = ContextVar("carried", default=None)


@contextmanager
def carrying(pictures: Sequence[Picture]) -> Iterator[Carried]:
    """What is sent inside, by whatever SDK, carries these pictures."""
    carried = Carried(pictures)
    token = _CARRIED.set(carried)
    try:
        yield carried
    finally:
        _CARRIED.reset(token)


def carried_now() -> Carried:
    return _CARRIED.get() or Carried(())
