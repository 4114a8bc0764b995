"""Every SQL statement about what reviewers said. Rows are only ever added."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.contracts.overrides import Override
from libs.contracts.qc import CheckResult
from libs.postgres import Connection
from services.qc.repository import AnalysisRow


async def of_analysis(
    db: Connection, client_id: str, analysis_id: UUID
) -> dict[str, list[Override]]:
    """By check id, the oldest first."""
    rows = await db.fetch(
        """
        SELECT check_id, number, state, score, reason, by_id, by_name, at
          FROM check_override
         WHERE client_id = $1 AND analysis_id = $2
         ORDER BY check_id, number
        """,
        client_id,
        analysis_id,
    )
    found: dict[str, list[Override]] = defaultdict(list)
    for row in rows:
        found[row["check_id"]].append(Override.model_validate(dict(row)))
    return dict(found)


async def hold_ended(db: Connection, client_id: str, analysis_id: UUID) -> None:
    """Lock an analysis for this transaction, so that two reviewers speak one after the other."""
    await db.execute(
        "SELECT FROM analysis WHERE client_id = $1 AND analysis_id = $2 FOR UPDATE",
        client_id,
        analysis_id,
    )


async def add(
    db: Connection, row: AnalysisRow, said: Sequence[tuple[CheckResult, Override]]
) -> None:
    """Add what was said of results as they were found."""
    await _add(db, row, said, carried=False)


async def carry(
    db: Connection,
    row: AnalysisRow,
    results: Sequence[CheckResult],
    overrides: Mapping[str, Sequence[Override]],
) -> None:
    """What was said of results goes with them into a rerun; it counts once as a label."""
    said = [(one, word) for one in results for word in overrides.get(one.check_id, ())]
    await _add(db, row, said, carried=True)


async def _add(
    db: Connection,
    row: AnalysisRow,
    said: Sequence[tuple[CheckResult, Override]],
    *,
    carried: bool,
) -> None:
    await db.executemany(
        """
        INSERT INTO check_override (client_id, analysis_id, check_id, number, state, score, reason,
                                    by_id, by_name, at, found_state, model_served, prompt_sha256,
                                    profile_id, profile_version, carried)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """,
        [
            (
                row.client_id,
                row.analysis_id,
                result.check_id,
                word.number,
                word.state,
                word.score,
                word.reason,
                word.by_id,
                word.by_name,
                word.at,
                result.state,
                result.model_served,
                result.prompt_hash,
                row.profile.profile_id,
                row.profile.version,
                carried,
            )
            for result, word in said
        ],
    )
