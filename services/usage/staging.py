"""Adding rows to the ledger: COPY into temporary tables, then what is new goes on, at once.

One transaction adds a batch, links it into the chain of each client and month, and marks the
days whose roll-ups are now behind. Rows are values in the order of `ENTRY` and `EVENT`, those of
the kinds in `AS_TEXT` as their text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from libs.postgres import Connection

Table = Literal["ledger_entry", "usage_event"]
Row = Sequence[Any]

SENT_ENTRY: Mapping[str, str] = {
    "client_id": "text",
    "event_id": "uuid",
    "occurred_at": "timestamptz",
    "user_id": "text",
    "user_email": "text",
    "user_name": "text",
    "analysis_id": "uuid",
    "profile_id": "text",
    "profile_version": "integer",
    "attempt_no": "integer",
    "fallback_of": "uuid",
    "model_requested": "text",
    "model_served": "text",
    "service_tier_requested": "text",
    "outcome": "text",
    "usage_source": "text",
    "input_tokens": "integer",
    "cached_input_tokens": "integer",
    "cache_write_tokens": "integer",
    "tool_input_tokens": "integer",
    "output_tokens": "integer",
    "reasoning_tokens": "integer",
    "latency_ms": "integer",
}
"""Columns of an entry that hold what the sender said, as it was said and as it is staged."""

ENTRY: Mapping[str, str] = {
    **SENT_ENTRY,
    "check_ids": "text[]",
    "user_key": "text",
    "content_sha256": "bytea",
    "provider": "text",
    "service_tier": "text",
    "total_tokens": "bigint",
    "fill_percentage": "numeric",
    "tool_calls": "jsonb",
    "modality_tokens": "jsonb",
    "raw_usage": "jsonb",
    "state": "text",
    "price_id": "text",
    "cost_usd": "numeric",
    "input_cost_usd": "numeric",
    "cached_input_cost_usd": "numeric",
    "cache_write_cost_usd": "numeric",
    "output_cost_usd": "numeric",
    "cost_ceiling_usd": "numeric",
    "origin": "text",
    "calls": "integer",
    "adjusts": "uuid",
    "settles": "boolean",
    "rerate_id": "uuid",
}
A_CALL: Mapping[str, str] = {"origin": "'call'", "calls": "1", "settles": "false"}
"""What a row has that ends before `origin`: it is neither a correction nor imported."""
EVENT: Mapping[str, str] = {
    "client_id": "text",
    "event_id": "uuid",
    "kind": "text",
    "occurred_at": "timestamptz",
    "user_key": "text",
    "user_id": "text",
    "user_email": "text",
    "user_name": "text",
    "analysis_id": "uuid",
    "profile_id": "text",
    "profile_version": "integer",
    "checks_completed": "integer",
    "overall_score": "numeric",
    "verdict": "text",
    "duration_ms": "integer",
    "details": "jsonb",
    "content_sha256": "bytea",
}
AS_TEXT = {"jsonb", "numeric", "text[]"}
"""Kinds that are staged as text. COPY's binary form of jsonb is the server's own affair; numbers
and arrays in binary form take us thrice the time of all else in a row.
"""
PERSON = ("user_key", "user_id", "user_email", "user_name")
STAGES: Mapping[Table, Mapping[str, str]] = {"ledger_entry": ENTRY, "usage_event": EVENT}
COLUMNS: Mapping[Table, list[str]] = {
    table: [name for name in staged if name not in PERSON] for table, staged in STAGES.items()
}
"""The columns that a row keeps as they were staged; a person's id stands for the others."""

UNLESS_KNOWN = "ON CONFLICT DO NOTHING"
KEEP_PEOPLE = "LOCK TABLE person IN ROW EXCLUSIVE MODE"
"""Until the transaction ends nobody is forgotten. Adding people takes the same lock."""


def _stage(table: Table) -> str:
    return f"{table}_stage"


def _create(table: Table) -> str:
    columns = ", ".join(
        f"{name} {'text' if kind in AS_TEXT else kind} DEFAULT {A_CALL.get(name, 'NULL')}"
        for name, kind in STAGES[table].items()
    )
    return f"CREATE TEMPORARY TABLE IF NOT EXISTS {_stage(table)} ({columns}) ON COMMIT DELETE ROWS"


def _add_people(tables: Iterable[Table]) -> str:
    """New people, and what is new of those we know: later names and addresses win.

    An id that was not known, or a name that was missing, is new also when it is older. One
    statement for all of a transaction's people, in order and before its rows: whoever waits for
    a person holds neither another one nor the head of a chain. A person who is as we know them
    is not touched, so that batches do not wait for each other over a row that none changes.
    """
    return f"""
        INSERT INTO person AS known (
            client_id, person_id, user_key, user_id, user_email, user_name, seen_at)
        SELECT client_id, gen_random_uuid(), user_key, user_id, user_email, user_name, seen_at
          FROM (
            SELECT client_id, user_key,
                   (array_agg(user_id ORDER BY user_id = 'unknown', occurred_at DESC))[1]
                       AS user_id,
                   coalesce((array_agg(user_email ORDER BY occurred_at DESC)
                       FILTER (WHERE user_email <> ''))[1], '') AS user_email,
                   coalesce((array_agg(user_name ORDER BY occurred_at DESC)
                       FILTER (WHERE user_name <> ''))[1], '') AS user_name,
                   max(occurred_at) AS seen_at
              FROM ({" UNION ALL ".join(map(_staged_people, tables))}) AS row
             GROUP BY client_id, user_key
          ) AS seen
         WHERE NOT EXISTS (
            SELECT FROM person
             WHERE person.client_id = seen.client_id AND person.user_key = seen.user_key
               AND (seen.user_id = 'unknown' OR person.user_id <> 'unknown')
               AND (seen.user_email IN ('', person.user_email)
                    OR (person.user_email <> '' AND person.seen_at > seen.seen_at))
               AND (seen.user_name IN ('', person.user_name)
                    OR (person.user_name <> '' AND person.seen_at > seen.seen_at)))
         ORDER BY client_id, user_key
        ON CONFLICT (client_id, user_key) DO UPDATE
           SET user_id = CASE known.user_id
                   WHEN 'unknown' THEN excluded.user_id ELSE known.user_id END,
               user_email = {_later_of("user_email")},
               user_name = {_later_of("user_name")},
               seen_at = greatest(known.seen_at, excluded.seen_at)
    """


def _staged_people(table: Table) -> str:
    return f"SELECT client_id, occurred_at, {', '.join(PERSON)} FROM {_stage(table)}"


def _later_of(name: str) -> str:
    """What was seen last under this name, unless it is empty."""
    return f"""CASE WHEN known.seen_at <= excluded.seen_at
                   THEN coalesce(nullif(excluded.{name}, ''), known.{name})
                   ELSE coalesce(nullif(known.{name}, ''), excluded.{name}) END"""


def _insert(table: Table) -> str:
    """Insert what is new. Sorted by key, so that two batches with the same rows wait in turn."""
    columns = ", ".join(COLUMNS[table])
    values = ", ".join(f"staged.{name}::{STAGES[table][name]}" for name in COLUMNS[table])
    batch, batch_id = (", batch_id", ", $1::uuid") if table == "ledger_entry" else ("", "")
    return f"""
        INSERT INTO {table} ({columns}, person_id{batch})
        SELECT {values}, person.person_id{batch_id}
          FROM {_stage(table)} AS staged
          LEFT JOIN person
            ON person.client_id = staged.client_id AND person.user_key = staged.user_key
         ORDER BY staged.client_id, staged.event_id
        {UNLESS_KNOWN}
    """


# The head's row is locked by its own update, in READ COMMITTED with its newest values, so blocks
# of one chain follow each other whoever adds them.
# Nearly all of a batch are of one month: the bounds of its first row's tell that for less than
# to work each id's out.
ADD_ENTRIES = f"""
    WITH likely AS (
        SELECT month, least_uuid(month::timestamp AT TIME ZONE 'UTC') AS first_id,
               least_uuid((month + interval '1 month') AT TIME ZONE 'UTC') AS end_id
          FROM (SELECT month_of(event_id) AS month FROM ledger_entry_stage LIMIT 1) AS one
    ),
    added AS (
        {_insert("ledger_entry")}
        RETURNING client_id, event_id, day, entry_digest(ledger_entry) AS digest,
                  CASE WHEN event_id >= (SELECT first_id FROM likely)
                            AND event_id < (SELECT end_id FROM likely)
                       THEN (SELECT month FROM likely) ELSE month_of(event_id) END AS month
    ),
    marked AS (
        INSERT INTO dirty_day (client_id, day, batch_id)
        SELECT DISTINCT client_id, day, $1::uuid FROM added
        ON CONFLICT DO NOTHING
    ),
    batch AS (
        SELECT client_id, month, count(*) AS entries,
               sha256(string_agg(digest, ''::bytea ORDER BY event_id)) AS batch_sha256
          FROM added GROUP BY client_id, month
    ),
    head AS (
        INSERT INTO ledger_head AS last (client_id, month, block_no, sha256)
        SELECT client_id, month, 1, sha256(batch_sha256) FROM batch ORDER BY client_id, month
        ON CONFLICT (client_id, month) DO UPDATE
           SET block_no = last.block_no + 1,
               sha256 = sha256(last.sha256 || (
                   SELECT batch_sha256 FROM batch
                    WHERE batch.client_id = last.client_id AND batch.month = last.month))
        RETURNING client_id, month, block_no, sha256
    ),
    block AS (
        INSERT INTO ledger_block (
            client_id, month, block_no, batch_id, entries, batch_sha256, sha256)
        SELECT client_id, month, block_no, $1, entries, batch_sha256, sha256
          FROM head JOIN batch USING (client_id, month)
    )
    SELECT event_id FROM ledger_entry_stage WHERE event_id NOT IN (SELECT event_id FROM added)
"""

# A completion that comes again moves its analysis: the days where it stood are marked too.
ADD_EVENTS = f"""
    WITH added AS (
        {_insert("usage_event")}
        RETURNING client_id, event_id, day, analysis_id, kind
    ),
    marked AS (
        INSERT INTO dirty_day (client_id, day, batch_id)
        SELECT client_id, day, $1::uuid FROM added WHERE kind = 'analysis_completed'
        UNION
        SELECT before.client_id, before.day, $1::uuid
          FROM added JOIN usage_event AS before USING (client_id, analysis_id)
         WHERE added.kind = 'analysis_completed' AND before.kind = 'analysis_completed'
        ON CONFLICT DO NOTHING
    )
    SELECT event_id FROM usage_event_stage WHERE event_id NOT IN (SELECT event_id FROM added)
"""
ADD: Mapping[Table, str] = {"ledger_entry": ADD_ENTRIES, "usage_event": ADD_EVENTS}
ADD_NEW = {table: sql.replace(UNLESS_KNOWN, "") for table, sql in ADD.items()}
"""For rows of which none is known: to be ready for one costs the server a tenth of adding it."""


async def add_rows(
    db: Connection,
    rows: Mapping[Table, Sequence[Row]],
    batch_id: UUID,
    by: Mapping[Table, str] = ADD,
) -> set[UUID]:
    """Add the rows whose event_id is new; return the ids of those that were known.

    By `ADD_NEW` all have to be new: one that is not raises one of `CLASHES`.
    Once in a transaction: its end empties the stages.
    """
    given = {table: rows[table] for table in STAGES if rows.get(table)}
    for table, staged in given.items():
        await db.execute(_create(table))
        names = list(STAGES[table])[: len(staged[0])]
        await db.copy_records_to_table(
            _stage(table), records=staged, columns=names, schema_name="pg_temp"
        )
    if given:
        await db.fetch(_add_people(given))
    known: set[UUID] = set()
    for table in given:
        known |= {row["event_id"] for row in await db.fetch(by[table], batch_id)}
    return known
