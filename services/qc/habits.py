"""What calls took lately, and what exact checks measured: what an estimate learns from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypedDict

from pydantic import JsonValue

from libs.postgres import Connection, Record
from services.qc.domain.estimate import ESCALATED, Habit, Habits, summed
from services.qc.domain.routing import ModelRef

MOST_CALLS = 500
MOST_ANALYSES = 30
_GUESS_COUNTS_AS = 4
_OTHERS_COUNT_AS = 0.5
"""Answers to a check itself, as many as the share of all checks weighs in its own."""


class _Doubts(TypedDict):
    escalated: float
    doubts: dict[str, float]


async def habits_of(db: Connection, client_id: str, profile_id: str) -> Habits:
    """Of the client's last calls that were answered; those of the profile by what they asked.

    A vendor's counts that contradict themselves, which the ledger calls suspect, are left out:
    one absurd count would weigh more than all others. Ids tell the time, so the last are the
    first of the key, and old months are not read.
    """
    rows = await db.fetch(
        """
        SELECT provider, model_requested AS model, event -> 'check_ids' AS check_ids,
               event ->> 'profile_id' = $2 AS of_profile,
               (event ->> 'input_tokens')::bigint AS input_tokens,
               (event ->> 'cached_input_tokens')::bigint AS cached_input_tokens,
               (event ->> 'output_tokens')::bigint AS output_tokens
          FROM (SELECT * FROM attempt WHERE client_id = $1 ORDER BY attempt_id DESC LIMIT $3)
               AS attempt
         WHERE state = 'settled' AND event ->> 'outcome' = 'succeeded'
           AND event ->> 'usage_source' = 'actual'
           AND coalesce((event ->> 'total_tokens')::bigint = (event ->> 'input_tokens')::bigint
                        + (event ->> 'output_tokens')::bigint, true)
        """,
        client_id,
        profile_id,
        MOST_CALLS,
    )
    groups: dict[tuple[ModelRef, tuple[str, ...]], list[Habit]] = defaultdict(list)
    models: dict[ModelRef, list[Habit]] = defaultdict(list)
    for row in rows:
        model, check_ids = ModelRef(row["provider"], row["model"]), tuple(row["check_ids"])
        models[model].append(_habit(row))
        if row["of_profile"]:
            groups[model, check_ids].append(_habit(row))
    return Habits(
        of_groups={asked: summed(habits) for asked, habits in groups.items()},
        of_models={model: summed(habits) for model, habits in models.items()},
        **await _doubts(db, client_id, profile_id),
    )


def _habit(row: Record) -> Habit:
    return Habit(
        calls=1,
        checks=max(len(row["check_ids"]), 1),
        input_tokens=row["input_tokens"],
        cached_input_tokens=row["cached_input_tokens"],
        output_tokens=row["output_tokens"],
    )


async def _doubts(db: Connection, client_id: str, profile_id: str) -> _Doubts:
    """Of the client's last cheap answers the share in doubt: of all, and of the profile's checks.

    A check that was seldom asked is taken to be like the others.
    """
    rows = await db.fetch(
        """
        SELECT check_id, profile_id = $2 AS of_profile, count(*) AS answers,
               count(*) FILTER (WHERE final.result -> 'triage' ->> 'reason' <> 'audit') AS doubted
          FROM (SELECT client_id, analysis_id, check_id FROM cheap_answer WHERE client_id = $1
                 ORDER BY analysis_id DESC, check_id LIMIT $3) AS cheap
          JOIN check_result AS final USING (client_id, analysis_id, check_id)
          JOIN analysis USING (client_id, analysis_id)
         GROUP BY check_id, of_profile
        """,
        client_id,
        profile_id,
        MOST_CALLS,
    )
    answers, doubted = (sum(row[name] for row in rows) for name in ("answers", "doubted"))
    of_all = (ESCALATED * _GUESS_COUNTS_AS + doubted) / (_GUESS_COUNTS_AS + answers)
    return {
        "escalated": of_all,
        "doubts": {
            row["check_id"]: (of_all * _OTHERS_COUNT_AS + row["doubted"])
            / (_OTHERS_COUNT_AS + row["answers"])
            for row in rows
            if row["of_profile"]
        },
    }


async def measured_lately(
    db: Connection, client_id: str, profile_id: str, sha256: str, check_ids: Sequence[str]
) -> Mapping[str, Mapping[str, JsonValue]]:
    """By exact check what it measured last, of this very file if it was checked before.

    The next analysis tells a model as much, give or take.
    """
    rows = await db.fetch(
        """
        WITH recent AS (
            SELECT analysis_id, creative ->> 'sha256' = $3 AS of_file FROM analysis
             WHERE client_id = $1 AND profile_id = $2
             ORDER BY analysis_id DESC LIMIT $5)
        SELECT DISTINCT ON (check_id) check_id, result -> 'measurements' AS measurements
          FROM recent
          JOIN check_result USING (analysis_id)
         WHERE client_id = $1 AND check_id = ANY($4::text[])
         ORDER BY check_id, of_file DESC, analysis_id DESC
        """,
        client_id,
        profile_id,
        sha256,
        list(check_ids),
        MOST_ANALYSES,
    )
    return {row["check_id"]: row["measurements"] for row in rows}
