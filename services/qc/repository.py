"""Every SQL statement about analyses; queue, attempts, outbox and assets have their own files."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.contracts.access import Actor
from libs.contracts.profiles import Profile, StoredCheck
from libs.contracts.qc import (
    AnalysisState,
    CheckResult,
    Creative,
    Given,
    Preview,
    ProgressEvent,
    Verdict,
)
from libs.postgres import Connection
from services.qc.domain.scoring import Judgement

COLUMNS = """client_id, analysis_id, state, user_id, user_name, user_email, request_id, profile,
             creative, only_checks, previews, verdict, score, coverage, reason, created_at,
             started_at, finished_at, claims, lease, brief -> 'given' AS given,
             profile_id, profile_version,
             coalesce(brief #>> '{given,can_wait}' = 'true', false) AS can_wait"""


class Payer(BaseModel):
    """Whom the calls of an analysis are put down to: it can be read of every row."""

    client_id: str
    analysis_id: UUID
    user_id: str
    user_name: str
    user_email: str
    profile_id: str
    profile_version: int
    can_wait: bool


class AnalysisRow(Payer):
    """One row of `analysis`. `lease` is the token of whoever may write about it now."""

    state: AnalysisState
    request_id: str
    profile: Profile
    creative: Creative
    only_checks: list[str]
    previews: list[Preview]
    verdict: Verdict | None
    score: float | None
    coverage: float | None
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    claims: int
    lease: UUID | None
    given: Given | None = None

    @property
    def replay_id(self) -> UUID | None:
        """The replay that it is part of."""
        return self.given.replay if self.given else None

    @property
    def checks(self) -> dict[str, StoredCheck]:
        """The checks to run: all of the profile, or those that the caller named."""
        of_profile = self.profile.checks
        return {id: of_profile[id] for id in of_profile if id in (self.only_checks or of_profile)}


class LeaseLost(Exception):
    """Somebody else has the analysis now: stop, and write nothing more about it."""


async def add_analysis(
    db: Connection,
    analysis_id: UUID,
    client_id: str,
    actor: Actor,
    profile: Profile,
    creative: Creative,
    request_id: str,
    at: datetime,
    brief: BaseModel | None = None,
    only_checks: Sequence[str] = (),
) -> None:
    await db.execute(
        """
        INSERT INTO analysis (client_id, analysis_id, user_id, user_name, user_email, request_id,
                              profile_id, profile_version, profile, creative, created_at, brief,
                              only_checks)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        client_id,
        analysis_id,
        actor.subject,
        actor.name,
        actor.email,
        request_id,
        profile.profile_id,
        profile.version,
        profile.model_dump(mode="json"),
        creative.model_dump(mode="json"),
        at,
        brief and brief.model_dump(mode="json"),
        list(only_checks),
    )


async def brief(db: Connection, client_id: str, analysis_id: UUID) -> dict[str, object] | None:
    """What the analysis was given, as it was stored; None: before any was kept."""
    kept: dict[str, object] | None = await db.fetchval(
        "SELECT brief FROM analysis WHERE client_id = $1 AND analysis_id = $2",
        client_id,
        analysis_id,
    )
    return kept


async def analysis(db: Connection, analysis_id: UUID) -> AnalysisRow | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM analysis WHERE analysis_id = $1", analysis_id)
    return AnalysisRow(**row) if row else None


async def hold(db: Connection, row: AnalysisRow) -> None:
    """Lock the analysis for this transaction. Raises LeaseLost when another has its lease."""
    await _hold(db, row, "FOR UPDATE")


async def hold_shared(db: Connection, row: AnalysisRow) -> None:
    """As `hold`, but beside others that share it: their commits need not wait for each other.

    For what numbers no step and changes nothing of the analysis itself.
    """
    await _hold(db, row, "FOR SHARE")


async def _hold(db: Connection, row: AnalysisRow, how: str) -> None:
    held = await db.fetchval(
        f"""
        SELECT 1 FROM analysis
         WHERE client_id = $1 AND analysis_id = $2 AND lease = $3 AND state = 'running'
           {how}
        """,
        row.client_id,
        row.analysis_id,
        row.lease,
    )
    if not held:
        raise LeaseLost(str(row.analysis_id))


async def add_results(db: Connection, row: AnalysisRow, results: Sequence[CheckResult]) -> None:
    """Store the outcomes of checks; one that has an outcome already keeps it."""
    await db.executemany(
        """
        INSERT INTO check_result (client_id, analysis_id, check_id, result)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        [
            (
                row.client_id,
                row.analysis_id,
                result.check_id,
                result.model_dump(mode="json", exclude={"cost_usd"}),
            )
            for result in results
        ],
    )


async def set_previews(db: Connection, row: AnalysisRow, previews: Sequence[Preview]) -> None:
    await db.execute(
        "UPDATE analysis SET previews = $3 WHERE client_id = $1 AND analysis_id = $2",
        row.client_id,
        row.analysis_id,
        [preview.model_dump(mode="json") for preview in previews],
    )


async def results(db: Connection, client_id: str, analysis_id: UUID) -> list[CheckResult]:
    rows = await db.fetch(
        "SELECT result FROM check_result WHERE client_id = $1 AND analysis_id = $2",
        client_id,
        analysis_id,
    )
    return [CheckResult.model_validate(row["result"]) for row in rows]


async def finish(
    db: Connection, row: AnalysisRow, judgement: Judgement | None, reason: str | None, at: datetime
) -> None:
    """End a held analysis: done with a judgement, failed without one."""
    await db.execute(
        """
        UPDATE analysis SET state = $3, verdict = $4, score = $5, coverage = $6, reason = $7,
                            finished_at = $8, lease_until = NULL
         WHERE client_id = $1 AND analysis_id = $2
        """,
        row.client_id,
        row.analysis_id,
        "done" if judgement else "failed",
        judgement and judgement.verdict,
        judgement and judgement.score,
        judgement and judgement.coverage,
        reason,
        at,
    )


async def add_progress(
    db: Connection, client_id: str, events: Sequence[ProgressEvent], of: UUID
) -> int:
    """Append progress events under the next numbers; return the last number."""
    last: int = await db.fetchval(
        """
        UPDATE analysis SET last_seq = last_seq + $3
         WHERE client_id = $1 AND analysis_id = $2
        RETURNING last_seq
        """,
        client_id,
        of,
        len(events),
    )
    numbers = range(last - len(events) + 1, last + 1)
    await db.executemany(
        "INSERT INTO progress (client_id, analysis_id, seq, event) VALUES ($1, $2, $3, $4)",
        [
            (client_id, of, seq, {**event.model_dump(mode="json"), "seq": seq})
            for seq, event in zip(numbers, events, strict=True)
        ],
    )
    return last


async def progress_after(
    db: Connection, client_id: str, analysis_id: UUID, seq: int
) -> list[ProgressEvent]:
    rows = await db.fetch(
        """
        SELECT event FROM progress
         WHERE client_id = $1 AND analysis_id = $2 AND seq > $3
         ORDER BY seq
        """,
        client_id,
        analysis_id,
        seq,
    )
    return [ProgressEvent.model_validate(row["event"]) for row in rows]


async def has_ended(db: Connection, client_id: str, analysis_id: UUID) -> bool:
    ended: bool = await db.fetchval(
        """
        SELECT finished_at IS NOT NULL FROM analysis WHERE client_id = $1 AND analysis_id = $2
        """,
        client_id,
        analysis_id,
    )
    return ended
