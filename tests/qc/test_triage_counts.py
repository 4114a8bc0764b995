"""What is counted of cheap answers: audits say how far to trust them, doubts do not."""

from libs.contracts.qc import CheckResult, Triage
from libs.contracts.triage import TriageCounts
from libs.postgres import Pool, transaction
from services.qc import repository
from services.qc.asking.answers import add_cheap_answers
from services.qc.triage_counts import triage_counts
from tests.qc.factories import NOON, claimed, queued

LUNA = "openai/gpt-6-luna"
STOOD = Triage(model=LUNA)
OVER_BUDGET = Triage(model=LUNA, reason="failed")
CORRECTED = Triage(model=LUNA, reason="failed", answered_again=True, agreed=False)
AGREED = Triage(model=LUNA, reason="audit", answered_again=True, agreed=True)
WRONG = Triage(model=LUNA, reason="audit", answered_again=True, agreed=False)
OPEN = Triage(model=LUNA, reason="audit", answered_again=True, agreed=None)


async def answered(pool: Pool, triage: Triage | None, client_id: str = "diageo") -> None:
    await queued(pool, client_id)
    row = await claimed(pool)
    assert row
    result = CheckResult(check_id="a", state="passed", score=90, triage=triage)
    async with transaction(pool, [client_id]) as db:
        await add_cheap_answers(db, client_id, row.analysis_id, LUNA, [result], NOON)
        if triage:
            await repository.add_results(db, row, [result])


async def test_audits_and_doubts_are_counted_apart(pool: Pool) -> None:
    for triage in (STOOD, STOOD, OVER_BUDGET, CORRECTED, AGREED, AGREED, WRONG, OPEN, None):
        await answered(pool, triage)
    await answered(pool, WRONG, "unilever")

    async with transaction(pool, ["diageo"]) as db:
        found = await triage_counts(db, "diageo")

    assert found == [
        TriageCounts(
            model=LUNA,
            check_id="a",
            answers=8,
            doubted=2,
            asked_again=1,
            audited=4,
            agreed=2,
            disagreed=1,
        )
    ]
