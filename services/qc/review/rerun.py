"""Running some checks of an analysis again: a new analysis that carries the other results on."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.overrides import Override
from libs.contracts.qc import CheckResult
from libs.contracts.review import Rerun, RerunRequest
from libs.postgres import Connection, transaction
from libs.problems import Conflict, Invalid
from services.qc import briefing, repository
from services.qc.accept import add_queued
from services.qc.briefing import StoredBrief
from services.qc.domain.review import reviewed_result
from services.qc.repository import AnalysisRow
from services.qc.review import said
from services.qc.run import Bench

log = structlog.get_logger()
ENDED = ("done", "failed", "cancelled")


async def rerun(bench: Bench, actor: Actor, row: AnalysisRow, wanted: RerunRequest) -> Rerun:
    """Queue a new analysis of the same file, profile version and brief.

    Checks that are not run again keep their results, with what reviewers said of them. Asked
    twice while the first one is under way, it is the first one that is answered. Raises Conflict
    or Invalid.
    """
    require(actor, Action.RUN_ANALYSES, row.client_id)
    if row.replay_id:
        raise Conflict("is_a_replay", "A replay is not run again: start another one.")
    if row.state not in ENDED:
        raise Conflict("not_finished", "The analysis has not ended yet: wait until it has.")
    async with bench.queue.room(row.client_id), transaction(bench.pool, [row.client_id]) as db:
        told = await queue_rerun(db, bench, actor, row, wanted)
    bench.progress.tell(told.analysis_id)
    log.info("analysis run again", rerun_of=str(row.analysis_id), analysis=str(told.analysis_id))
    return told


async def queue_rerun(
    db: Connection, bench: Bench, actor: Actor, row: AnalysisRow, wanted: RerunRequest
) -> Rerun:
    """The same in the caller's transaction, of an analysis that has ended."""
    await said.hold_ended(db, row.client_id, row.analysis_id)
    results = await repository.results(db, row.client_id, row.analysis_id)
    words = await said.of_analysis(db, row.client_id, row.analysis_id)
    chosen = _chosen(row, results, words, wanted)
    carried = [result for result in results if result.check_id not in chosen]
    analysis_id = await _under_way(db, row, carried)
    if analysis_id is None:
        analysis_id = await _write(bench, db, actor, row, carried, words)
    return Rerun(
        analysis_id=analysis_id,
        rerun_of=row.analysis_id,
        checks=chosen,
        carried=[result.check_id for result in carried],
    )


def _chosen(
    row: AnalysisRow,
    results: Sequence[CheckResult],
    words: Mapping[str, Sequence[Override]],
    wanted: RerunRequest,
) -> list[str]:
    """In the profile's order. What has no result is always run: it never came to its end."""
    if unknown := sorted(set(wanted.checks) - row.checks.keys()):
        raise Invalid(
            "unknown_check",
            f"The analysis has no check {unknown[0][:80]!r}. It has: {', '.join(row.checks)}.",
        )
    counted = {one.check_id: reviewed_result(one, words.get(one.check_id, ())) for one in results}
    chosen = [
        check_id
        for check_id in row.checks
        if check_id not in counted
        or (
            check_id in wanted.checks if wanted.checks else counted[check_id].state in wanted.states
        )
    ]
    if not chosen:
        states = ", ".join(wanted.states)
        raise Conflict(
            "nothing_to_rerun", f"No check is {states}: name checks or other states to run again."
        )
    return chosen


async def _under_way(
    db: Connection, row: AnalysisRow, carried: Sequence[CheckResult]
) -> UUID | None:
    """The rerun of the same checks that has not ended yet."""
    rows = await db.fetch(
        """
        SELECT a.analysis_id,
               ARRAY(SELECT r.check_id FROM check_result r
                      WHERE r.client_id = a.client_id AND r.analysis_id = a.analysis_id
                        AND r.result ->> 'carried_from' IS NOT NULL) AS carried
          FROM analysis a
         WHERE a.client_id = $1 AND a.state IN ('queued', 'running')
           AND a.brief -> 'given' ->> 'rerun_of' = $2
        """,
        row.client_id,
        str(row.analysis_id),
    )
    ids = {result.check_id for result in carried}
    return next((found["analysis_id"] for found in rows if set(found["carried"]) == ids), None)


async def _write(
    bench: Bench,
    db: Connection,
    actor: Actor,
    row: AnalysisRow,
    carried: Sequence[CheckResult],
    words: Mapping[str, Sequence[Override]],
) -> UUID:
    """Queue it as an upload is queued; the results are there before a worker can see it."""
    brief = await _brief(db, row)
    analysis_id = await add_queued(
        db, bench, actor, row.client_id, row.profile, row.creative, brief, row.only_checks
    )
    new = row.model_copy(update={"analysis_id": analysis_id, "lease": None})
    await repository.set_previews(db, new, row.previews)
    await repository.add_results(db, new, [_carried(one, row.analysis_id) for one in carried])
    await said.carry(db, new, carried, words)
    return analysis_id


async def _brief(db: Connection, row: AnalysisRow) -> StoredBrief:
    """That of the earlier analysis, whatever was uploaded since: only so its other results hold."""
    stored, _ = await briefing.brief_of(db, row.client_id, row.analysis_id, row.profile)
    given = stored.given.model_copy(update={"rerun_of": row.analysis_id, "fresh": True})
    return stored.model_copy(update={"given": given})


def _carried(result: CheckResult, analysis_id: UUID) -> CheckResult:
    """Of a rerun of a rerun the result still names the analysis in which it was found."""
    return result.model_copy(update={"carried_from": result.carried_from or analysis_id})
