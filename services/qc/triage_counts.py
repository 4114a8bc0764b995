"""How the answers of cheap models fared, counted."""

from libs.contracts.triage import TriageCounts
from libs.postgres import Connection

MOST_ANSWERS = 10_000


async def triage_counts(db: Connection, client_id: str) -> list[TriageCounts]:
    """Over the last answers of a client, by model and check; those without a result do not count.

    Ids tell the time, so the last are the first of the key.
    """
    rows = await db.fetch(
        """
        SELECT cheap.model, cheap.check_id, count(*) AS answers,
               count(*) FILTER (WHERE reason <> 'audit') AS doubted,
               count(*) FILTER (WHERE reason <> 'audit' AND again) AS asked_again,
               count(*) FILTER (WHERE reason = 'audit' AND again) AS audited,
               count(*) FILTER (WHERE reason = 'audit' AND agreed) AS agreed,
               count(*) FILTER (WHERE reason = 'audit' AND NOT agreed) AS disagreed
          FROM (SELECT client_id, analysis_id, check_id, model FROM cheap_answer
                 WHERE client_id = $1
                 ORDER BY analysis_id DESC, check_id LIMIT $2) AS cheap
          JOIN check_result AS final USING (client_id, analysis_id, check_id)
         CROSS JOIN LATERAL (
               SELECT final.result -> 'triage' ->> 'reason' AS reason,
                      (final.result -> 'triage' ->> 'answered_again')::boolean AS again,
                      (final.result -> 'triage' ->> 'agreed')::boolean AS agreed) AS triage
         GROUP BY cheap.model, cheap.check_id
         ORDER BY answers DESC, cheap.model, cheap.check_id
        """,
        client_id,
        MOST_ANSWERS,
    )
    return [TriageCounts(**row) for row in rows]
