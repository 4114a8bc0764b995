"""One analysis, start to verdict. Each step is stored before the next, so it can go on anywhere."""

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from pydantic import JsonValue

from libs import telemetry
from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult, CheckState, ProgressEvent
from libs.contracts.usage import AnalysisCompleted
from libs.ids import uuid7
from libs.postgres import Pool, insist, transaction
from services.qc import attempts, briefing, outbox, repository
from services.qc.decoders import Decoders
from services.qc.domain.brief import Brief
from services.qc.domain.scoring import Judgement, judge
from services.qc.judging import Judge
from services.qc.outbox import Outbox
from services.qc.progress import Progress
from services.qc.providers.base import Picture
from services.qc.repository import AnalysisRow
from services.qc.store import Store

log = structlog.get_logger()
COMPLETED = {"passed", "failed", "unsure", "not_applicable"}


@dataclass(frozen=True, slots=True)
class Bench:
    """What every analysis of this process works with."""

    pool: Pool
    store: Store
    scratch: Path
    decoders: Decoders
    judge: Judge
    outbox: Outbox
    progress: Progress


async def run_analysis(bench: Bench, row: AnalysisRow) -> None:
    """Bring a claimed analysis to its end. Raises LeaseLost when another worker has it now."""
    telemetry.begin_request(row.request_id)
    telemetry.bind(analysis_id=str(row.analysis_id), client=row.client_id)
    run = _Run(bench, row)
    strays = await attempts.settle_strays(bench.pool, row)
    if await run.take_up():
        log.warning("going on where another worker was", claim=row.claims, unknown_calls=strays)
    async with AsyncExitStack() as stack:
        picture = await run.measure(stack)
        await run.ask(picture)
    await run.finish()


async def give_up(bench: Bench, row: AnalysisRow, reason: str) -> None:
    """End an analysis that cannot be run, with the reason."""
    await attempts.settle_strays(bench.pool, row)
    await _Run(bench, row).finish(reason)


class _Run:
    def __init__(self, bench: Bench, row: AnalysisRow) -> None:
        self._bench = bench
        self._row = row
        self._checks = row.profile.checks
        self._results: dict[str, CheckResult] = {}

    async def take_up(self) -> bool:
        """Load what is stored; False when nobody has begun yet.

        A worker that was lost between a result and its step left the step untold.
        """
        client_id, analysis_id = self._row.client_id, self._row.analysis_id
        async with transaction(self._bench.pool, [client_id]) as db:
            stored = await repository.results(db, client_id, analysis_id)
            steps = await repository.progress_after(db, client_id, analysis_id, 0)
        begun = any(step.kind == "started" for step in steps)
        if not begun:
            await self.tell("started")
        told = {step.check_id for step in steps if step.kind == "check_finished"}
        for result in stored:
            self._results[result.check_id] = result
            if result.check_id not in told:
                await self._tell_finished(result)
        return begun

    def _open_checks(self, kind: str) -> dict[str, Check]:
        return {
            check_id: check
            for check_id, check in self._checks.items()
            if check.kind == kind and check_id not in self._results
        }

    async def measure(self, stack: AsyncExitStack) -> Picture | None:
        """Measure the exact checks, and draw the picture if a judged check will be asked."""
        checks = self._open_checks("exact")
        to_ask = [c for c in self._open_checks("judged").values() if not self._judge.skipped(c)]
        if not checks and not to_ask:
            return None
        bench = self._bench
        creative = await stack.enter_async_context(bench.store.fetch(self._row.creative.sha256))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=bench.scratch)))
        wanted = folder / "picture.jpg" if to_ask else None
        async for message in bench.decoders.examine(
            creative,
            self._row.creative,
            {check_id: _question(check_id, check) for check_id, check in checks.items()},
            await self._brief(stack),
            wanted,
        ):
            await self._heard(message)
        if wanted is None or not wanted.exists():
            return None
        return Picture(wanted.read_bytes(), "image/jpeg")

    async def _brief(self, stack: AsyncExitStack) -> Brief:
        row = self._row
        async with transaction(self._bench.pool, [row.client_id]) as db:
            kept, plan = await briefing.brief_of(db, row.client_id, row.analysis_id, row.profile)
        return await briefing.fetch(kept, plan, self._bench.store, stack)

    async def _heard(self, message: Mapping[str, Any]) -> None:
        if started := message.get("started"):
            await self.tell("check_started", check_id=started)
        if check_id := message.get("check_id"):
            check = self._checks[check_id]
            result = CheckResult.model_validate(
                {
                    **message["measured"],
                    "check_id": check_id,
                    "weight": check.weight,
                    "critical": check.critical,
                    "duration_ms": message["duration_ms"],
                }
            )
            await self._store(result)

    @property
    def _judge(self) -> Judge:
        return self._bench.judge

    async def ask(self, picture: Picture | None) -> None:
        """Ask the judged checks, all at once; the judge bounds the calls in flight."""
        async with asyncio.TaskGroup() as group:
            for check_id, check in self._open_checks("judged").items():
                if reason := self._judge.skipped(check):
                    await self._store(_without_score(check_id, check, "skipped", reason))
                elif picture:
                    group.create_task(self._ask_one(check_id, picture))

    async def _ask_one(self, check_id: str, picture: Picture) -> None:
        await self.tell("check_started", check_id=check_id)
        measured: dict[str, dict[str, JsonValue]] = {
            result.check_id: result.measurements
            for result in self._results.values()
            if self._checks[result.check_id].kind == "exact"
        }
        await self._store(await self._judge.ask(self._row, check_id, picture, measured))
        self._bench.outbox.wake()

    async def _store(self, result: CheckResult) -> None:
        """Store a result, or find it stored with its call, and tell of it."""

        async def write() -> None:
            async with transaction(self._bench.pool, [self._row.client_id]) as db:
                await repository.hold(db, self._row)
                await repository.add_result(db, self._row, result)

        await insist(write)
        self._results[result.check_id] = result
        log.info("check finished", check=result.check_id, state=result.state, score=result.score)
        await self._tell_finished(result)

    async def _tell_finished(self, result: CheckResult) -> None:
        await self.tell(
            "check_finished", check_id=result.check_id, state=result.state, score=result.score
        )

    async def finish(self, failed_because: str | None = None) -> None:
        """Write the end, its usage event and its last step in one transaction."""
        now = datetime.now(UTC)
        if not failed_because:
            await self._close_gaps()
        judgement = None if failed_because else self._judgement()

        async def write() -> None:
            async with transaction(self._bench.pool, [self._row.client_id]) as db:
                await repository.hold(db, self._row)
                await repository.finish(db, self._row, judgement, failed_because, now)
                if judgement:
                    event = self._completed(judgement, now)
                    await outbox.enqueue(db, self._row.analysis_id, event)
                last = self._event("finished", state="failed" if failed_because else "done")
                await self._bench.progress.add(db, self._row.client_id, self._row.analysis_id, last)

        await insist(write)
        self._bench.progress.tell(self._row.analysis_id)
        self._bench.outbox.wake()
        log.info(
            "analysis finished",
            verdict=judgement.verdict if judgement else "none",
            score=judgement.score if judgement else None,
            reason=failed_because,
        )

    async def _close_gaps(self) -> None:
        """A check without an outcome is an error: it must not vanish from the verdict."""
        for check_id, check in self._checks.items():
            if check_id not in self._results:
                reason = "It could not be run: the creative could not be shown. Check it again."
                await self._store(_without_score(check_id, check, "error", reason))

    def _judgement(self) -> Judgement:
        return judge(list(self._results.values()), self._row.profile.pass_threshold)

    def _completed(self, judgement: Judgement, now: datetime) -> AnalysisCompleted:
        row = self._row
        return AnalysisCompleted(
            kind="analysis_completed",
            event_id=uuid7(now),
            occurred_at=now,
            client_id=row.client_id,
            user_id=row.user_id,
            user_email=row.user_email,
            user_name=row.user_name,
            analysis_id=row.analysis_id,
            profile_id=row.profile.profile_id,
            profile_version=row.profile.version,
            checks_completed=sum(r.state in COMPLETED for r in self._results.values()),
            overall_score=judgement.score,
            verdict=judgement.verdict,
            duration_ms=milliseconds(row.created_at, now),
        )

    async def tell(self, kind: str, **facts: object) -> None:
        event = self._event(kind, **facts)

        async def write() -> None:
            async with transaction(self._bench.pool, [self._row.client_id]) as db:
                await self._bench.progress.add(
                    db, self._row.client_id, self._row.analysis_id, event
                )

        await insist(write)
        self._bench.progress.tell(self._row.analysis_id)

    def _event(self, kind: str, **facts: object) -> ProgressEvent:
        return ProgressEvent.model_validate(
            {
                "seq": 0,
                "kind": kind,
                "at": datetime.now(UTC),
                "done": len(self._results),
                "total": len(self._checks),
                **facts,
            }
        )


def milliseconds(start: datetime, end: datetime) -> int:
    """Never negative, even when the clock was set back in between; a day at most."""
    return min(max(int((end - start).total_seconds() * 1000), 0), 86_400_000)


def _question(check_id: str, check: Check) -> dict[str, JsonValue]:
    return {"measure": check.measure or check_id, "parameters": check.parameters}


def _without_score(check_id: str, check: Check, state: CheckState, reason: str) -> CheckResult:
    return CheckResult(
        check_id=check_id,
        state=state,
        weight=check.weight,
        critical=check.critical,
        reason=reason,
    )
