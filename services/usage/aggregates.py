"""The SQL sums that a usage report is made of. One transaction must hold all of them."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from libs.postgres import Connection

UNKNOWN = "unknown"
USER_KEY = f"""CASE WHEN user_id <> '{UNKNOWN}' THEN user_id
                    WHEN user_email <> '' THEN user_email
                    ELSE '{UNKNOWN}' END"""
"""Who a row belongs to: old events know a person by e-mail only."""

DAY = "(occurred_at AT TIME ZONE 'UTC')::date"

EVENT_FILTER = """
    ($1::timestamptz IS NULL OR occurred_at >= $1)
    AND ($2::timestamptz IS NULL OR occurred_at < $2)
    AND ($3::text IS NULL OR client_id = $3)
    AND ($4::text IS NULL OR user_id = $4 OR lower(user_email) = lower($4))
    AND ($5::text IS NULL OR profile_id = $5)
"""
CALL_FILTER = """
    ($6::text IS NULL OR $6 = ANY(check_ids))
    AND ($7::text IS NULL OR provider = $7)
    AND ($8::text IS NULL OR coalesce(model_served, model_requested) = $8)
"""

# What nobody saw has a ceiling but neither cost nor tokens: the sender's bound is no count.
CALLS = f"""
    SELECT client_id, {USER_KEY} AS user_key, {DAY} AS day, provider, check_ids, state,
           usage_source, coalesce(model_served, model_requested) AS model,
           CASE WHEN state = 'unknown' THEN 0 ELSE input_tokens END AS prompt_tokens,
           CASE WHEN state = 'unknown' THEN 0 ELSE output_tokens END AS completion_tokens,
           CASE WHEN state = 'unknown' THEN 0 ELSE total_tokens END AS total_tokens,
           coalesce(cost_usd, 0) AS cost_usd, cost_usd IS NULL AS has_no_cost,
           coalesce(cost_ceiling_usd, 0) AS cost_ceiling_usd
      FROM ledger_entry
     WHERE {EVENT_FILTER} AND {CALL_FILTER}
"""
TOKEN_SUMS = """
    sum(prompt_tokens)::bigint AS prompt_tokens,
    sum(completion_tokens)::bigint AS completion_tokens,
    sum(total_tokens)::bigint AS total_tokens
"""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a report covers; None does not narrow. Instants are half-open.

    The order of the fields is that of the statements' parameters.
    """

    start_at: datetime | None = None
    end_at: datetime | None = None
    client_id: str | None = None
    user: str | None = None
    profile_id: str | None = None
    check_id: str | None = None
    provider: str | None = None
    model: str | None = None


async def call_sums(db: Connection, wanted: ReportFilter) -> list[Row]:
    """Sums of the provider calls: of all, by client, user, day, provider, model; users by client.

    The keys that a row is not grouped by are null; `grouped_by` names the others.
    """
    return await _rows(
        db,
        f"""
        WITH call AS ({CALLS})
        SELECT array_remove(ARRAY[
                   CASE grouping(client_id) WHEN 0 THEN 'client' END,
                   CASE grouping(user_key) WHEN 0 THEN 'user' END,
                   CASE grouping(day) WHEN 0 THEN 'day' END,
                   CASE grouping(provider) WHEN 0 THEN 'provider' END,
                   CASE grouping(model) WHEN 0 THEN 'model' END
               ], NULL) AS grouped_by,
               client_id, user_key, day, provider, model,
               count(*) AS calls,
               {TOKEN_SUMS},
               sum(cost_usd) AS cost_usd,
               sum(cost_ceiling_usd) AS unknown_cost_ceiling_usd,
               count(*) FILTER (WHERE has_no_cost AND state <> 'unknown') AS unpriced_calls,
               count(*) FILTER (WHERE state = 'unknown') AS unknown_calls,
               count(*) FILTER (WHERE state = 'suspect') AS suspect_calls,
               count(*) FILTER (WHERE usage_source = 'estimated') AS estimated_calls
          FROM call
         GROUP BY GROUPING SETS (
            (), (client_id), (user_key), (day), (provider), (model), (client_id, user_key))
        """,
        *astuple(wanted),
    )


async def check_sums(db: Connection, wanted: ReportFilter) -> list[Row]:
    """Sums by check: a grouped call is split over its checks so that the parts make the whole.

    Each check gets the n-th part of the cost, cut to 18 places, and the first check the rest
    with it; tokens that do not divide go one by one to the first checks.
    """
    return await _rows(
        db,
        f"""
        WITH call AS ({CALLS}),
        part AS (
            SELECT coalesce(check_id, '{UNKNOWN}') AS check_id,
                   coalesce(position, 1) AS position,
                   greatest(cardinality(check_ids), 1) AS parts,
                   trunc(cost_usd::numeric(36, 24) / greatest(cardinality(check_ids), 1), 18)
                       AS part_usd,
                   call.cost_usd, prompt_tokens, completion_tokens, total_tokens
              FROM call
              LEFT JOIN LATERAL unnest(check_ids) WITH ORDINALITY AS c(check_id, position) ON true
        )
        SELECT check_id,
               count(*) AS calls,
               sum(prompt_tokens / parts + (position <= prompt_tokens % parts)::integer)::bigint
                   AS prompt_tokens,
               sum(completion_tokens / parts
                   + (position <= completion_tokens % parts)::integer)::bigint
                   AS completion_tokens,
               sum(total_tokens / parts + (position <= total_tokens % parts)::integer)::bigint
                   AS total_tokens,
               sum(CASE position WHEN 1 THEN cost_usd - part_usd * (parts - 1) ELSE part_usd END)
                   AS cost_usd
          FROM part
         GROUP BY check_id
        """,
        *astuple(wanted),
    )


async def analysis_sums(db: Connection, wanted: ReportFilter) -> list[Row]:
    """Completed analyses, each once: of all and by client, user, profile, day and some pairs.

    One that was reported as completed more than once counts as it was reported last. With
    a check, provider or model wanted, only analyses that called for it count.
    """
    return await _rows(
        db,
        f"""
        WITH analysis AS (
            SELECT DISTINCT ON (client_id, analysis_id)
                   client_id, {USER_KEY} AS user_key, profile_id, {DAY} AS day,
                   checks_completed, overall_score
              FROM usage_event AS completed
             WHERE kind = 'analysis_completed' AND {EVENT_FILTER}
               AND ($6::text IS NULL AND $7::text IS NULL AND $8::text IS NULL OR EXISTS (
                    SELECT FROM ledger_entry AS call
                     WHERE call.analysis_id = completed.analysis_id
                       AND call.client_id = completed.client_id
                       AND {CALL_FILTER}))
             ORDER BY client_id, analysis_id, occurred_at DESC, event_id DESC
        )
        SELECT array_remove(ARRAY[
                   CASE grouping(client_id) WHEN 0 THEN 'client' END,
                   CASE grouping(user_key) WHEN 0 THEN 'user' END,
                   CASE grouping(profile_id) WHEN 0 THEN 'profile' END,
                   CASE grouping(day) WHEN 0 THEN 'day' END
               ], NULL) AS grouped_by,
               client_id, user_key, profile_id, day,
               count(*) AS analyses,
               sum(checks_completed)::bigint AS checks,
               coalesce(sum(overall_score), 0) AS score_sum,
               count(overall_score) AS scored
          FROM analysis
         GROUP BY GROUPING SETS (
            (), (client_id), (user_key), (profile_id), (day),
            (client_id, profile_id), (client_id, user_key))
        """,
        *astuple(wanted),
    )


async def people(db: Connection, wanted: ReportFilter) -> list[Row]:
    """The names and addresses that each user went by, latest first."""
    return await _rows(
        db,
        f"""
        SELECT user_key, user_name, user_email
          FROM (
            SELECT {USER_KEY} AS user_key, user_name, user_email, occurred_at
              FROM usage_event WHERE {EVENT_FILTER}
            UNION ALL
            SELECT {USER_KEY}, user_name, user_email, occurred_at
              FROM ledger_entry WHERE {EVENT_FILTER}
          ) AS seen
         GROUP BY 1, 2, 3
         ORDER BY max(occurred_at) DESC, 1, 2, 3
        """,
        *astuple(wanted)[:5],
    )


async def _rows(db: Connection, sql: str, *values: object) -> list[Row]:
    return [dict(row) for row in await db.fetch(sql, *values)]


async def freeze(db: Connection) -> None:
    """Let the transaction see one moment only; to be called before its first query."""
    await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
