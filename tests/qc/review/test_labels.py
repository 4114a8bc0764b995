"""What reviewers said, counted: the last word of each result, once, and only where it was found."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from libs.contracts.overrides import Override
from libs.contracts.qc import CheckResult
from libs.contracts.review import ReliabilityQuery
from libs.postgres import Pool, transaction
from services.qc import repository
from services.qc.domain.reliability import Reviewed, Reviewers
from services.qc.repository import AnalysisRow
from services.qc.review import labels, said
from tests.qc.factories import NOON, queued

FOUND = CheckResult(check_id="spelling", state="failed", score=0, model_served="gpt-4o")


def word(number: int, state: str | None, by: str = "rui", hours: int = 0) -> Override:
    return Override.model_validate(
        {
            "number": number,
            "state": state,
            "by_id": by,
            "by_name": by.title(),
            "at": NOON + timedelta(hours=hours),
        }
    )


async def reviewed(
    pool: Pool, words: Sequence[Override], client: str = "diageo", carried: bool = False
) -> AnalysisRow:
    analysis_id: UUID = await queued(pool, client)
    async with transaction(pool, [client]) as db:
        row = await repository.analysis(db, analysis_id)
        assert row
        await repository.add_results(db, row, [FOUND])
        if carried:
            await said.carry(db, row, [FOUND], {"spelling": words})
        else:
            await said.add(db, row, [(FOUND, one) for one in words])
    return row


async def counted(pool: Pool, *clients: str, **filters: object) -> list[tuple[str, str, int]]:
    query = ReliabilityQuery.model_validate(filters)
    async with transaction(pool, clients or None) as db:
        rows: list[Reviewed] = await labels.counted(db, query)
    return sorted((row.found, row.said, row.count) for row in rows)


async def test_last_word_counts_and_one_that_was_taken_back_does_not(pool: Pool) -> None:
    await reviewed(pool, [word(1, "passed"), word(2, "failed")])
    await reviewed(pool, [word(1, "failed")])
    await reviewed(pool, [word(1, "passed"), word(2, None)])

    assert await counted(pool) == [("failed", "failed", 2)]


async def test_word_that_a_rerun_carries_on_counts_where_it_was_said(pool: Pool) -> None:
    await reviewed(pool, [word(1, "passed")])
    await reviewed(pool, [word(1, "passed")], carried=True)

    assert await counted(pool) == [("failed", "passed", 1)]


async def test_other_clients_are_not_seen_and_filters_narrow(pool: Pool) -> None:
    await reviewed(pool, [word(1, "passed")])
    await reviewed(pool, [word(1, "failed", hours=5)], client="loreal")

    assert await counted(pool, "loreal") == [("failed", "failed", 1)]
    assert await counted(pool, "loreal", client="diageo") == []
    assert len(await counted(pool)) == 2
    assert await counted(pool, client="diageo") == [("failed", "passed", 1)]
    assert await counted(pool, since=NOON + timedelta(hours=5)) == [("failed", "failed", 1)]
    assert await counted(pool, until=NOON + timedelta(hours=5)) == [("failed", "passed", 1)]
    assert await counted(pool, profile="some_profile", check="spelling", client="diageo")
    assert await counted(pool, profile="some") == []
    assert await counted(pool, check="barcode") == []


async def test_reviewers_are_compared_where_two_looked_at_one_result(pool: Pool) -> None:
    await reviewed(pool, [word(1, "passed", "rui"), word(2, "not_applicable", "ada")])
    await reviewed(pool, [word(1, "passed", "rui"), word(2, "failed", "ada")])
    await reviewed(pool, [word(1, "failed", "rui"), word(2, "passed", "rui")])
    await reviewed(pool, [word(1, "failed", "eva"), word(2, "unsure", "rui")])

    async with transaction(pool) as db:
        found = await labels.reviewers(db, ReliabilityQuery())

    assert found == {"spelling": Reviewers(people=3, agree=1, pairs=2)}
