"""Ids that carry their time, so that rows sort and partition by it."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

_VERSION_AND_VARIANT = 7 << 76 | 2 << 62
_FREE_BITS = (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)


def uuid7(at: datetime | None = None) -> UUID:
    """A UUIDv7 of now, or of the aware instant `at`.

    48 bits of Unix milliseconds, then 74 random bits. Source: RFC 9562, section 5.7.
    """
    unix_ms = int(at.timestamp() * 1000) if at else time.time_ns() // 1_000_000
    return _uuid7(unix_ms, os.urandom(10))


def derived_uuid7(at: datetime, digest: bytes) -> UUID:
    """The UUIDv7 of the aware instant `at` whose 74 other bits come from the digest's start.

    The same content at the same time always has the same id. `digest` has at least 10 bytes.
    """
    return _uuid7(int(at.timestamp() * 1000), digest[:10])


def _uuid7(unix_ms: int, ten_bytes: bytes) -> UUID:
    return UUID(int=unix_ms << 80 | int.from_bytes(ten_bytes) & _FREE_BITS | _VERSION_AND_VARIANT)


def instant_of(identifier: UUID) -> datetime:
    """The instant in a UUIDv7. Raises ValueError for any other kind of UUID."""
    if identifier.version != 7:
        raise ValueError(f"{identifier} is not a UUIDv7")
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
