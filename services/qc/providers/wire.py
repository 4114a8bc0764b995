"""What the adapters share: a connection pool, a clock, and reading JSON that may be anything."""

import json
import time

import httpx2
from pydantic import JsonValue

CONNECT_TIMEOUT_S = 10.0

Object = dict[str, JsonValue]


def http_client(base_url: str) -> httpx2.AsyncClient:
    """A client that follows no redirect; a proxy from the environment never serves loopback.

    Each call has a connection of its own: an answer that came twice over a shared one would be
    taken for that of the next call, with its usage.
    """
    is_loopback = httpx2.URL(base_url).host in ("localhost", "127.0.0.1", "::1")
    return httpx2.AsyncClient(
        follow_redirects=False,
        trust_env=not is_loopback,
        limits=httpx2.Limits(max_connections=100, max_keepalive_connections=0),
    )


def timeout(total_s: float) -> httpx2.Timeout:
    """Limits of single steps; the whole call needs its own limit around it."""
    return httpx2.Timeout(total_s, connect=min(CONNECT_TIMEOUT_S, total_s))


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
