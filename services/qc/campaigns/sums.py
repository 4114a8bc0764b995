"""SQL about what campaigns have come to: counts, cost, the matrix and its findings."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from libs.contracts.campaigns import Counts, WebhookState
from libs.postgres import Connection, Record
from services.qc.campaigns.cells import FILE
from services.qc.campaigns.rows import CampaignRow

FINDINGS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Spent:
    """Of every try of a campaign: the sum, of how many calls it is not told yet, or never."""

    cost_usd: Decimal = Decimal(0)
    untold: int = 0
    unknown: int = 0


async def counts(db: Connection, rows: Sequence[CampaignRow]) -> dict[UUID, Counts]:
    found = await db.fetch(
        """
        SELECT c.campaign_id, count(*) AS total,
               count(*) FILTER (WHERE c.state = 'waiting') AS waiting,
               count(*) FILTER (WHERE c.state = 'running') AS running,
               count(*) FILTER (WHERE c.state = 'done' AND a.verdict = 'pass') AS passed,
               count(*) FILTER (WHERE c.state = 'done' AND a.verdict = 'fail') AS failing,
               count(*) FILTER (WHERE c.state = 'done' AND a.verdict = 'incomplete') AS incomplete,
               count(*) FILTER (WHERE c.state = 'failed') AS could_not_run,
               count(*) FILTER (WHERE c.state = 'cancelled') AS cancelled
          FROM campaign_cell c LEFT JOIN analysis a USING (client_id, analysis_id)
         WHERE c.client_id = ANY ($1) AND c.campaign_id = ANY ($2)
         GROUP BY c.campaign_id
        """,
        *_of(rows),
    )
    return {one["campaign_id"]: Counts.model_validate(dict(one)) for one in found}


async def file_counts(db: Connection, rows: Sequence[CampaignRow]) -> dict[UUID, int]:
    found = await db.fetch(
        """
        SELECT campaign_id, count(*) AS files FROM campaign_file
         WHERE client_id = ANY ($1) AND campaign_id = ANY ($2)
         GROUP BY campaign_id
        """,
        *_of(rows),
    )
    return {one["campaign_id"]: one["files"] for one in found}


async def spent(db: Connection, rows: Sequence[CampaignRow]) -> dict[UUID, Spent]:
    """A campaign without any call is missing."""
    found = await db.fetch(
        """
        WITH tried AS (
            SELECT DISTINCT client_id, campaign_id,
                            unnest(array_append(earlier, analysis_id)) AS analysis_id
              FROM campaign_cell WHERE client_id = ANY ($1) AND campaign_id = ANY ($2))
        SELECT tried.campaign_id, coalesce(sum(t.cost_usd), 0) AS cost_usd,
               count(*) FILTER (WHERE t.cost_usd IS NULL AND t.state <> 'unknown') AS untold,
               count(*) FILTER (WHERE t.state = 'unknown') AS unknown
          FROM tried JOIN attempt t USING (client_id, analysis_id)
         GROUP BY tried.campaign_id
        """,
        *_of(rows),
    )
    return {
        one["campaign_id"]: Spent(one["cost_usd"], one["untold"], one["unknown"]) for one in found
    }


async def webhooks(db: Connection, rows: Sequence[CampaignRow]) -> dict[UUID, WebhookState]:
    """How the last message of each campaign got on."""
    found = await db.fetch(
        """
        SELECT DISTINCT ON (campaign_id) campaign_id, url, tries, error, delivered_at,
               CASE WHEN delivered_at IS NOT NULL THEN 'delivered'
                    WHEN given_up_at IS NOT NULL THEN 'given_up' ELSE 'waiting' END AS state,
               CASE WHEN coalesce(delivered_at, given_up_at) IS NULL THEN next_at END AS next_at
          FROM webhook_delivery
         WHERE client_id = ANY ($1) AND campaign_id = ANY ($2)
         ORDER BY campaign_id, created_at DESC, delivery_id DESC
        """,
        *_of(rows),
    )
    return {one["campaign_id"]: WebhookState.model_validate(dict(one)) for one in found}


async def matrix(db: Connection, row: CampaignRow) -> list[Record]:
    """Each cell with what its analysis came to, by number of file, then place of profile."""
    found: list[Record] = await db.fetch(
        """
        SELECT c.file_no, c.profile_no, c.state, c.analysis_id, c.code,
               coalesce(c.reason, a.reason) AS reason, a.verdict, a.score, a.coverage,
               cardinality(c.earlier) + (c.analysis_id IS NOT NULL)::int AS tries,
               said.failed_checks, said.broken_checks, spent.cost_usd,
               coalesce(spent.untold, 0) AS untold, coalesce(spent.unknown, 0) AS unknown,
               coalesce(jsonb_array_length(s.suspicions), 0) AS suspected
          FROM campaign_cell c
          LEFT JOIN analysis a USING (client_id, analysis_id)
          LEFT JOIN suspected s USING (client_id, analysis_id)
          LEFT JOIN LATERAL (
               SELECT coalesce(array_agg(check_id ORDER BY check_id)
                        FILTER (WHERE result ->> 'state' = 'failed'), '{}') AS failed_checks,
                      coalesce(array_agg(check_id ORDER BY check_id)
                        FILTER (WHERE result ->> 'state' = 'error'), '{}') AS broken_checks
                 FROM check_result r
                WHERE r.client_id = c.client_id AND r.analysis_id = c.analysis_id) said ON true
          LEFT JOIN LATERAL (
               SELECT coalesce(sum(t.cost_usd), 0) AS cost_usd,
                      count(*) FILTER (WHERE t.cost_usd IS NULL AND t.state <> 'unknown') AS untold,
                      count(*) FILTER (WHERE t.state = 'unknown') AS unknown
                 FROM attempt t
                WHERE t.client_id = c.client_id
                  AND t.analysis_id = ANY (array_append(c.earlier, c.analysis_id))) spent ON true
         WHERE c.client_id = $1 AND c.campaign_id = $2
         ORDER BY c.file_no, c.profile_no
        """,
        row.client_id,
        row.campaign_id,
    )
    return found


async def findings(
    db: Connection, row: CampaignRow, most: int
) -> AsyncIterator[tuple[str, int, dict[str, JsonValue]]]:
    """Each result that found something, with the file's name and the profile's place.

    They stop with the result that makes them more than `most` findings.
    """
    statement = f"""
        SELECT f.name, c.profile_no, r.result
          FROM campaign_cell c
          JOIN check_result r USING (client_id, analysis_id)
          {FILE}
         WHERE c.client_id = $1 AND c.campaign_id = $2
           AND jsonb_array_length(r.result -> 'findings') > 0
         ORDER BY f.name, c.profile_no, r.check_id
    """
    found: Any = db.cursor(statement, row.client_id, row.campaign_id, prefetch=FINDINGS_AT_ONCE)
    count = 0
    async for one in found:
        yield one["name"], one["profile_no"], one["result"]
        count += len(one["result"]["findings"])
        if count > most:
            return


def _of(rows: Sequence[CampaignRow]) -> tuple[list[str], list[UUID]]:
    return list({row.client_id for row in rows}), [row.campaign_id for row in rows]
