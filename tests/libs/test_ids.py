"""UUIDv7."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from libs.ids import derived_uuid7, instant_of, uuid7

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_id_carries_its_instant_version_and_variant() -> None:
    identifier = uuid7(NOON)

    assert instant_of(identifier) == NOON
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")


def test_ids_of_the_same_instant_differ() -> None:
    assert len({uuid7(NOON) for _ in range(1000)}) == 1000


def test_later_ids_sort_after_earlier_ones() -> None:
    assert uuid7(NOON) < uuid7(NOON.replace(minute=1)) < uuid7()


def test_other_kinds_of_id_have_no_instant() -> None:
    with pytest.raises(ValueError, match="not a UUIDv7"):
        instant_of(uuid4())


def test_derived_id_is_the_same_for_the_same_content_and_time() -> None:
    digest = bytes(range(32))

    identifier = derived_uuid7(NOON, digest)

    assert identifier == derived_uuid7(NOON, digest)
    assert instant_of(identifier) == NOON
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")
    assert len({derived_uuid7(NOON, digest[:9] + bytes([n])) for n in range(256)}) == 256
