"""Recording usage events: price each provider call, then add what is new, all or nothing."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import structlog

from libs.contracts.usage import ProviderCall, Recorded, UsageEvent
from libs.ids import instant_of, uuid7
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict
from services.usage import repository
from services.usage.domain.cost import Cost, cost_of_call
from services.usage.domain.pricing import RateCard
from services.usage.rate_card import RateCards

log = structlog.get_logger()
COMPONENTS = ("input", "cached_input", "cache_write", "output")
FREE_FORM = {"details", "raw_usage", "tool_calls"}
ALARMING_STATES = {"unpriced", "suspect"}


class Recorder:
    """Records events in one database; knows which months have their partitions."""

    def __init__(self, pool: Pool, rate_cards: RateCards) -> None:
        self._pool = pool
        self._rate_cards = rate_cards
        self._months: set[date] = set()

    async def record(self, events: Sequence[UsageEvent]) -> Recorded:
        """Add the events that are new; those recorded before count as duplicates.

        Raises Conflict, and stores nothing of the batch, when an id was used before for
        other content, under whichever client: a sender that makes that mistake once may
        have made it in the rest of the batch too.
        """
        hashes = _content_hashes(events)
        await self._make_months(hashes)
        async with transaction(self._pool) as db:
            card = await self._rate_cards.current(db)
            added = await _add(db, _once_each(events), hashes, card)
            _refuse_reused_ids(hashes, await repository.recorded_hashes(db, list(hashes)))
        return Recorded(accepted=added, duplicates=len(events) - added)

    async def prepare(self, now: datetime) -> None:
        """Make the partitions of this month and the next, before anybody waits for them."""
        await self._make_months({uuid7(now), uuid7(now + timedelta(days=31))})

    async def _make_months(self, event_ids: Iterable[UUID]) -> None:
        months = {month for event_id in event_ids if (month := _month(event_id))} - self._months
        if months:
            async with transaction(self._pool) as db:
                await repository.make_months(db, sorted(months))
        self._months |= months


async def _add(
    db: Connection, events: Iterable[UsageEvent], hashes: Mapping[UUID, bytes], card: RateCard
) -> int:
    calls, others = [], []
    doubts: Counter[tuple[str, str, str]] = Counter()
    for event in events:
        if isinstance(event, ProviderCall):
            cost = cost_of_call(event, card)
            calls.append(_entry_row(event, cost, card, hashes[event.event_id]))
            doubts[cost.state, event.provider, event.model_served or event.model_requested] += 1
        else:
            others.append(_event_row(event, hashes[event.event_id]))
    _warn(doubts)
    added = await repository.add_rows(db, "ledger_entry", calls) if calls else 0
    return added + (await repository.add_rows(db, "usage_event", others) if others else 0)


def _once_each(events: Iterable[UsageEvent]) -> Iterable[UsageEvent]:
    return {event.event_id: event for event in events}.values()


def _content_hashes(events: Iterable[UsageEvent]) -> dict[UUID, bytes]:
    """The hash of each event's content. Raises Conflict when the batch contradicts itself."""
    hashes: dict[UUID, bytes] = {}
    for event in events:
        digest = content_sha256(event)
        if hashes.setdefault(event.event_id, digest) != digest:
            raise _reused(event.event_id)
    return hashes


def content_sha256(event: UsageEvent) -> bytes:
    """The same for what means the same: order of keys, time zones and defaults do not count.

    Defaults are left out so that a field which a later version adds does not turn old
    events, sent again, into other ones.
    """
    fields = event.model_dump_json(exclude_defaults=True, exclude=FREE_FORM)
    free_form = {name: value for name in FREE_FORM if (value := getattr(event, name, None))}
    return sha256((fields + json.dumps(free_form, sort_keys=True)).encode()).digest()


def _refuse_reused_ids(
    hashes: Mapping[UUID, bytes], recorded: Iterable[tuple[UUID, bytes]]
) -> None:
    for event_id, digest in recorded:
        if hashes[event_id] != digest:
            raise _reused(event_id)


def _reused(event_id: UUID) -> Conflict:
    return Conflict(
        "event_id_reused",
        f"Event {event_id} was sent with other content before. Nothing of this batch was "
        "stored: give the event an id of its own, or leave it out.",
    )


def _month(event_id: UUID) -> date | None:
    """The first day of the month in a UUIDv7; None for any other id."""
    try:
        return instant_of(event_id).date().replace(day=1)
    except (ValueError, OverflowError, OSError):
        return None


def _entry_row(call: ProviderCall, cost: Cost, card: RateCard, digest: bytes) -> repository.Row:
    total = call.input_tokens + call.output_tokens
    return vars(call) | {
        "provider": card.provider(call.provider),
        "service_tier": card.service_tier(call.provider, call.service_tier),
        "total_tokens": total if call.total_tokens is None else call.total_tokens,
        "state": cost.state,
        "price_id": cost.price_id,
        "cost_usd": cost.usd,
        "cost_ceiling_usd": cost.ceiling_usd,
        **{f"{kind}_cost_usd": cost.components.get(kind) for kind in COMPONENTS},
        "content_sha256": f"\\x{digest.hex()}",
    }


def _event_row(event: UsageEvent, digest: bytes) -> repository.Row:
    return {"details": {}} | vars(event) | {"content_sha256": f"\\x{digest.hex()}"}


def _warn(calls: Counter[tuple[str, str, str]]) -> None:
    for (state, provider, model), count in calls.items():
        if state in ALARMING_STATES:
            log.warning(f"{state} calls", calls=count, provider=provider, model=model)
