"""The audit as people read it: filtered, in words, in pages or whole."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from libs.actor import require, visible_clients
from libs.contracts.access import Action, Actor
from libs.contracts.audit import AuditEntry, AuditPage, AuditQuery
from libs.contracts.diff import Difference
from libs.postgres import Pool, Record, transaction
from services.profiles.audit import rows
from services.profiles.audit.changes import changes_of
from services.profiles.domain.audit_sentences import sentence, shown_details
from services.profiles.domain.slug import parse_profile_id
from services.profiles.reading import require_client

PAGE = 200


async def read_page(pool: Pool, actor: Actor, query: AuditQuery) -> AuditPage:
    """The newest rows that fit. Raises NotFound for a client that the actor may not see."""
    entries = await _read(pool, actor, wanted_of(actor, query), query.limit + 1)
    more = len(entries) > query.limit
    page = entries[: query.limit]
    return AuditPage(entries=page, next_cursor=page[-1].seq if more else None)


async def read_all(pool: Pool, actor: Actor, query: AuditQuery) -> AsyncIterator[list[AuditEntry]]:
    """All rows that fit, the newest first, in lists; each is read in a transaction of its own."""
    wanted = wanted_of(actor, query)
    while entries := await _read(pool, actor, wanted, PAGE):
        yield entries
        wanted = replace(wanted, before_seq=entries[-1].seq)


def wanted_of(actor: Actor, query: AuditQuery) -> rows.Wanted:
    """Raises NotFound or Forbidden for a client whose audit the actor may not read."""
    if query.client is not None:
        require(actor, Action.READ_AUDIT, query.client)
    kind, ids = _object(query.object) if query.object else (None, ())
    return rows.Wanted(
        before_seq=query.cursor,
        object_kind=kind,
        object_ids=ids,
        client_id=query.client,
        actor=query.actor,
        actions=query.action,
        start_at=_start_of(query.from_day) if query.from_day else None,
        end_at=_end_of(query.to_day) if query.to_day else None,
        text=query.q,
    )


def _object(text: str) -> tuple[str | None, tuple[str, ...]]:
    """`profile:pack`, `pack` or `pack_v3`, which is the profile `pack` unless it is an id."""
    kind, colon, object_id = text.rpartition(":")
    parsed = parse_profile_id(object_id)
    ids = (object_id, parsed[0]) if parsed and parsed[0] != object_id else (object_id,)
    return (kind if colon else None), ids


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _end_of(day: date) -> datetime | None:
    return _start_of(day + timedelta(days=1)) if day < date.max else None


async def _read(pool: Pool, actor: Actor, wanted: rows.Wanted, limit: int) -> list[AuditEntry]:
    clients = visible_clients(actor, Action.READ_AUDIT)
    async with transaction(pool, clients) as db:
        if wanted.client_id:
            await require_client(db, wanted.client_id)
        found = await rows.events(db, wanted, limit)
        changes = await changes_of(db, found)
    return [_entry(row, clients, changes.get(row["seq"], [])) for row in found]


def _entry(row: Record, clients: tuple[str, ...] | None, changes: list[Difference]) -> AuditEntry:
    details = shown_details(row["details"], clients)
    said = sentence(row["actor"], row["action"], row["object_kind"], row["object_id"], details)
    return AuditEntry(**{**row, "details": details, "sentence": said, "changes": changes})
