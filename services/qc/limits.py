"""Places for provider calls: few enough for each model, shared fairly between the clients.

A call holds a place while it is made and written down, never while it waits to be tried again.
A provider is one server with one key, so a `ModelRef` stands for server, key and model.
The state is this process's: several workers each find their share by what they are told.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from services.qc import metrics
from services.qc.domain.adaptive import Allowance, Bounds, allowance
from services.qc.domain.rates import UNTOLD, Rate
from services.qc.domain.routing import MAX_WAIT_S, FailureKind, ModelRef

log = structlog.get_logger()
MOST_MODELS = 200

_TROUBLE = {
    FailureKind.SERVER_ERROR,
    FailureKind.TIMED_OUT,
    FailureKind.UNREACHABLE,
    FailureKind.INTERRUPTED,
}
_SAYS_NOTHING = {
    FailureKind.TIER_REFUSED,
    FailureKind.QUOTA_EXHAUSTED,
    FailureKind.UNAUTHORIZED,
    FailureKind.INVALID_REQUEST,
}


class Closed(Exception):
    """The model wants to be left alone for longer than is worth waiting for."""

    def __init__(self, for_s: float) -> None:
        super().__init__(f"it wants no call for {for_s:.0f} s more")
        self.for_s = for_s


@dataclass(slots=True)
class _Pool:
    allowance: Allowance
    in_flight: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    model: ModelRef
    client_id: str
    granted: "asyncio.Future[None]"


class Place:
    """The right to make one call. Say once what became of it, as soon as it is known."""

    def __init__(self, model: ModelRef, began_s: float, tell: "Tell") -> None:
        self._model = model
        self._began_s = began_s
        self._tell = tell

    def tell(
        self,
        failure: FailureKind | None = None,
        retry_after_s: float | None = None,
        rate: Rate = UNTOLD,
    ) -> None:
        """`failure` is None for an answer; `rate` the tightest window that its headers name."""
        self._tell(self._model, self._began_s, failure, retry_after_s, rate)


Tell = Callable[[ModelRef, float, FailureKind | None, float | None, Rate], None]


class Limits:
    """Every place of this process: `most` at a time, and per model as many as it bears.

    A place that gets free goes to the client with the fewest, then to the one that has waited
    longest for its turn; who waits for a model that is closed holds up nobody else.
    """

    def __init__(self, most: int, bounds: Bounds) -> None:
        self._most = most
        self._bounds = bounds
        self._pools: dict[ModelRef, _Pool] = {}
        self._held: Counter[str] = Counter()
        self._turn: dict[str, int] = {}
        self._turns = 0
        self._queues: dict[tuple[ModelRef, str], deque[_Waiting]] = {}
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> int:
        return self._held.total()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    def allowed(self, model: ModelRef) -> Allowance:
        """How the model stands now."""
        return self._pool(model).allowance

    @asynccontextmanager
    async def place(self, model: ModelRef, client_id: str) -> AsyncIterator[Place]:
        """Wait for a place and hold it.

        Raises Closed when the model asks, now or while waiting, for more than a minute of peace.
        """
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        if (for_s := self.allowed(model).opens_in_s(asked_s)) > MAX_WAIT_S:
            raise Closed(for_s)
        await self._wait(_Waiting(model, client_id, loop.create_future()))
        metrics.CALL_WAIT.labels(model.provider).observe(loop.time() - asked_s)
        try:
            yield Place(model, loop.time(), self._told)
        finally:
            self._give_back(model, client_id)

    async def _wait(self, waiting: _Waiting) -> None:
        queue = self._queues.setdefault((waiting.model, waiting.client_id), deque())
        queue.append(waiting)
        self._admit()
        try:
            await waiting.granted
        except asyncio.CancelledError:
            if _has_place(waiting.granted):
                self._give_back(waiting.model, waiting.client_id)
            else:
                with suppress(ValueError):
                    queue.remove(waiting)
                self._admit()
            raise

    def _admit(self) -> None:
        """Give free places to whoever's turn it is, and see to it that the next are given."""
        now_s = asyncio.get_running_loop().time()
        while self.in_flight < self._most and (waiting := self._next(now_s)):
            pool = self._pool(waiting.model)
            pool.in_flight += 1
            pool.allowance = pool.allowance.started(pool.in_flight)
            self._turns += 1
            self._turn[waiting.client_id] = self._turns
            self._held[waiting.client_id] += 1
            waiting.granted.set_result(None)
            self._show(waiting.model)
        metrics.CALLS_WAITING.set(self.waiting)
        self._set_alarm(now_s)

    def _next(self, now_s: float) -> _Waiting | None:
        self._drop_cancelled()
        startable = [
            (self._held[client_id], self._turn.get(client_id, 0), model, client_id)
            for model, client_id in self._queues
            if self._may_start(model, now_s)
        ]
        if not startable:
            return None
        *_, model, client_id = min(startable, key=lambda one: one[:2])
        return self._queues[model, client_id].popleft()

    def _drop_cancelled(self) -> None:
        """Who was cancelled may not have woken up to leave the line by itself."""
        for whose, queue in list(self._queues.items()):
            while queue and queue[0].granted.done():
                queue.popleft()
            if not queue:
                del self._queues[whose]

    def _may_start(self, model: ModelRef, now_s: float) -> bool:
        pool = self._pool(model)
        return pool.allowance.may_start(now_s, pool.in_flight)

    def _give_back(self, model: ModelRef, client_id: str) -> None:
        self._pool(model).in_flight -= 1
        self._held[client_id] -= 1
        if not self._held[client_id]:
            del self._held[client_id]
        self._show(model)
        self._admit()

    def _told(
        self,
        model: ModelRef,
        began_s: float,
        failure: FailureKind | None,
        retry_after_s: float | None,
        rate: Rate,
    ) -> None:
        pool, now_s = self._pool(model), asyncio.get_running_loop().time()
        before = pool.allowance
        if failure is FailureKind.RATE_LIMITED:
            metrics.CALLS_TURNED_AWAY.labels(*_labels(model)).inc()
            pool.allowance = before.turned_away(began_s, now_s, retry_after_s, rate)
        elif failure in _TROUBLE:
            pool.allowance = before.troubled(now_s)
        elif failure not in _SAYS_NOTHING:
            pool.allowance = before.answered(began_s, now_s, pool.in_flight, rate)
        if pool.allowance.calls != before.calls:
            log.info(
                "calls at a time",
                model=str(model),
                before=before.calls,
                now=pool.allowance.calls,
                because=failure.value if failure else "answers",
                opens_in_s=round(pool.allowance.opens_in_s(now_s), 1),
            )
            self._show(model)
        if (for_s := pool.allowance.opens_in_s(now_s)) > MAX_WAIT_S:
            self._send_away(model, for_s)

    def _send_away(self, model: ModelRef, for_s: float) -> None:
        for (waited_for, _), queue in self._queues.items():
            while waited_for == model and queue:
                if not (granted := queue.popleft().granted).done():
                    granted.set_exception(Closed(for_s))

    def _pool(self, model: ModelRef) -> _Pool:
        if model not in self._pools:
            self._forget_idle()
            self._pools[model] = _Pool(allowance(self._bounds))
        return self._pools[model]

    def _forget_idle(self) -> None:
        """A profile may name any model: what is kept of those that nobody asks has an end."""
        if len(self._pools) < MOST_MODELS:
            return
        waited_for = {model for model, _ in self._queues}
        for model, pool in list(self._pools.items()):
            if not pool.in_flight and model not in waited_for:
                del self._pools[model]
                metrics.forget(*_labels(model))

    def _set_alarm(self, now_s: float) -> None:
        """When a model that somebody waits for opens again, nothing else would tell."""
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        opens = [self.allowed(model).opens_in_s(now_s) for model, _ in self._queues]
        if closed := [in_s for in_s in opens if in_s > 0]:
            self._alarm = asyncio.get_running_loop().call_later(min(closed), self._admit)

    def _show(self, model: ModelRef) -> None:
        pool, labels = self._pool(model), _labels(model)
        metrics.CALLS_ALLOWED.labels(*labels).set(pool.allowance.calls)
        metrics.CALLS_IN_FLIGHT.labels(*labels).set(pool.in_flight)


def _has_place(granted: "asyncio.Future[None]") -> bool:
    return granted.done() and not granted.cancelled() and granted.exception() is None


def _labels(model: ModelRef) -> tuple[str, str]:
    return model.provider[:40], model.model[:80]
