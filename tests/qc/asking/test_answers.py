"""What is kept of answers: by key and client, the newest counts, until it is too old."""

from datetime import timedelta
from uuid import uuid4

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult
from libs.postgres import Pool, transaction
from services.qc.asking.answers import (
    KeptAnswer,
    add_cheap_answers,
    cheap_answers,
    find_answers,
    keep_answers,
)
from services.qc.kept import Kept
from tests.qc.factories import NOON, claimed, queued

CHECK = Check(kind="judged", prompt="p")
PASSED = CheckResult(check_id="a", state="passed", score=95)
FAILED = CheckResult(check_id="a", state="failed", score=5)


async def kept(pool: Pool, *results: CheckResult, client: str = "diageo", hours: int = 0) -> None:
    keys = {result.check_id: f"key of {result.check_id}" for result in results}
    async with transaction(pool, [client]) as db:
        await keep_answers(db, client, results, keys, uuid4(), NOON + timedelta(hours=hours))


async def found(pool: Pool, client: str = "diageo") -> dict[str, CheckResult | None]:
    rows = await find_answers(pool, client, ["key of a", "key of b", "key of c"])
    return {key: row.as_result("a", CHECK) for key, row in rows.items()}


async def test_answer_is_found_by_its_key_and_by_its_client_alone(pool: Pool) -> None:
    await kept(pool, PASSED, CheckResult(check_id="b", state="error", reason="down"))

    assert await found(pool) == {"key of a": PASSED.model_copy(update={"cached": True})}
    assert await found(pool, "unilever") == {}


async def test_newest_answer_counts(pool: Pool) -> None:
    await kept(pool, PASSED)
    await kept(pool, FAILED, hours=1)

    assert (await found(pool))["key of a"] == FAILED.model_copy(update={"cached": True})


async def test_answer_that_came_out_of_the_cache_is_not_kept_again(pool: Pool) -> None:
    await kept(pool, PASSED)
    await kept(pool, FAILED.model_copy(update={"cached": True}), hours=1)

    assert (await found(pool))["key of a"] == PASSED.model_copy(update={"cached": True})


async def test_old_answers_are_forgotten(pool: Pool) -> None:
    await kept(pool, PASSED)
    await kept(pool, PASSED.model_copy(update={"check_id": "b"}), hours=2)

    assert await Kept(pool, {}, 30).forget(NOON + timedelta(hours=1)) == 1
    assert list(await found(pool)) == ["key of b"]


def test_what_cannot_be_read_any_more_is_no_answer() -> None:
    assert KeptAnswer({"state": "wonderful"}, uuid4()).as_result("a", CHECK) is None
    assert KeptAnswer({}, uuid4()).as_result("a", CHECK) is None


async def test_cheap_answer_is_written_once(pool: Pool) -> None:
    await queued(pool)
    row = await claimed(pool)
    assert row
    async with transaction(pool, ["diageo"]) as db:
        for answer in (PASSED, FAILED):
            await add_cheap_answers(
                db, "diageo", row.analysis_id, "openai/gpt-6-luna", [answer], NOON
            )
        said = await cheap_answers(db, "diageo", row.analysis_id)

    assert said == {"a": ("openai/gpt-6-luna", PASSED)}
