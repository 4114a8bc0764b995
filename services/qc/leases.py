"""Which worker runs which analysis: claim, heartbeat, drain.

A claim is a lease on the row with a token. A worker that dies stops its heartbeat, the lease
runs out, and the next worker goes on; one that was only slow finds its token refused.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError

from libs.postgres import Pool, Record, transaction
from libs.problems import Unavailable
from services.qc import attempts, metrics, queue
from services.qc.repository import AnalysisRow, LeaseLost, Payer
from services.qc.run import Bench, give_up, run_analysis

log = structlog.get_logger()
POLL_S = 0.5
DRAIN_S = 3.0


class Worker:
    """Runs up to `slots` analyses at a time."""

    def __init__(self, bench: Bench, slots: int, lease_s: float, max_claims: int) -> None:
        self._bench = bench
        self._free = asyncio.Semaphore(slots)
        self._lease_for = timedelta(seconds=lease_s)
        self._max_claims = max_claims
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._dropped: set[UUID] = set()
        self._news = asyncio.Event()
        self._beat_s = lease_s / 3
        self._takes_over_at_s = 0.0

    @property
    def _pool(self) -> Pool:
        return self._bench.pool

    def wake(self) -> None:
        """An analysis was queued: do not wait for the next poll."""
        self._news.set()

    def drop(self, lease: UUID) -> None:
        """The lease is no longer good: stop what it was for, if that runs here."""
        if task := self._running.get(lease):
            self._dropped.add(lease)
            task.cancel()

    async def run(self) -> None:
        """Claim and run for ever; on cancel, let go of what runs."""
        heartbeat = asyncio.create_task(self._beat())
        try:
            while True:
                await self._free.acquire()
                row = await self._claim()
                if row is None:
                    self._free.release()
                    self._news.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), POLL_S)
                    continue
                self._start(row)
        finally:
            letting_go = asyncio.create_task(self._let_go())
            while not letting_go.done():
                # Being told twice must not close the providers under the last calls.
                with suppress(asyncio.CancelledError):
                    await asyncio.shield(letting_go)
            heartbeat.cancel()

    async def _claim(self) -> AnalysisRow | None:
        now = datetime.now(UTC)
        try:
            async with transaction(self._pool) as db:
                row = await queue.claim(
                    db, uuid4(), now, self._lease_for, takes_over=self._takes_over()
                )
        except Unavailable:
            self._wait_for_the_living()
            return None
        except Exception:
            # Whatever it was: a worker that stops claiming is never missed by anybody.
            log.exception("cannot look for work")
            return None
        if row is None:
            metrics.ANALYSES_QUEUED.set(0)
        return await self._readable(row) if row else None

    def _wait_for_the_living(self) -> None:
        """While the database is away no lease can be prolonged, and all of them run out: those
        who live come first when it is back, or their calls would be made twice and paid twice.
        """
        wait_s = self._beat_s + 2 * POLL_S
        self._takes_over_at_s = asyncio.get_running_loop().time() + wait_s

    def _takes_over(self) -> bool:
        return asyncio.get_running_loop().time() >= self._takes_over_at_s

    async def _readable(self, row: Record) -> AnalysisRow | None:
        """The row, or None after ending an analysis that this version cannot read."""
        try:
            return AnalysisRow(**row)
        except ValidationError as error:
            log.error("unreadable analysis", analysis_id=str(row["analysis_id"]), why=str(error))
        with suppress(Unavailable):
            # What another version asked before may be billed, whoever can read the analysis.
            await attempts.settle_cut_off(self._pool, Payer(**row), "unknown")
            self._bench.outbox.wake()
            async with transaction(self._pool) as db:
                reason = "This version of the service cannot read it: check it again."
                await queue.fail(db, row["lease"], reason, datetime.now(UTC))
        return None

    def _start(self, row: AnalysisRow) -> None:
        lease = row.lease
        if lease is None:
            raise AssertionError("a claimed row has a lease")
        task = asyncio.create_task(self._one(row, lease))
        self._running[lease] = task

        def ended(_task: asyncio.Task[None]) -> None:
            self._running.pop(lease, None)
            self._free.release()

        task.add_done_callback(ended)

    async def _one(self, row: AnalysisRow, lease: UUID) -> None:
        try:
            lost = await self._to_its_end(row)
        except asyncio.CancelledError:
            if lease not in self._dropped:
                raise  # told to stop: whoever goes on settles what is open
            lost = True
        finally:
            self._dropped.discard(lease)
        if lost:
            await self._tidy(lease)

    async def _to_its_end(self, row: AnalysisRow) -> bool:
        """Run it; True when it was taken from this worker."""
        lost = False
        try:
            if row.claims > self._max_claims:
                reason = f"It was started {self._max_claims} times and never came to an end."
                await give_up(self._bench, row, reason)
            else:
                await run_analysis(self._bench, row)
        except* LeaseLost:
            lost = True
            log.warning("the analysis was taken from this worker")
        except* Unavailable:
            log.warning("the database was away too long; the analysis goes on later")
        except* Exception:
            # The lease runs out and it is tried again, `max_claims` times at most.
            log.exception("analysis broke off")
        return lost

    async def _tidy(self, *let_go: UUID) -> None:
        """Settle the calls of analyses that were cancelled while a worker had them."""
        try:
            async with transaction(self._pool) as db:
                rows = await queue.cancelled(db, let_go)
            for row in rows:
                calls = await attempts.settle_cut_off(self._pool, Payer(**row), "cancelled")
                async with transaction(self._pool) as db:
                    await queue.forget_lease(db, row["lease"])
                log.info("calls cut off", analysis_id=str(row["analysis_id"]), calls=calls)
                self._bench.outbox.wake()
        except Unavailable:
            return
        except Exception:
            log.exception("cannot settle what was cancelled")

    async def _beat(self) -> None:
        wait_s = self._beat_s
        while True:
            await asyncio.sleep(wait_s)
            wait_s = self._beat_s
            await self._tidy()
            leases = list(self._running)
            if not leases:
                continue
            try:
                async with transaction(self._pool) as db:
                    held = await queue.extend_leases(db, leases, self._lease_for)
            except Unavailable:
                self._wait_for_the_living()
                wait_s = min(POLL_S, self._beat_s)
                continue
            except Exception:
                log.exception("cannot prolong the leases")
                continue
            for lease in set(leases) - held:
                self.drop(lease)

    async def _let_go(self) -> None:
        """Give the calls in flight a moment to end, then hand all to the next worker at once."""
        self._bench.judge.open.clear()
        if not self._running:
            return
        leases, tasks = list(self._running), list(self._running.values())
        await asyncio.wait(tasks, timeout=DRAIN_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(Unavailable):
            async with transaction(self._pool) as db:
                await queue.give_back(db, leases)
