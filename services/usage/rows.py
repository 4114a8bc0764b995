"""What the ledger keeps of an event: its row, its price and the hash that tells it from others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from operator import attrgetter
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from libs.contracts.usage import ProviderCall, UsageEvent
from services.usage.domain.cost import cost_of_call
from services.usage.domain.pricing import RateCard
from services.usage.staging import ENTRY, EVENT, SENT_ENTRY, Row, Table

UNKNOWN = "unknown"
COMPONENTS = ("input", "cached_input", "cache_write", "output")
A_CALL = ("call", 1, None, False, None)
"""origin, calls, adjusts, settles, rerate_id of what is neither correction nor import."""
UUIDV7 = 7
PARTITIONED_MS = (1_577_836_800_000, 4_102_444_800_000)
"""From 2020 to 2100: months that may have partitions."""
FREE_FORM = {"details", "raw_usage", "tool_calls", "modality_tokens"}


@dataclass(frozen=True, slots=True)
class Priced:
    """An entry's row, and what a person may have to look at."""

    row: Row
    state: str
    provider: str
    model: str


_as_sent = attrgetter(*SENT_ENTRY)


def priced(call: ProviderCall, card: RateCard, digest: bytes) -> Priced:
    """The row of one attempt, in the order of `ENTRY`, with its cost by the prices of `card`."""
    cost = cost_of_call(call, card)
    parts = cost.components
    total = call.total_tokens
    provider = card.provider(call.provider)
    row = (
        *_as_sent(call),
        user_key(call.user_id, call.user_email),
        digest,
        provider,
        card.service_tier(call.provider, call.service_tier),
        call.input_tokens + call.output_tokens if total is None else total,
        _decimal(call.fill_percentage),
        _json(call.tool_calls),
        _json(call.modality_tokens),
        _json(call.raw_usage),
        cost.state,
        cost.price_id,
        cost.usd,
        *(parts.get(kind) for kind in COMPONENTS),
        cost.ceiling_usd,
        *A_CALL,
    )
    return Priced(row, cost.state, provider, call.model_served or call.model_requested)


def event_row(event: UsageEvent, digest: bytes) -> Row:
    """The row of any other event, in the order of `EVENT`."""
    values = {
        **vars(event),
        "user_key": user_key(event.user_id, event.user_email),
        "content_sha256": digest,
        "overall_score": _decimal(getattr(event, "overall_score", None)),
        "details": _json(getattr(event, "details", {})),
    }
    return [values.get(name) for name in EVENT]


def given_row(table: Table, values: Mapping[str, Any]) -> Row:
    """The row of values that somebody else put together, as the importer of old logs does.

    All of them are given, also the user key, and JSON as its text.
    """
    return [values[name] for name in (ENTRY if table == "ledger_entry" else EVENT)]


def user_key(user_id: str, user_email: str) -> str:
    """What reports call a person: the id, else the address, else unknown."""
    return user_id if user_id != UNKNOWN else user_email or UNKNOWN


def _decimal(number: float | None) -> Decimal | None:
    """The number that was written: the shortest text of a float, not its binary value."""
    return None if number is None else Decimal(repr(number))


def _json(value: Mapping[str, Any]) -> str:
    return to_json(value).decode() if value else "{}"


def content_sha256(event: UsageEvent) -> bytes:
    """The same for what means the same: order of keys, time zones and defaults do not count.

    Defaults are left out so that a field which a later version adds does not turn old
    events, sent again, into other ones.
    """
    defaults = _defaults(type(event))
    said = {name: value for name, value in vars(event).items() if value != defaults[name]}
    for name in FREE_FORM & said.keys():
        said[name] = _ordered(said[name])
    return sha256(to_json(said)).digest()


@cache
def _defaults(kind: type[UsageEvent]) -> Mapping[str, Any]:
    return {name: field.default for name, field in kind.model_fields.items()}


def _ordered(value: Any) -> Any:
    """The same JSON value with the keys of its objects in order."""
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def months_of(event_ids: Iterable[UUID]) -> set[date]:
    """The first day of each id's month; as `month_of` in the database, which has 1970 for none.

    Partitions are cut by the ids' first 48 bits, whatever kind of UUID they begin.
    """
    return {month for event_id in event_ids if (month := _month(event_id))}


def _month(event_id: UUID) -> date | None:
    unix_ms, version = event_id.int >> 80, event_id.int >> 76 & 0xF
    if version != UUIDV7 and not PARTITIONED_MS[0] <= unix_ms < PARTITIONED_MS[1]:
        return None
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC).date().replace(day=1)
    except (ValueError, OverflowError, OSError):
        return None
