"""Ids that a dry run has seen: of a gigabyte of logs there are millions."""

from collections import defaultdict
from uuid import UUID

MARK_BYTES = 8
SHELF_BYTES = 2


class Seen:
    """Takes a dozen bytes for an id, where a set of them takes 150.

    Only the part of the id that comes from the content is kept. One that begins in the middle
    of another's would be taken for seen: less likely than two contents with the same id.
    """

    def __init__(self) -> None:
        self._shelves: defaultdict[bytes, bytearray] = defaultdict(bytearray)

    def __contains__(self, identifier: UUID) -> bool:
        mark = identifier.bytes[-MARK_BYTES:]
        return mark in self._shelves[mark[-SHELF_BYTES:]]

    def add(self, identifier: UUID) -> None:
        mark = identifier.bytes[-MARK_BYTES:]
        self._shelves[mark[-SHELF_BYTES:]] += mark
