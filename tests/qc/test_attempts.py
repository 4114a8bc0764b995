"""Intent before the call, settle after it: each call has one row and one usage event."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from libs.contracts.qc import CheckResult
from libs.contracts.usage import ProviderCall
from libs.postgres import Pool, transaction
from services.qc import attempts, repository
from services.qc.asking.finishing import LAST_MOMENT_S, to_its_end
from services.qc.attempts import Attempt, Settled
from services.qc.call_costs import CallCost, costs_of
from services.qc.domain.routing import ModelRef
from services.qc.domain.usage import UNKNOWN_USAGE, TokenUsage
from services.qc.outbox import EVENT
from services.qc.repository import AnalysisRow, LeaseLost
from tests.qc.factories import claimed, queued

GPT = ModelRef("openai", "gpt-4o")
PAID = Settled("succeeded", TokenUsage(input_tokens=10, output_tokens=5, total_tokens=15), "gpt-4o")
RESULT = CheckResult(check_id="file_weight", state="passed", score=90)
LATER = timedelta(seconds=11)


async def opened(pool: Pool, row: AnalysisRow) -> Attempt:
    return await attempts.open_attempt(pool, row, ["file_weight"], GPT, 1, None, (30_000, 4_000))


async def running(pool: Pool) -> AnalysisRow:
    await queued(pool)
    row = await claimed(pool)
    assert row
    return row


async def events(pool: Pool) -> list[ProviderCall]:
    async with transaction(pool) as db:
        rows = await db.fetch("SELECT event FROM outbox ORDER BY event_id")
    found = [EVENT.validate_python(row["event"]) for row in rows]
    return [event for event in found if isinstance(event, ProviderCall)]


async def test_settled_call_is_one_event_with_its_result(pool: Pool) -> None:
    row = await running(pool)
    attempt = await opened(pool, row)

    await attempts.settle_with_results(pool, row, attempt, PAID, [RESULT])

    (event,) = await events(pool)
    assert event.event_id == attempt.attempt_id
    assert (event.input_tokens, event.output_tokens, event.outcome) == (10, 5, "succeeded")
    assert (event.client_id, event.user_id, event.check_ids) == ("diageo", "uma", ["file_weight"])
    async with transaction(pool, ["diageo"]) as db:
        assert await repository.results(db, "diageo", row.analysis_id) == [RESULT]


async def test_the_ledger_hears_which_tier_was_wished_for_and_which_answered(pool: Pool) -> None:
    row = await running(pool)
    waits = row.model_copy(update={"can_wait": True})
    for given in (row, waits):
        attempt = await opened(pool, given)
        await attempts.settle_alone(pool, given, attempt, PAID)

    told = [(event.service_tier_requested, event.service_tier) for event in await events(pool)]
    assert told == [("standard", "standard"), ("flex", "standard")]


async def test_settling_twice_is_settling_once(pool: Pool) -> None:
    row = await running(pool)
    attempt = await opened(pool, row)

    await attempts.settle_with_results(pool, row, attempt, PAID, [RESULT])
    await attempts.settle_with_results(pool, row, attempt, PAID, [RESULT])
    await attempts.settle_alone(pool, row, attempt, Settled("unknown", UNKNOWN_USAGE))

    assert [event.outcome for event in await events(pool)] == ["succeeded"]


async def test_call_that_a_dead_worker_left_is_unknown_and_bounded(pool: Pool) -> None:
    dead = await running(pool)
    attempt = await opened(pool, dead)
    heir = await claimed(pool, LATER)
    assert heir

    assert await attempts.settle_strays(pool, heir) == 1
    assert await attempts.settle_strays(pool, heir) == 0

    (event,) = await events(pool)
    assert event.event_id == attempt.attempt_id
    assert (event.outcome, event.usage_source) == ("unknown", "unknown")
    assert (event.input_tokens, event.output_tokens) == (30_000, 4_000)


async def test_worker_that_comes_back_late_pays_but_judges_nothing(pool: Pool) -> None:
    late = await running(pool)
    attempt = await opened(pool, late)
    assert await claimed(pool, LATER)

    with pytest.raises(LeaseLost):
        await attempts.settle_with_results(pool, late, attempt, PAID, [RESULT])

    assert [event.outcome for event in await events(pool)] == ["succeeded"]
    async with transaction(pool, ["diageo"]) as db:
        assert await repository.results(db, "diageo", late.analysis_id) == []


async def test_late_worker_makes_no_further_call(pool: Pool) -> None:
    late = await running(pool)
    assert await claimed(pool, LATER)

    with pytest.raises(LeaseLost):
        await opened(pool, late)


async def test_cost_is_what_the_ledger_told(pool: Pool) -> None:
    row = await running(pool)
    paid, lost = await opened(pool, row), await opened(pool, row)
    await attempts.settle_alone(pool, row, paid, PAID)
    await attempts.settle_alone(pool, row, lost, Settled("unknown", UNKNOWN_USAGE))
    async with transaction(pool) as db:
        await db.execute("UPDATE attempt SET cost_usd = 0.5 WHERE attempt_id = $1", paid.attempt_id)
        costs = await costs_of(db, "diageo", row.analysis_id)

    assert {(cost.unknown, cost.cost_usd) for cost in costs} == {
        (False, Decimal("0.5")),
        (True, None),
    }


@pytest.mark.parametrize("cost", ["0.01", "0.000000000000000001", "1", "123456.7"])
def test_shares_of_a_call_add_up_to_it(cost: str) -> None:
    whole = Decimal(cost)

    shares = CallCost(("a", "b", "c"), False, whole).shares()

    assert [share.check_ids for share in shares] == [("a",), ("b",), ("c",)]
    assert sum((share.cost_usd or Decimal(0) for share in shares), Decimal(0)) == whole
    assert all(share.cost_usd is None for share in CallCost(("a", "b"), False, None).shares())


async def test_what_a_call_cost_is_written_down_though_its_analysis_is_stopped(
    pool: Pool,
) -> None:
    row = await running(pool)
    attempt = await opened(pool, row)
    async with transaction(pool, ["diageo"]) as other:
        await repository.hold(other, row)
        settling = asyncio.create_task(
            to_its_end(attempts.settle_with_results(pool, row, attempt, PAID, [RESULT]))
        )
        await asyncio.sleep(0.2)
        settling.cancel()
        await asyncio.sleep(0.1)
        assert not settling.done(), "it waits for the row"
    await asyncio.gather(settling, return_exceptions=True)

    assert settling.cancelled()
    assert [event.outcome for event in await events(pool)] == ["succeeded"]


async def test_what_cannot_be_written_down_holds_nobody_up_for_long() -> None:
    stuck = asyncio.create_task(to_its_end(asyncio.sleep(60)))
    await asyncio.sleep(0)
    began_s = asyncio.get_running_loop().time()
    stuck.cancel()
    await asyncio.gather(stuck, return_exceptions=True)

    assert stuck.cancelled()
    assert asyncio.get_running_loop().time() - began_s < LAST_MOMENT_S + 1
