"""What a provider says of itself, made fit to be kept: the ledger must never refuse an event."""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from services.qc.domain.answer import clean

MAX_LABEL_CHARS = 200
MAX_BLOCK_CHARS = 20_000
MAX_DEPTH = 20
MAX_TOOLS = 50
MAX_COUNT = 1_000_000
NOT_KEPT: dict[str, JsonValue] = {"not_kept": "the block holds what cannot be stored"}


def label(text: str | None) -> str | None:
    """A name in one short printable line; None when nothing of it is left."""
    return clean(text, MAX_LABEL_CHARS) or None if text else None


def storable(block: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The block as it is, or a mark in its place.

    JSON can hold what Postgres and the ledger's contract cannot: NUL, lone surrogates, numbers
    beyond a float, endless nesting. The counts were read from it before.
    """
    try:
        text = json.dumps(block, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return dict(NOT_KEPT)
    if len(text) > MAX_BLOCK_CHARS or "\\u0000" in text or _depth(dict(block)) > MAX_DEPTH:
        return dict(NOT_KEPT)
    return dict(block)


def tool_counts(calls: Mapping[str, int]) -> dict[str, int]:
    """Calls by tool; names that come out alike are added up."""
    counts: dict[str, int] = {}
    for name, count in list(calls.items())[:MAX_TOOLS]:
        known = label(name) or "unnamed"
        counts[known] = min(counts.get(known, 0) + max(count, 0), MAX_COUNT)
    return counts


def _depth(value: JsonValue) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(item) for item in inner), default=0)
