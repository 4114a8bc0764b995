"""What the ledger keeps of an event: its row, its price and the hash that tells it from others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from libs.contracts.usage import ProviderCall, UsageEvent
from services.usage.domain.cost import COMPONENTS, cost_of_call
from services.usage.domain.pricing import RateCard
from services.usage.staging import EVENT, SENT_ENTRY, STAGES, Row, Table

UNKNOWN = "unknown"
UUIDV7 = 7
UNITS_A_DAY = 86_400_000 << 80
"""An id's first 48 bits are milliseconds since 1970."""
EPOCH = date(1970, 1, 1)
PARTITIONED_DAYS = range((date(2020, 1, 1) - EPOCH).days, (date(2100, 1, 1) - EPOCH).days)
"""From 2020 to 2100: months that may have partitions."""


class Priced(NamedTuple):
    """An entry's row, and what a person may have to look at."""

    row: Row
    state: str
    provider: str
    model: str


_as_sent = itemgetter(*SENT_ENTRY)
NO_PARTS = (None,) * len(COMPONENTS)


def priced(call: ProviderCall, card: RateCard, digest: bytes) -> Priced:
    """The row of one attempt, in the order of `ENTRY`, with its cost by the prices of `card`."""
    cost = cost_of_call(call, card)
    total = call.total_tokens
    model = call.model_served or call.model_requested
    provider, _, service_tier = card.kind(call.provider, model, call.service_tier)
    row = (
        *_as_sent(vars(call)),
        array_text(call.check_ids),
        user_key(call.user_id, call.user_email),
        digest,
        provider,
        service_tier,
        call.input_tokens + call.output_tokens if total is None else total,
        _number(call.fill_percentage),
        _json(call.tool_calls),
        _json(call.modality_tokens),
        _json(call.raw_usage),
        cost.state,
        cost.price_id,
        _number(cost.usd),
        *(map(str, cost.parts) if cost.parts else NO_PARTS),
        _number(cost.ceiling_usd),
    )
    return Priced(row, cost.state, provider, model)


def event_row(event: UsageEvent, digest: bytes) -> Row:
    """The row of any other event, in the order of `EVENT`."""
    values = {
        **dict.fromkeys(EVENT),
        **vars(event),
        "user_key": user_key(event.user_id, event.user_email),
        "content_sha256": digest,
        "details": _json(getattr(event, "details", {})),
    }
    return row_of("usage_event", values)


def user_key(user_id: str, user_email: str) -> str:
    """What reports call a person: the id, else the address, else unknown."""
    return user_id if user_id != UNKNOWN else user_email or UNKNOWN


def _number(number: float | Decimal | None) -> str | None:
    """The number as it was written: the shortest text of a float, not its binary value."""
    return None if number is None else str(number)


def _json(value: Mapping[str, Any]) -> str:
    return to_json(value).decode() if value else "{}"


def content_sha256(event: UsageEvent) -> bytes:
    """The same for what means the same: order of keys, time zones and defaults do not count.

    The contract has brought keys into order and instants to UTC. Defaults are left out so
    that a field which a later version adds does not turn old events, sent again, into other
    ones. The bytes are those of `model_dump_json`, which would make text of them first.
    """
    json = event.__pydantic_serializer__.to_json(event, exclude_defaults=True)
    return sha256(json).digest()


def months_of(event_ids: Iterable[UUID]) -> set[date]:
    """The first day of each id's month; as `month_of` in the database, which has 1970 for none.

    Partitions are cut by the ids' first 48 bits, whatever kind of UUID they begin.
    """
    numbers = [event_id.int for event_id in event_ids]
    days = {(bits // UNITS_A_DAY, bits >> 76 & 0xF == UUIDV7) for bits in numbers}
    return {month for day, is_uuid7 in days if (month := _month(day, is_uuid7))}


def _month(day: int, is_uuid7: bool) -> date | None:
    """Of a day that is counted from the first of 1970."""
    if not is_uuid7 and day not in PARTITIONED_DAYS:
        return None
    try:
        return (EPOCH + timedelta(days=day)).replace(day=1)
    except OverflowError:
        return None


def row_of(table: Table, values: Mapping[str, Any]) -> Row:
    """The row of values by their names: all of them, also the user key, and JSON as its text."""
    row = list(_values[table](values))
    for place, text_of in _texts[table]:
        value = row[place]
        if value is not None:
            row[place] = text_of(value)
    return row


def array_text(texts: Sequence[str]) -> str:
    """How PostgreSQL writes a text[]."""
    quoted = '","'.join(texts)
    if "\\" in quoted or quoted.count('"') != 2 * (len(texts) - 1):
        quoted = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return '{"' + quoted + '"}' if texts else "{}"


_TEXT_OF: Mapping[str, Callable[[Any], str]] = {"numeric": str, "text[]": array_text}
_values = {table: itemgetter(*names) for table, names in STAGES.items()}
_texts = {
    table: [(n, _TEXT_OF[kind]) for n, kind in enumerate(kinds.values()) if kind in _TEXT_OF]
    for table, kinds in STAGES.items()
}
