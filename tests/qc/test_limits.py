"""Places for calls: never too many, fair between clients, given back whatever happens."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from libs.contracts.qc import Given
from services.qc import limits, metrics
from services.qc.asking.judge import patience
from services.qc.domain.adaptive import Bounds
from services.qc.domain.rates import Rate
from services.qc.domain.routing import FailureKind, ModelRef
from services.qc.limits import Closed, Limits, Place

GPT = ModelRef("openai", "gpt-4o")
GEMINI = ModelRef("google", "gemini-2.5-pro")
TICK_S = 0.002


class Watched:
    """Makes calls through limits and keeps what was under way at the worst moment."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.now: Counter[object] = Counter()
        self.worst: Counter[object] = Counter()
        self.order: list[str] = []

    @asynccontextmanager
    async def call(self, model: ModelRef, client_id: str) -> AsyncIterator[Place]:
        async with self.limits.place(model, client_id) as place:
            self.order.append(client_id)
            for what in ("all", model, client_id):
                self.now[what] += 1
                self.worst[what] = max(self.worst[what], self.now[what])
            try:
                yield place
            finally:
                for what in ("all", model, client_id):
                    self.now[what] -= 1

    async def answered(self, model: ModelRef, client_id: str, for_s: float = TICK_S) -> None:
        async with self.call(model, client_id) as place:
            await asyncio.sleep(for_s)
            place.tell()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def test_no_more_calls_are_under_way_than_the_process_and_the_model_may_have() -> None:
    watched = Watched(Limits(5, Bounds(at_first=3, most=3)))

    await asyncio.gather(
        *(watched.answered(model, "diageo") for model in (GPT, GEMINI) for _ in range(20))
    )

    assert watched.worst["all"] == 5
    assert watched.worst[GPT] == 3
    assert watched.limits.in_flight == watched.limits.waiting == 0


async def test_client_with_one_call_does_not_wait_behind_a_client_with_fifty() -> None:
    watched = Watched(Limits(4, Bounds(at_first=4, most=4)))
    go_on = asyncio.Event()

    async def held() -> None:
        async with watched.call(GPT, "diageo"):
            await go_on.wait()

    many = [asyncio.create_task(held()) for _ in range(50)]
    await settled()
    one = asyncio.create_task(watched.answered(GPT, "loreal", 0))
    await settled()
    go_on.set()
    await asyncio.gather(one, *many)

    assert watched.order.index("loreal") == 4, "the first place that gets free is its"


async def test_clients_that_all_want_much_hold_the_same() -> None:
    watched = Watched(Limits(6, Bounds(at_first=6, most=6)))
    clients = ["diageo"] * 60 + ["loreal"] * 30 + ["boots"] * 15

    await asyncio.gather(*(watched.answered(GPT, client) for client in clients))

    half_way = Counter(watched.order[6:50])
    assert max(half_way.values()) - min(half_way.values()) <= 3, half_way


async def test_with_a_single_place_clients_take_turns() -> None:
    watched = Watched(Limits(1, Bounds(at_first=1, most=1)))
    clients = ["diageo"] * 9 + ["loreal"] * 3

    await asyncio.gather(*(watched.answered(GPT, client) for client in clients))

    assert watched.order[:6].count("loreal") == 3, watched.order


async def test_within_a_client_who_came_first_is_first() -> None:
    limits, seen = Limits(1, Bounds(at_first=1, most=1)), []

    async def numbered(number: int) -> None:
        async with limits.place(GPT, "diageo"):
            seen.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(numbered(number) for number in range(20)))

    assert seen == list(range(20))


async def test_model_that_wants_to_wait_holds_up_no_other_model() -> None:
    watched = Watched(Limits(2, Bounds(at_first=2, most=2)))
    async with watched.call(GPT, "diageo") as place:
        place.tell(FailureKind.RATE_LIMITED, retry_after_s=5.0)
    waiting = [asyncio.create_task(watched.answered(GPT, "diageo")) for _ in range(10)]
    await settled()

    async with asyncio.timeout(1):
        await watched.answered(GEMINI, "diageo")

    assert watched.limits.waiting == 10
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert watched.limits.in_flight == watched.limits.waiting == 0


async def test_nothing_starts_before_retry_after_and_then_it_goes_on_by_itself() -> None:
    watched = Watched(Limits(4, Bounds(at_first=4, most=4)))
    async with watched.call(GPT, "diageo") as place:
        closed_s = now_s()
        place.tell(FailureKind.RATE_LIMITED, retry_after_s=0.1)

    async with watched.call(GPT, "diageo"):
        assert now_s() - closed_s >= 0.1


async def test_nothing_starts_before_the_reset_when_nothing_is_left() -> None:
    watched = Watched(Limits(4, Bounds(at_first=4, most=4)))
    async with watched.call(GPT, "diageo") as place:
        closed_s = now_s()
        place.tell(rate=Rate(500, 0, 0.1))

    async with watched.call(GPT, "diageo"):
        assert now_s() - closed_s >= 0.1


async def test_long_wait_is_told_instead_of_waited_for_also_to_those_in_line() -> None:
    limits = Limits(1, Bounds(at_first=1, most=1))

    async def asked() -> None:
        async with limits.place(GPT, "diageo"):
            pass

    async with limits.place(GPT, "diageo") as place:
        in_line = asyncio.create_task(asked())
        await settled()
        place.tell(FailureKind.RATE_LIMITED, retry_after_s=90)
    with pytest.raises(Closed) as told:
        await in_line
    with pytest.raises(Closed):
        await asked()

    assert 89 < told.value.for_s <= 90
    assert limits.in_flight == limits.waiting == 0


async def test_who_is_sent_away_and_cancelled_at_once_gives_no_place_back() -> None:
    limits = Limits(1, Bounds(at_first=1, most=1))

    async def asked() -> None:
        async with limits.place(GPT, "diageo"):
            pass

    async with limits.place(GPT, "diageo") as place:
        in_line = asyncio.create_task(asked())
        await settled()
        place.tell(FailureKind.RATE_LIMITED, retry_after_s=90)
        in_line.cancel()
        await asyncio.gather(in_line, return_exceptions=True)

        assert limits.in_flight == 1


async def test_other_failures_close_nothing() -> None:
    limits = Limits(8, Bounds(at_first=8, most=8))
    for kind in set(FailureKind) - {FailureKind.RATE_LIMITED}:
        async with limits.place(GPT, "diageo") as place:
            place.tell(kind, retry_after_s=50)

        assert limits.allowed(GPT).calls == 8
        assert limits.allowed(GPT).opens_in_s(now_s()) == 0


async def test_models_are_limited_apart() -> None:
    limits = Limits(8, Bounds(at_first=8, most=8))
    async with limits.place(GPT, "diageo") as place:
        place.tell(FailureKind.RATE_LIMITED)

    assert limits.allowed(GPT).calls < limits.allowed(GEMINI).calls == 8


@pytest.mark.parametrize("seed", range(30))
async def test_whoever_is_cancelled_whenever_no_place_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    most = chance.randint(1, 5)
    watched = Watched(Limits(most, Bounds(at_first=2, most=4)))
    kinds = [None, None, FailureKind.RATE_LIMITED, FailureKind.SERVER_ERROR]

    async def one() -> None:
        async with watched.call(chance.choice([GPT, GEMINI]), chance.choice("abc")) as place:
            await asyncio.sleep(chance.random() * TICK_S)
            kind = chance.choice(kinds)
            place.tell(kind, chance.choice([0.0, TICK_S]))

    tasks = [asyncio.create_task(one()) for _ in range(60)]
    for _ in range(25):
        await asyncio.sleep(chance.random() * TICK_S)
        chance.choice(tasks).cancel()
    async with asyncio.timeout(20):
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    assert watched.worst["all"] <= most
    assert watched.limits.in_flight == watched.limits.waiting == 0
    async with asyncio.timeout(1), watched.limits.place(ModelRef("new", "one"), "a"):
        pass


async def test_place_is_given_back_when_the_call_breaks() -> None:
    watched = Watched(Limits(1, Bounds(at_first=1, most=1)))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with watched.call(GPT, "diageo"):
                raise ZeroDivisionError

    assert watched.limits.in_flight == 0


async def test_models_that_nobody_asks_any_more_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_MODELS", 5)
    known = Limits(4, Bounds())
    for number in range(50):
        async with known.place(ModelRef("openai", f"made-up-{number}"), "diageo"):
            pass

    shown = {
        sample.labels["model"]
        for metric in metrics.CALLS_IN_FLIGHT.collect()
        for sample in metric.samples
        if sample.labels["model"].startswith("made-up")
    }
    assert 1 <= len(shown) <= 5


async def test_metrics_tell_what_is_allowed_under_way_and_turned_away() -> None:
    model = ModelRef("openai", "measured")
    labels = (model.provider, model.model)
    known = Limits(4, Bounds(at_first=4, most=4))
    async with known.place(model, "diageo") as place:
        assert metrics.CALLS_IN_FLIGHT.labels(*labels)._value.get() == 1
        place.tell(FailureKind.RATE_LIMITED, 0)

    assert metrics.CALLS_IN_FLIGHT.labels(*labels)._value.get() == 0
    assert metrics.CALLS_ALLOWED.labels(*labels)._value.get() < 4
    assert metrics.CALLS_TURNED_AWAY.labels(*labels)._value.get() == 1


def test_what_can_wait_has_longer() -> None:
    assert patience(Given(can_wait=True)) == 10
    assert patience(Given()) == patience(None) == 1
