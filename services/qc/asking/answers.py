"""Answers that were paid for, kept for each client: the same question is not paid for twice."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue, ValidationError

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult
from libs.postgres import Connection, Pool, transaction
from services.qc.domain.answer_key import from_kept, to_keep


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """`attempt_id` is the call that it was paid with."""

    answer: Mapping[str, JsonValue]
    attempt_id: UUID

    def as_result(self, check_id: str, check: Check) -> CheckResult | None:
        """None when it cannot be read, as after a change of its form: it is asked again."""
        try:
            return from_kept(check_id, check, self.answer)
        except ValidationError:
            return None


async def find_answers(pool: Pool, client_id: str, keys: Collection[str]) -> dict[str, KeptAnswer]:
    """By key, what is kept of the client."""
    async with transaction(pool, [client_id]) as db:
        rows = await db.fetch(
            """
            SELECT key, answer, attempt_id FROM kept_answer
             WHERE client_id = $1 AND key = ANY($2::text[])
            """,
            client_id,
            list(keys),
        )
    return {row["key"]: KeptAnswer(row["answer"], row["attempt_id"]) for row in rows}


async def answers_kept(db: Connection, client_id: str, analysis_id: UUID) -> frozenset[str]:
    """The checks of an analysis for which, asked the same once more, nobody would be asked.

    Each answer that they took must be there still, also one that was kept already by then.
    """
    rows = await db.fetch(
        """
        WITH took AS (
            SELECT check_id, attempt_id, event -> 'raw_usage' -> 'paid_with' AS paid_with
              FROM attempt, unnest(check_ids) AS check_id
             WHERE client_id = $1 AND analysis_id = $2
               AND event ->> 'outcome' IN ('succeeded', 'cached')
        ), paid AS (
            SELECT check_id, attempt_id FROM took WHERE paid_with IS NULL
             UNION
            SELECT check_id, jsonb_array_elements_text(paid_with)::uuid FROM took
             WHERE paid_with IS NOT NULL
        ), kept AS (
            SELECT DISTINCT attempt_id FROM kept_answer
             WHERE client_id = $1 AND attempt_id IN (SELECT attempt_id FROM paid)
        )
        SELECT check_id FROM paid LEFT JOIN kept USING (attempt_id)
         GROUP BY check_id
        HAVING bool_and(kept.attempt_id IS NOT NULL)
        """,
        client_id,
        analysis_id,
    )
    return frozenset(row["check_id"] for row in rows)


async def keep_answers(
    db: Connection,
    client_id: str,
    results: Collection[CheckResult],
    keys: Mapping[str, str],
    attempt_id: UUID,
    at: datetime,
) -> None:
    """Keep what can be kept of `results`, by the keys of their checks; the newest answer counts.

    In the transaction that settles the call: an answer is kept when it was paid for, not before.
    """
    await db.executemany(
        """
        INSERT INTO kept_answer (client_id, key, answer, attempt_id, kept_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (client_id, key) DO UPDATE
        SET answer = excluded.answer, attempt_id = excluded.attempt_id, kept_at = excluded.kept_at
        """,
        [
            (client_id, keys[result.check_id], answer, attempt_id, at)
            for result in sorted(results, key=lambda result: keys.get(result.check_id, ""))
            if result.check_id in keys and (answer := to_keep(result)) is not None
        ],
    )


async def add_cheap_answers(
    db: Connection,
    client_id: str,
    analysis_id: UUID,
    model: str,
    results: Collection[CheckResult],
    at: datetime,
) -> None:
    """Store what a cheap model said of the checks; the first answer of a check stays."""
    await db.executemany(
        """
        INSERT INTO cheap_answer (client_id, analysis_id, check_id, model, result, answered_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING
        """,
        [
            (
                client_id,
                analysis_id,
                result.check_id,
                model,
                result.model_dump(mode="json", exclude={"cost_usd"}),
                at,
            )
            for result in results
        ],
    )


async def cheap_answers(
    db: Connection, client_id: str, analysis_id: UUID
) -> dict[str, tuple[str, CheckResult]]:
    """By check id, the cheap model and what it said."""
    rows = await db.fetch(
        """
        SELECT check_id, model, result FROM cheap_answer
         WHERE client_id = $1 AND analysis_id = $2
        """,
        client_id,
        analysis_id,
    )
    return {
        row["check_id"]: (row["model"], CheckResult.model_validate(row["result"])) for row in rows
    }
