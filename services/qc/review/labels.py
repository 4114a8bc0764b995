"""What reviewers said, counted by the database: one row for each kind of case, however many."""

from libs.contracts.review import ReliabilityQuery
from libs.postgres import Connection
from services.qc.domain.reliability import Reviewed, Reviewers

# The last word of each person about each result that was found in this very analysis.
_WORDS = """
    WITH word AS (
        SELECT *,
               row_number() OVER (PARTITION BY client_id, analysis_id, check_id
                                  ORDER BY number DESC) AS age,
               row_number() OVER (PARTITION BY client_id, analysis_id, check_id, by_id
                                  ORDER BY number DESC) AS age_of_person
          FROM check_override
         WHERE NOT carried
           AND ($1::text IS NULL OR client_id = $1)
           AND ($2::text IS NULL OR profile_id = $2 OR profile_id ~ ('^' || $2 || '_v[0-9]+$'))
           AND ($3::text IS NULL OR check_id = $3)
           AND ($4::timestamptz IS NULL OR at >= $4)
           AND ($5::timestamptz IS NULL OR at < $5))
"""


async def counted(db: Connection, query: ReliabilityQuery) -> list[Reviewed]:
    """Of each result the last word counts; what was taken back says nothing."""
    rows = await db.fetch(
        _WORDS
        + """
        SELECT check_id, profile_id, profile_version, model_served, prompt_sha256,
               found_state AS found, state AS said, count(*) AS count
          FROM word
         WHERE age = 1 AND state IS NOT NULL
         GROUP BY 1, 2, 3, 4, 5, 6, 7
        """,
        *_arguments(query),
    )
    return [Reviewed(**row) for row in rows]


async def reviewers(db: Connection, query: ReliabilityQuery) -> dict[str, Reviewers]:
    """By check: how many people, and how often two who reviewed one result agree on a defect."""
    rows = await db.fetch(
        _WORDS
        + """
        , label AS (
            SELECT * FROM word
             WHERE age_of_person = 1 AND state IN ('passed', 'failed', 'not_applicable'))
        SELECT check_id, count(DISTINCT by_id) AS people,
               coalesce(sum(agree), 0)::bigint AS agree, coalesce(sum(pairs), 0)::bigint AS pairs
          FROM label
          LEFT JOIN LATERAL (
               SELECT count(*) AS pairs,
                      count(*) FILTER (WHERE (other.state = 'failed') = (label.state = 'failed'))
                          AS agree
                 FROM label AS other
                WHERE other.client_id = label.client_id AND other.check_id = label.check_id
                  AND other.analysis_id = label.analysis_id AND other.by_id < label.by_id) AS pair
               ON true
         GROUP BY check_id
        """,
        *_arguments(query),
    )
    return {row["check_id"]: Reviewers(row["people"], row["agree"], row["pairs"]) for row in rows}


def _arguments(query: ReliabilityQuery) -> tuple[object, ...]:
    return query.client, query.profile, query.check, query.since, query.until
