"""Listing ledger entries, a page at a time."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.contracts.usage import Entries, EntriesQuery, LedgerEntry
from libs.postgres import Pool, transaction
from libs.problems import Invalid
from services.usage import repository
from services.usage.domain.period import Period
from services.usage.repository import EntryFilter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_CURSOR = re.compile(r"(-?\d{1,18})~([0-9a-f]{32})")


async def list_entries(pool: Pool, query: EntriesQuery, clients: Iterable[str] | None) -> Entries:
    """A page of what `query` asks for, of `clients` only (None: of all).

    The cursor is the place of the last entry, so entries that arrive meanwhile shift
    nothing. Raises Invalid for a cursor that no page gave.
    """
    period = Period(query.from_day, query.to_day)
    wanted = EntryFilter(
        client_id=query.client,
        user=query.user,
        analysis_id=query.analysis,
        state=query.state,
        start_at=period.start_at,
        end_at=period.end_at,
        after=_place(query.cursor) if query.cursor else None,
    )
    async with transaction(pool, clients) as db:
        found = await repository.entries(db, wanted, query.limit + 1)
    page = found[: query.limit]
    more = len(found) > len(page)
    return Entries(entries=page, next_cursor=_cursor(page[-1]) if more else None)


def _cursor(entry: LedgerEntry) -> str:
    return f"{(entry.occurred_at - EPOCH) // MICROSECOND}~{entry.event_id.hex}"


def _place(cursor: str) -> tuple[datetime, UUID]:
    parts = _CURSOR.fullmatch(cursor)
    try:
        if parts is None:
            raise ValueError(cursor)
        return EPOCH + int(parts[1]) * MICROSECOND, UUID(parts[2])
    except (ValueError, OverflowError) as error:
        raise Invalid("bad_cursor", "Send a cursor as a page gave it, or none.") from error
