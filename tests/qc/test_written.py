"""What is written of an analysis: nothing is lost when checks end at the same time."""

import asyncio
from datetime import timedelta

import pytest

from libs.contracts.qc import CheckResult, Preview
from libs.postgres import Pool, transaction
from services.qc import repository
from services.qc.progress import Progress
from services.qc.repository import AnalysisRow, LeaseLost
from services.qc.written import Written
from tests.qc.factories import claimed, queued


async def begun(pool: Pool) -> tuple[Written, AnalysisRow]:
    await queued(pool)
    row = await claimed(pool)
    assert row is not None
    return Written(pool, Progress(pool), row), row


def result(number: int) -> CheckResult:
    return CheckResult(check_id=f"check_{number}", state="passed", score=90)


async def test_results_stored_side_by_side_are_all_there_and_told_once(pool: Pool) -> None:
    written, row = await begun(pool)

    await asyncio.gather(*(written.store(result(number)) for number in range(9)))

    async with transaction(pool, ["diageo"]) as db:
        stored = await repository.results(db, "diageo", row.analysis_id)
        steps = await repository.progress_after(db, "diageo", row.analysis_id, 0)
    ids = {f"check_{number}" for number in range(9)}
    assert written.results.keys() == ids == {one.check_id for one in stored}
    assert sorted(step.check_id or "" for step in steps) == sorted(ids)
    assert {step.done for step in steps} == set(range(1, 10))


async def test_another_worker_finds_what_was_written_and_tells_nothing_again(pool: Pool) -> None:
    written, row = await begun(pool)
    assert not await written.load()
    preview = Preview(page=1, width_px=2, height_px=2, sha256="a" * 64)
    await written.store(result(1), result(2), previews=[preview])

    async with transaction(pool, ["diageo"]) as db:
        fresh = await repository.analysis(db, row.analysis_id)
        before = await repository.progress_after(db, "diageo", row.analysis_id, 0)
    assert fresh is not None and fresh.previews == [preview]
    other = Written(pool, Progress(pool), fresh)
    assert await other.load()

    async with transaction(pool, ["diageo"]) as db:
        after = await repository.progress_after(db, "diageo", row.analysis_id, 0)
    assert other.results == written.results and after == before


async def test_worker_that_lost_its_lease_adds_no_step_after_the_last(pool: Pool) -> None:
    written, row = await begun(pool)
    assert await claimed(pool, timedelta(seconds=11))

    with pytest.raises(LeaseLost):
        await written.tell("check_started", check_id="file_weight")

    async with transaction(pool, ["diageo"]) as db:
        assert await repository.progress_after(db, "diageo", row.analysis_id, 0) == []
