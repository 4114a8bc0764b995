"""Which entries there are: known ids, the months' partitions, pages of entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from libs.contracts.usage import LedgerEntry
from libs.postgres import Connection, Record


async def recorded_hashes(db: Connection, event_ids: Sequence[UUID]) -> list[tuple[UUID, bytes]]:
    """Id and content hash of every row with one of these ids, whatever its client and kind."""
    rows = await db.fetch(
        """
        SELECT event_id, content_sha256 FROM ledger_entry WHERE event_id = ANY($1::uuid[])
        UNION ALL
        SELECT event_id, content_sha256 FROM usage_event WHERE event_id = ANY($1::uuid[])
        """,
        event_ids,
    )
    return [(row["event_id"], row["content_sha256"]) for row in rows]


async def make_months(db: Connection, first_days: Sequence[date]) -> None:
    """Make the partitions of these months, where that can still be done."""
    await db.execute("SELECT make_month(day) FROM unnest($1::date[]) AS day", first_days)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to list; None does not narrow. Instants are half-open."""

    client_id: str | None = None
    user: str | None = None
    analysis_id: UUID | None = None
    state: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    after: tuple[datetime, UUID] | None = None


async def entries(db: Connection, wanted: EntryFilter, limit: int) -> list[LedgerEntry]:
    """The oldest entries, by the instant and then the id of the event."""
    after_at, after_id = wanted.after or (None, None)
    rows = await db.fetch(
        """
        SELECT event_id, occurred_at, client_id, user_id, analysis_id, profile_id,
               profile_version, check_ids, attempt_no, fallback_of, provider, model_requested,
               model_served, service_tier, service_tier_requested, outcome, usage_source,
               input_tokens, cached_input_tokens, cache_write_tokens, tool_input_tokens,
               output_tokens, reasoning_tokens, total_tokens, cost_usd, cost_ceiling_usd, price_id,
               state, origin, calls, adjusts, rerate_id
          FROM ledger_entry JOIN person USING (client_id, person_id)
         WHERE ($1::text IS NULL OR client_id = $1)
           AND ($2::text IS NULL OR user_id = $2 OR lower(user_email) = lower($2))
           AND ($3::uuid IS NULL OR analysis_id = $3)
           AND ($4::text IS NULL OR state = $4)
           AND ($5::timestamptz IS NULL OR occurred_at >= $5)
           AND ($6::timestamptz IS NULL OR occurred_at < $6)
           AND ($7::timestamptz IS NULL OR (occurred_at, event_id) > ($7, $8::uuid))
         ORDER BY occurred_at, event_id
         LIMIT $9
        """,
        wanted.client_id,
        wanted.user,
        wanted.analysis_id,
        wanted.state,
        wanted.start_at,
        wanted.end_at,
        after_at,
        after_id,
        limit,
    )
    return [_entry(row) for row in rows]


def _entry(row: Record) -> LedgerEntry:
    return LedgerEntry.model_validate(dict(row))
