"""Values of old logs: what is missing has a default, what makes no sense is refused by name."""

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic_core import to_json

from libs.contracts.usage import MAX_KEY_BYTES

UNKNOWN = "unknown"
MAX_COUNT = 2_000_000_000
MAX_TEXT = 300
MAX_PLACES = 100
MAX_USD = Decimal(999_999)
DAY_CHARACTERS = len("2026-01-26")
YEARS = range(2000, 2100)


class Unreadable(ValueError):
    """Why a line or row is left out. The same reason has the same words, so that all can be
    counted; `detail` is about this one only.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def text(value: object, name: str, default: str = UNKNOWN) -> str:
    """The words of a field; a field that is missing, null or blank has the default."""
    if value is None:
        return default
    if not isinstance(value, str):
        if type(value) is not int:
            raise Unreadable(f"{name} is no text")
        value = str(value)
    if len(value) > MAX_TEXT:
        raise Unreadable(f"{name} has more than {MAX_TEXT} characters")
    if not value.isascii() and len(value.encode(errors="replace")) > MAX_KEY_BYTES:
        raise Unreadable(f"{name} has more than {MAX_KEY_BYTES} bytes")
    if "\x00" in value:
        raise Unreadable("NUL character, which cannot be stored")
    return value if value.strip() else default


def count(value: object, name: str) -> int | None:
    """A whole number from 0; None when it is missing."""
    if value is None:
        return None
    if type(value) is Decimal and value == value.to_integral_value():
        value = int(value) if value.adjusted() < len(str(MAX_COUNT)) else -1
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        raise Unreadable(f"{name} is no whole number from 0 to {MAX_COUNT:,}")
    return value


def number(value: object, name: str, limit: Decimal) -> Decimal | None:
    """A number from 0 to the limit with the digits that were written; None when missing."""
    if value is None:
        return None
    if type(value) is not Decimal and type(value) is not int:
        raise Unreadable(f"{name} is no number")
    exact = Decimal(value)
    if not 0 <= exact <= limit:
        raise Unreadable(f"{name} is not between 0 and {limit:,}")
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_PLACES:
        raise Unreadable(f"{name} has more than {MAX_PLACES} decimal places")
    return exact


def instant(value: object) -> datetime:
    """When it happened, in UTC; a time without a zone is UTC."""
    if not isinstance(value, str):
        raise Unreadable("no timestamp")
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            at = at.astimezone(UTC)
        elif len(value) > DAY_CHARACTERS:
            at = datetime.fromisoformat(f"{value}Z")  # a quarter of what replace takes
        else:
            at = at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unreadable("timestamp is no ISO 8601 time") from None
    if at.year not in YEARS:
        raise Unreadable("timestamp is not in this century")
    return at


def mapping(value: object, name: str) -> Mapping[str, Any]:
    """The members of an object; a missing one has none."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is no object")
    return value


def rest(line: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """What a line says beyond the known names."""
    return {name: value for name, value in line.items() if name not in known}


def json_text(said: Mapping[str, Any]) -> str:
    """The JSON of what was read as JSON.

    Raises Unreadable for a number such as 1e400: it is valid, but becomes infinity, of which
    no JSON can be made.
    """
    written = to_json(said, inf_nan_mode="constants").decode()
    if "Infinity" in written and not all(map(math.isfinite, _floats(said))):
        raise Unreadable("a number is too large to be kept")
    return written


def _floats(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _floats(item)
    elif isinstance(value, list):
        for item in value:
            yield from _floats(item)
    elif isinstance(value, float):
        yield value


def refuse_nul(value: object) -> None:
    """Raise for the one character that Postgres cannot keep, wherever it stands."""
    if isinstance(value, dict):
        for name, item in value.items():
            refuse_nul(name)
            refuse_nul(item)
    elif isinstance(value, list):
        for item in value:
            refuse_nul(item)
    elif isinstance(value, str) and "\x00" in value:
        raise Unreadable("NUL character, which cannot be stored")
