"""Old logs of any size: the ten recorded days, again and again at other times."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

TIMESTAMP = re.compile(rb'(?<="timestamp": ")(\d{4}-[^"\n]+)(?=")')
DAYS = 10
SPREAD = 60
"""Copies side by side, ten days each; further ones are between the lines of these."""


def legacy_log(folder: Path, size_bytes: int) -> Iterator[bytes]:
    """Copies of the logs in `folder`, a chunk each, of at least `size_bytes` in all.

    No line is byte for byte in two copies, but for the corrupt ones.
    """
    written = b"".join(path.read_bytes() for path in sorted(folder.glob("*.jsonl")))
    for number in range(size_bytes // len(written) + 1):
        round_no, place = divmod(number, SPREAD)
        shift = timedelta(days=-DAYS * place, milliseconds=7 * round_no, microseconds=round_no)
        yield TIMESTAMP.sub(partial(_shifted, shift), written)


def _shifted(by: timedelta, found: "re.Match[bytes]") -> bytes:
    at = datetime.fromisoformat(found[1].decode()) + by
    return at.isoformat().encode()
