"""What the adapters share: a clock, and reading JSON that may be anything."""

import json
import time

import httpx2
from pydantic import JsonValue

Object = dict[str, JsonValue]


def timeout(total_s: float) -> httpx2.Timeout:
    """Limits of single steps; the whole call needs its own limit around it."""
    return httpx2.Timeout(total_s)


def elapsed_ms(started_s: float) -> int:
    """Milliseconds since a reading of `time.monotonic`."""
    return round((time.monotonic() - started_s) * 1000)


def json_object(text: str) -> Object | None:
    """The JSON object in a body, None when it is none. NaN and infinity become null."""
    try:
        document = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def as_object(value: JsonValue) -> Object:
    return value if isinstance(value, dict) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def as_text(value: JsonValue) -> str | None:
    """The text when there is some; None for anything else."""
    return value if isinstance(value, str) and value else None
