"""Stored answers that still count in a replay: nothing that they follow from has changed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult
from libs.postgres import transaction
from services.qc import repository
from services.qc.asking.judge import Judge
from services.qc.domain.prompt import facts_text
from services.qc.domain.replay import carried, measurements, why_asked
from services.qc.gallery import Gallery
from services.qc.repository import AnalysisRow

Measured = Mapping[str, Mapping[str, JsonValue]]


async def still_answered(
    judge: Judge,
    row: AnalysisRow,
    checks: Mapping[str, Check],
    gallery: Gallery,
    measured: Measured,
) -> list[CheckResult]:
    """Of a replay: the answers that are as good as new, for which nobody is asked.

    They count when the check is asked with the same words of the same models, and what it is
    told of the file is the same: the facts are put into words for both, and compared.
    """
    source_id = row.given.replay_of if row.given else None
    if source_id is None:
        return []
    found = await source_of(judge, row.client_id, source_id)
    if found is None:
        return []
    source, results = found
    now, then = (
        facts_text(row.client_id, row.creative, told, gallery.brief, gallery.suspected)
        for told in (measured, measurements(source.checks, results))
    )
    if now != then:
        return []
    of_check = {result.check_id: result for result in results}
    return [
        carried(check, of_check[check_id], source_id)
        for check_id, check in checks.items()
        if why_asked(
            check, source.checks.get(check_id), of_check.get(check_id), judge.may_answer(check)
        )
        is None
    ]


async def source_of(
    judge: Judge, client_id: str, source_id: UUID
) -> tuple[AnalysisRow, Sequence[CheckResult]] | None:
    async with transaction(judge.pool, [client_id]) as db:
        row = await repository.analysis(db, source_id)
        return (row, await repository.results(db, client_id, source_id)) if row else None
