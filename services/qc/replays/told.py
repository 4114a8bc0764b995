"""What callers are told of replays: rows put together into the contract's shapes."""

from uuid import UUID

from libs.contracts.qc import Analysis
from libs.contracts.replays import (
    Replay,
    ReplayedCreative,
    ReplaySide,
    ReplaySummary,
)
from libs.postgres import Connection, transaction
from services.qc import repository
from services.qc.domain.compare import compare
from services.qc.domain.replay import cost_after, replayed_checks, totals
from services.qc.handlers import as_found, shown
from services.qc.replays import items, rows
from services.qc.replays.items import Item
from services.qc.replays.planning import profile_told
from services.qc.replays.rows import ReplayRow
from services.qc.repository import AnalysisRow
from services.qc.run import Bench


async def summary_of(db: Connection, row: ReplayRow) -> ReplaySummary:
    done, total = await items.progress(db, row)
    spent, bound = await items.spent(db, row)
    return ReplaySummary(
        replay_id=row.replay_id,
        client_id=row.client_id,
        state=row.state,
        profile=profile_told(row.profile, row.source),
        budget_usd=row.budget_usd,
        spent_usd=spent,
        bound_usd=bound,
        creatives=total,
        ended=done,
        created_by=row.user_name or row.user_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


async def replay_of(bench: Bench, row: ReplayRow) -> Replay:
    """With every creative, as far as it is now."""
    async with transaction(bench.pool, [row.client_id]) as db:
        now = await rows.REPLAYS.one(db, row.replay_id) or row
        summary = await summary_of(db, now)
        found = await items.items(db, row)
    creatives = [await _creative(bench, row, item) for item in found]
    return Replay(**dict(summary), totals=totals(creatives), items=creatives)


async def _creative(bench: Bench, row: ReplayRow, item: Item) -> ReplayedCreative:
    source = await _analysis(bench, row, item.source_id)
    before = await as_found(bench, source)
    counts = await shown(bench, source)
    told = ReplayedCreative(
        source_id=item.source_id,
        analysis_id=item.analysis_id,
        file_name=before.creative.file_name,
        sha256=before.creative.sha256,
        profile_id=before.profile_id,
        profile_version=before.profile_version,
        state=item.state,
        code=item.code,
        reason=item.reason,
        before=_side(before),
        reviewed=counts.verdict if counts.found else None,
        expected_usd=item.expected_usd,
    )
    if item.analysis_id is None:
        return told
    after = await as_found(bench, await _analysis(bench, row, item.analysis_id))
    told = told.model_copy(update={"spent_usd": after.cost_usd})
    if item.state != "done":
        return told
    found = compare(before, after)
    side = _side(after).model_copy(update={"cost_usd": cost_after(before, after)})
    return told.model_copy(
        update={
            "after": side,
            "score_change": found.score_change,
            "flips": before.verdict != after.verdict,
            "checks": replayed_checks(found, after, row.profile),
        }
    )


async def _analysis(bench: Bench, row: ReplayRow, analysis_id: UUID) -> AnalysisRow:
    async with transaction(bench.pool, [row.client_id]) as db:
        found = await repository.analysis(db, analysis_id)
    if found is None:
        raise AssertionError("a replay names analyses that there are")
    return found


def _side(analysis: Analysis) -> ReplaySide:
    return ReplaySide.model_validate(analysis.model_dump(include=set(ReplaySide.model_fields)))
