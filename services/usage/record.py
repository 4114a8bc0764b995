"""Recording usage events: what is new is priced and added; many senders share one commit."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from libs.contracts.usage import MAX_EVENTS, ProviderCall, Recorded, UsageEvent
from libs.ids import uuid7
from libs.postgres import CLASHES, Pool, transaction
from libs.problems import Conflict, Unavailable
from services.usage import repository
from services.usage.archived import refuse_archived
from services.usage.domain.pricing import RateCard
from services.usage.rate_card import RateCards
from services.usage.rows import content_sha256, event_row, months_of, priced, row_of
from services.usage.staging import ADD, ADD_NEW, Row, Table, add_rows

log = structlog.get_logger()
ALARMING_STATES = {"unpriced", "suspect"}
WRITERS = 2
PREPARE_EVERY_S = 3_600


class _Sent(NamedTuple):
    """An event, and the hash that tells whether another one has its content."""

    digest: bytes
    event: UsageEvent


@dataclass(slots=True)
class _Batch:
    """What one sender waits for; `size` counts what it sent twice as two."""

    sent: Mapping[UUID, _Sent]
    size: int
    done: "asyncio.Future[Recorded]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def end(self, answer: "Recorded | Exception") -> None:
        if self.done.done():
            return  # the sender has gone; what it sent is recorded all the same
        if isinstance(answer, Recorded):
            self.done.set_result(answer)
        else:
            self.done.set_exception(answer)


class Recorder:
    """Records events in one database. Batches that arrive while others are being written go
    together into the next transaction: a commit costs the same for one as for many.
    """

    def __init__(self, pool: Pool, rate_cards: RateCards, writers: int = WRITERS) -> None:
        self._pool = pool
        self._most_writers = writers
        self._rate_cards = rate_cards
        self._months: set[date] = set()
        self._waiting: deque[_Batch] = deque()
        self._writers: set[asyncio.Task[None]] = set()

    async def record(self, events: Sequence[UsageEvent]) -> Recorded:
        """Add the events that are new; those recorded before count as duplicates.

        Raises Conflict, and stores nothing of the batch, when an id was used before for
        other content, under whichever client: a sender that makes that mistake once may
        have made it in the rest of the batch too.
        """
        batch = _Batch(_by_id(events), len(events))
        self._waiting.append(batch)
        if len(self._writers) < self._most_writers:
            writer = asyncio.create_task(self._write())
            self._writers.add(writer)
        return await batch.done

    async def add_imported(
        self, entries: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
    ) -> set[UUID]:
        """Add rows that an importer made of another tracker's logs; return the ids of new ones.

        Costs are as given. Ids come from the content, so a known id is the same row again.
        """
        days = {row["occurred_at"].date() for row in (*entries, *events)}
        months = {day.replace(day=1) for day in days}
        await self._make_months(months)
        rows: Mapping[Table, Sequence[Row]] = {
            "ledger_entry": [row_of("ledger_entry", row) for row in entries],
            "usage_event": [row_of("usage_event", row) for row in events],
        }
        ids = {row["event_id"] for row in (*entries, *events)}
        try:
            return ids - await self._add_rows(rows, months, ADD_NEW)
        except CLASHES:
            return ids - await self._add_rows(rows, months, ADD)

    async def _add_rows(
        self, rows: Mapping[Table, Sequence[Row]], months: set[date], by: Mapping[Table, str]
    ) -> set[UUID]:
        async with transaction(self._pool) as db:
            await refuse_archived(db, months)
            return await add_rows(db, rows, uuid7(), by)

    async def prepare(self, now: datetime) -> None:
        """Make the partitions of this month and the next, before anybody waits for them."""
        await self._make_months(months_of({uuid7(now), uuid7(now + timedelta(days=31))}))

    async def keep_prepared(self) -> None:
        """Prepare now and every hour, until cancelled: who runs over a month's end has the next."""
        while True:
            try:
                await self.prepare(datetime.now(UTC))
            except Unavailable as error:
                log.warning("the next month waits", why=error.detail)
            await asyncio.sleep(PREPARE_EVERY_S)

    async def _write(self) -> None:
        """Until nobody waits. Its place is free in the same step: who comes next must find it."""
        writer = asyncio.current_task()
        try:
            while self._waiting:
                await self._write_taken(self._take())
        finally:
            self._writers.difference_update({writer})

    async def _write_taken(self, batches: Sequence[_Batch]) -> None:
        try:
            await self._write_together(batches)
        except Exception as error:
            for batch in batches:
                batch.end(error)

    def _take(self) -> list[_Batch]:
        """The batches that fit into one transaction: at least one, whatever its size."""
        taken = [self._waiting.popleft()]
        size = taken[0].size
        while self._waiting and size + self._waiting[0].size <= MAX_EVENTS:
            size += self._waiting[0].size
            taken.append(self._waiting.popleft())
        return taken

    async def _write_together(self, batches: Sequence[_Batch]) -> None:
        """One transaction for all; when an id is reused, one for each, so that none suffers."""
        try:
            new = await self._commit(batches)
        except Conflict as error:
            if len(batches) == 1:
                batches[0].end(error)
                return
            for batch in batches:
                await self._write_together([batch])
            return
        for batch in batches:
            accepted = new & set(batch.sent)
            new -= accepted  # sent by two at once: the first has added it
            batch.end(Recorded(accepted=len(accepted), duplicates=batch.size - len(accepted)))

    async def _commit(self, batches: Sequence[_Batch]) -> set[UUID]:
        """Add what is new of the batches; return its ids. Raises Conflict for a reused id."""
        sent = _merged(batches)
        months = months_of(sent)
        await self._make_months(months)
        try:
            return await self._add(dict(sent), months, ADD_NEW)
        except CLASHES:  # one of them was added by a transaction that ended just now
            return await self._add(sent, months, ADD)

    async def _add(
        self, sent: dict[UUID, _Sent], months: set[date], by: Mapping[Table, str]
    ) -> set[UUID]:
        async with transaction(self._pool) as db:
            await refuse_archived(db, months)
            known = await repository.recorded_hashes(db, list(sent))
            _refuse_reused_ids(sent, known)
            card = await self._rate_cards.current(db)
            for event_id, _ in known:
                sent.pop(event_id, None)
            beaten = await add_rows(db, _rows(sent.values(), card), uuid7(), by)
            if beaten:
                _refuse_reused_ids(sent, await repository.recorded_hashes(db, list(beaten)))
        return set(sent) - beaten

    async def _make_months(self, wanted: Set[date]) -> None:
        months = wanted - self._months
        if months:
            async with transaction(self._pool) as db:
                await repository.make_months(db, sorted(months))
        self._months |= months


def _rows(sent: Iterable[_Sent], card: RateCard) -> Mapping[Table, Sequence[Row]]:
    """The rows of events, priced; says which prices are in doubt."""
    calls: list[Row] = []
    others: list[Row] = []
    doubts: Counter[tuple[str, str, str]] = Counter()
    for digest, event in sent:
        if isinstance(event, ProviderCall):
            entry = priced(event, card, digest)
            calls.append(entry.row)
            if entry.state in ALARMING_STATES:
                doubts[entry.state, entry.provider, entry.model] += 1
        else:
            others.append(event_row(event, digest))
    for (state, provider, model), count in doubts.items():
        log.warning(f"{state} calls", calls=count, provider=provider, model=model)
    return {"ledger_entry": calls, "usage_event": others}


def _merged(batches: Iterable[_Batch]) -> dict[UUID, _Sent]:
    """What all of them sent. Raises Conflict when one contradicts another."""
    merged: dict[UUID, _Sent] = {}
    for batch in batches:
        both = set(merged) & set(batch.sent)
        _refuse_reused_ids(batch.sent, ((event_id, merged[event_id].digest) for event_id in both))
        merged |= batch.sent
    return merged


def _by_id(events: Iterable[UsageEvent]) -> dict[UUID, _Sent]:
    """Raises Conflict when events contradict each other."""
    sent: dict[UUID, _Sent] = {}
    for event in events:
        digest = content_sha256(event)
        if sent.setdefault(event.event_id, _Sent(digest, event)).digest != digest:
            raise _reused(event.event_id)
    return sent


def _refuse_reused_ids(sent: Mapping[UUID, _Sent], recorded: Iterable[tuple[UUID, bytes]]) -> None:
    for event_id, digest in recorded:
        if event_id in sent and sent[event_id].digest != digest:
            raise _reused(event_id)


def _reused(event_id: UUID) -> Conflict:
    return Conflict(
        "event_id_reused",
        f"Event {event_id} was sent with other content before. Nothing of this batch was "
        "stored: give the event an id of its own, or leave it out.",
    )
