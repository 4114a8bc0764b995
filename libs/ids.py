"""Ids that carry their time, so that rows sort and partition by it."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def uuid7(at: datetime | None = None) -> UUID:
    """A UUIDv7 of now, or of the aware instant `at`.

    48 bits of Unix milliseconds, then 74 random bits. Source: RFC 9562, section 5.7.
    """
    unix_ms = int(at.timestamp() * 1000) if at else time.time_ns() // 1_000_000
    value = unix_ms << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return UUID(int=value)


def instant_of(identifier: UUID) -> datetime:
    """The instant in a UUIDv7. Raises ValueError for any other kind of UUID."""
    if identifier.version != 7:
        raise ValueError(f"{identifier} is not a UUIDv7")
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
