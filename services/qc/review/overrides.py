"""A reviewer's word about a result: written beside what was found, which is never altered."""

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.overrides import Override
from libs.contracts.qc import CheckResult
from libs.contracts.review import ConfirmRequest, OverrideRequest
from libs.postgres import Connection, transaction
from libs.problems import Conflict, Forbidden, Invalid, NotFound
from services.qc import outbox, repository
from services.qc.domain.review import reviewed_result, score_of
from services.qc.domain.scoring import Judgement, judge
from services.qc.repository import AnalysisRow
from services.qc.review import said
from services.qc.run import Bench
from services.qc.written import completed_event

log = structlog.get_logger()
MOST_WORDS = 100
CONFIRMABLE = ("passed", "failed", "unsure", "not_applicable")
Words = Sequence[tuple[CheckResult, Override]]


async def override(
    bench: Bench, actor: Actor, row: AnalysisRow, check_id: str, wanted: OverrideRequest
) -> None:
    """Say of one check what it is. Raises Conflict, Forbidden, Invalid or NotFound."""
    _may_review(actor, row)
    async with transaction(bench.pool, [row.client_id]) as db:
        results, before = await _held(db, row)
        found = results.get(check_id)
        if found is None:
            raise NotFound("unknown_check", f"The analysis has no result of {check_id[:80]!r}.")
        earlier = before.get(check_id, [])
        _refuse(found, earlier, wanted)
        score = score_of(wanted.state, wanted.score, found)
        word = _word(actor, wanted.state, score, wanted.reason, len(earlier))
        await _write(db, row, results, before, [(found, word)])
    bench.outbox.wake()
    log.info("check overridden", check=check_id, found=found.state, said=wanted.state)


async def confirm(bench: Bench, actor: Actor, row: AnalysisRow, wanted: ConfirmRequest) -> None:
    """Say of results that they are right: of the named ones, or of all that nobody reviewed yet.

    Raises as `override` does.
    """
    _may_review(actor, row)
    async with transaction(bench.pool, [row.client_id]) as db:
        results, before = await _held(db, row)
        if unknown := sorted(set(wanted.checks) - results.keys()):
            raise NotFound("unknown_check", f"The analysis has no result of {unknown[0][:80]!r}.")
        words = [
            (found, _word(actor, found.state, found.score, wanted.reason, len(earlier)))
            for check_id, found in results.items()
            if check_id in (wanted.checks or results)
            and not _is_reviewed(earlier := before.get(check_id, []))
            and len(earlier) < MOST_WORDS
            and found.state in CONFIRMABLE
        ]
        await _write(db, row, results, before, words)
    log.info("checks confirmed", count=len(words))


def _is_reviewed(words: Sequence[Override]) -> bool:
    """One whose last word was taken back is as if nobody had looked at it."""
    return bool(words) and words[-1].state is not None


def _may_review(actor: Actor, row: AnalysisRow) -> None:
    require(actor, Action.REVIEW_ANALYSES, row.client_id)
    if actor.kind != "user":
        raise Forbidden("people_only", "Only a person can override or confirm a result: sign in.")
    if row.replay_id:
        raise Conflict("is_a_replay", "A replay counts nowhere: review the analysis itself.")
    if row.state != "done":
        raise Conflict("not_done", "Only an analysis that is done can be reviewed.")


async def _held(
    db: Connection, row: AnalysisRow
) -> tuple[dict[str, CheckResult], dict[str, list[Override]]]:
    """Results as found and what was said of them, with the analysis locked."""
    await said.hold_ended(db, row.client_id, row.analysis_id)
    results = await repository.results(db, row.client_id, row.analysis_id)
    before = await said.of_analysis(db, row.client_id, row.analysis_id)
    return {result.check_id: result for result in results}, before


def _refuse(found: CheckResult, earlier: Sequence[Override], wanted: OverrideRequest) -> None:
    if wanted.seen is not None and wanted.seen != len(earlier):
        raise Conflict(
            "overridden_meanwhile", "Somebody else reviewed this check meanwhile: look again."
        )
    if len(earlier) >= MOST_WORDS:
        raise Conflict("too_many_overrides", "This check was overridden too often: run it again.")
    if wanted.state is None and (not earlier or earlier[-1].state is None):
        raise Conflict("nothing_to_take_back", "Nobody overrode this check: nothing to take back.")
    confirms = (wanted.state, wanted.score) in ((found.state, found.score), (found.state, None))
    if not confirms and not wanted.reason.strip():
        raise Invalid("reason_missing", "Say why: an override needs a reason.")


def _word(actor: Actor, state: object, score: float | None, reason: str, earlier: int) -> Override:
    return Override.model_validate(
        {
            "number": earlier + 1,
            "state": state,
            "score": score,
            "reason": reason.strip(),
            "by_id": actor.subject,
            "by_name": actor.name or actor.subject,
            "at": datetime.now(UTC),
        }
    )


async def _write(
    db: Connection,
    row: AnalysisRow,
    results: dict[str, CheckResult],
    before: dict[str, list[Override]],
    words: Words,
) -> None:
    """Add the words, and tell usage of the new score where they change it."""
    await said.add(db, row, words)
    after = dict(before)
    for found, word in words:
        after[found.check_id] = [*after.get(found.check_id, []), word]
    now, was = _judged(row, results, after), _judged(row, results, before)
    if now != was and row.finished_at:
        counted = [reviewed_result(one, after.get(id, [])) for id, one in results.items()]
        event = completed_event(row, counted, now, row.finished_at)
        await outbox.enqueue(db, row.analysis_id, event)


def _judged(
    row: AnalysisRow, results: dict[str, CheckResult], words: dict[str, list[Override]]
) -> Judgement:
    counted = [reviewed_result(one, words.get(id, [])) for id, one in results.items()]
    return judge(counted, row.profile.pass_threshold)
