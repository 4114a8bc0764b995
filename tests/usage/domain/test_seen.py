"""Remembering ids in little memory."""

import tracemalloc
from hashlib import sha256

from libs.ids import derived_uuid7
from services.usage.domain.seen import Seen
from tests.usage.factories import NOON


def test_what_was_added_is_seen_and_nothing_else_in_a_few_bytes_each() -> None:
    count = 200_000
    ids = [derived_uuid7(NOON, sha256(b"%d" % number).digest()) for number in range(2 * count)]
    tracemalloc.start()

    seen = Seen()
    for identifier in ids[:count]:
        seen.add(identifier)

    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(identifier in seen for identifier in ids[:count])
    assert not any(identifier in seen for identifier in ids[count:])
    assert taken < 80 * count
