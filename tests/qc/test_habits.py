"""What an estimate learns from: the client's own calls that were answered, the last ones only."""

from libs.contracts.qc import CheckResult, Triage
from libs.ids import uuid7
from libs.postgres import Pool, transaction
from services.qc import attempts, repository
from services.qc.asking.answers import add_cheap_answers
from services.qc.attempts import Settled
from services.qc.domain.estimate import ESCALATED, Habit, Habits
from services.qc.domain.routing import ModelRef
from services.qc.domain.usage import UNKNOWN_USAGE, TokenUsage
from services.qc.habits import habits_of, measured_lately
from services.qc.repository import AnalysisRow
from tests.factories import user
from tests.qc.factories import CREATIVE, NOON, claimed, profile, queued

GPT = ModelRef("openai", "gpt-4o")
PROFILE = "some_profile"


def paid(given: int, made: int, cached: int = 0) -> Settled:
    usage = TokenUsage(input_tokens=given, cached_input_tokens=cached, output_tokens=made)
    return Settled("succeeded", usage, "gpt-4o-2024-11-20")


async def running(pool: Pool, client_id: str = "diageo") -> AnalysisRow:
    await queued(pool, client_id)
    row = await claimed(pool)
    assert row and row.client_id == client_id
    return row


async def called(pool: Pool, row: AnalysisRow, settled: Settled, *check_ids: str) -> None:
    attempt = await attempts.open_attempt(pool, row, check_ids[0], GPT, 1, None, (30_000, 4_000))
    await attempts.settle_alone(pool, row, attempt, settled)


async def habits(pool: Pool, client_id: str = "diageo", of: str = PROFILE) -> Habits:
    async with transaction(pool, [client_id]) as db:
        return await habits_of(db, client_id, of)


async def test_answered_calls_are_summed_by_what_they_asked_and_by_model(pool: Pool) -> None:
    row = await running(pool)
    await called(pool, row, paid(1_000, 50), "a")
    await called(pool, row, paid(2_000, 150, cached=1_024), "a")
    await called(pool, row, paid(500, 10), "b")

    found = await habits(pool)

    assert found.of_groups == {
        (GPT, ("a",)): Habit(2, 2, 3_000, 1_024, 200),
        (GPT, ("b",)): Habit(1, 1, 500, 0, 10),
    }
    assert found.of_models == {GPT: Habit(3, 3, 3_500, 1_024, 210)}


async def test_calls_that_brought_no_answer_teach_nothing(pool: Pool) -> None:
    row = await running(pool)
    await called(pool, row, Settled("unknown", UNKNOWN_USAGE), "a")
    await called(pool, row, Settled("failed", TokenUsage(input_tokens=900)), "a")
    estimated = TokenUsage(input_tokens=1_000, output_tokens=200, source="estimated")
    await called(pool, row, Settled("succeeded", estimated), "a")
    await called(pool, row, Settled("cached", TokenUsage()), "a")

    assert await habits(pool) == Habits()


async def test_counts_that_contradict_themselves_teach_nothing(pool: Pool) -> None:
    row = await running(pool)
    for total in (2_000_000_000, 0):
        broken = TokenUsage(input_tokens=2_000_000_000, output_tokens=1, total_tokens=total)
        await called(pool, row, Settled("succeeded", broken), "a")
    whole = TokenUsage(input_tokens=1_000, output_tokens=50, total_tokens=1_050)
    await called(pool, row, Settled("succeeded", whole), "a")

    assert (await habits(pool)).of_models == {GPT: Habit(1, 1, 1_000, 0, 50)}


async def test_calls_of_another_profile_count_for_the_model_and_of_another_client_not_at_all(
    pool: Pool,
) -> None:
    row = await running(pool)
    await called(pool, row, paid(1_000, 50), "a")

    elsewhere = await habits(pool, of="other")
    assert (elsewhere.of_groups, set(elsewhere.of_models)) == ({}, {GPT})
    assert await habits(pool, "unilever") == Habits()


async def test_share_of_cheap_answers_in_doubt_is_learned_slowly(pool: Pool) -> None:
    row = await running(pool)
    reasons = ("failed", "unsure", "audit", None)
    results = [
        CheckResult.model_validate(
            {
                "check_id": f"check_{n}",
                "state": "passed",
                "score": 90,
                "triage": Triage(model="openai/gpt-6-luna", reason=reason),
            }
        )
        for n, reason in enumerate(reasons)
    ]
    async with transaction(pool, ["diageo"]) as db:
        await add_cheap_answers(db, "diageo", row.analysis_id, "openai/gpt-6-luna", results, NOON)
        await repository.add_results(db, row, results)

    found, elsewhere = await habits(pool), await habits(pool, of="other")
    share = (4 * ESCALATED + 2) / (4 + 4)
    assert found.escalated == elsewhere.escalated == share
    assert found.doubts == {
        "check_0": (share / 2 + 1) / 1.5,
        "check_1": (share / 2 + 1) / 1.5,
        "check_2": share / 2 / 1.5,
        "check_3": share / 2 / 1.5,
    }
    assert elsewhere.doubts == {}


async def measured(pool: Pool, sha256: str, width: int) -> None:
    creative = CREATIVE.model_copy(update={"sha256": sha256})
    analysis_id = uuid7()
    result = CheckResult(check_id="a", state="passed", score=1, measurements={"w": width})
    async with transaction(pool, ["diageo"]) as db:
        await repository.add_analysis(
            db, analysis_id, "diageo", user(), profile(), creative, "request-1", NOON
        )
    row = await claimed(pool)
    assert row
    async with transaction(pool, ["diageo"]) as db:
        await repository.add_results(db, row, [result])


async def test_measurements_are_this_files_own_else_the_newest(pool: Pool) -> None:
    await measured(pool, "aa" * 32, 1)
    await measured(pool, "bb" * 32, 2)
    async with transaction(pool, ["diageo"]) as db:
        own = await measured_lately(db, "diageo", PROFILE, "aa" * 32, ["a", "b"])
        newest = await measured_lately(db, "diageo", PROFILE, "cc" * 32, ["a"])
        nothing = await measured_lately(db, "diageo", "other", "aa" * 32, ["a"])

    assert (own, newest, nothing) == ({"a": {"w": 1}}, {"a": {"w": 2}}, {})
