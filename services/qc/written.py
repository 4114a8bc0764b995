"""What is written of one analysis while it runs: results, steps and its end."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import structlog
from pydantic import JsonValue

from libs.contracts.qc import CheckResult, Preview, ProgressEvent
from libs.contracts.usage import AnalysisCompleted
from libs.ids import uuid7
from libs.postgres import Connection, Pool, insist, transaction
from services.qc import kept, outbox, repository
from services.qc.domain.kept import to_keep
from services.qc.domain.scoring import Judgement
from services.qc.progress import Progress
from services.qc.repository import AnalysisRow

log = structlog.get_logger()
Also = Callable[[Connection], Awaitable[None]]
COMPLETED = {"passed", "failed", "unsure", "not_applicable"}


class Written:
    """Each write holds the analysis first: LeaseLost when somebody else has it now.

    `keys` are those under which results of exact checks are kept, by check id.
    """

    def __init__(self, pool: Pool, progress: Progress, row: AnalysisRow) -> None:
        self._pool = pool
        self._progress = progress
        self._row = row
        self.results: dict[str, CheckResult] = {}
        self.keys: Mapping[str, str] = {}
        self.previews: Sequence[Preview] = row.previews
        self.previews_key = ""

    async def load(self) -> bool:
        """Read what there is already; False when nobody has begun yet.

        A worker that was lost between a result and its step left the step untold.
        """
        client_id, analysis_id = self._row.client_id, self._row.analysis_id
        async with transaction(self._pool, [client_id]) as db:
            stored = await repository.results(db, client_id, analysis_id)
            steps = await repository.progress_after(db, client_id, analysis_id, 0)
        begun = any(step.kind == "started" for step in steps)
        if not begun:
            await self.tell("started")
        told = {step.check_id for step in steps if step.kind == "check_finished"}
        untold = []
        for result in stored:
            self.results[result.check_id] = result
            if result.check_id not in told:
                untold.append(self._finished(result))
        await self._tell(*untold)
        return begun

    async def store(
        self, *results: CheckResult, previews: Sequence[Preview] = (), also: Also | None = None
    ) -> None:
        """Store results, or find them stored with their call, and tell of them, all in one.

        `previews` are those of the file, where they are known as the results are; `also` writes
        what else is. Judged checks store theirs side by side, so what is here is counted before
        it is written.
        """
        client_id, row = self._row.client_id, self._row
        steps = []
        for result in results:
            self.results[result.check_id] = result
            steps.append(self._finished(result))

        async def write() -> None:
            async with transaction(self._pool, [client_id]) as db:
                await repository.hold(db, row)
                await repository.add_results(db, row, results)
                await kept.keep(db, client_id, to_keep(results, self.keys), datetime.now(UTC))
                if steps:
                    await self._progress.add(db, client_id, row.analysis_id, *steps)
                if previews:
                    await repository.set_previews(db, row, previews)
                if also:
                    await also(db)

        if results or previews or also:
            await insist(write)
        self.previews = previews or self.previews
        self._progress.tell(row.analysis_id)
        for result in results:
            log.info(
                "check finished", check=result.check_id, state=result.state, score=result.score
            )

    async def store_previews(self, previews: Sequence[Preview]) -> None:
        """Store which pictures of the pages there are, and keep it for the same file."""
        told: dict[str, JsonValue] = {"pages": [p.model_dump(mode="json") for p in previews]}

        async def write() -> None:
            async with transaction(self._pool, [self._row.client_id]) as db:
                await repository.hold(db, self._row)
                await repository.set_previews(db, self._row, previews)
                found = {self.previews_key: told}
                await kept.keep(db, self._row.client_id, found, datetime.now(UTC))

        if previews:
            await insist(write)
            self.previews = previews

    async def finish(self, judgement: Judgement | None, failed_because: str | None = None) -> None:
        """Write the end, its usage event and its last step in one transaction."""
        now = datetime.now(UTC)

        async def write() -> None:
            async with transaction(self._pool, [self._row.client_id]) as db:
                await repository.hold(db, self._row)
                await repository.finish(db, self._row, judgement, failed_because, now)
                if judgement and not self._row.replay_id:
                    event = completed_event(self._row, self.results.values(), judgement, now)
                    await outbox.enqueue(db, self._row.analysis_id, event)
                last = self._event("finished", state="failed" if failed_because else "done")
                await self._progress.add(db, self._row.client_id, self._row.analysis_id, last)

        await insist(write)
        self._progress.tell(self._row.analysis_id)

    async def tell(self, kind: str, **facts: object) -> None:
        await self._tell(self._event(kind, **facts))

    async def tell_started(self, check_ids: Iterable[str]) -> None:
        await self._tell(*(self._event("check_started", check_id=id) for id in check_ids))

    async def _tell(self, *events: ProgressEvent) -> None:
        if not events:
            return

        async def write() -> None:
            async with transaction(self._pool, [self._row.client_id]) as db:
                # Or a worker that does not know of the end yet would add a step after the last.
                await repository.hold(db, self._row)
                await self._progress.add(db, self._row.client_id, self._row.analysis_id, *events)

        await insist(write)
        self._progress.tell(self._row.analysis_id)

    def _finished(self, result: CheckResult) -> ProgressEvent:
        return self._event(
            "check_finished", check_id=result.check_id, state=result.state, score=result.score
        )

    def _event(self, kind: str, **facts: object) -> ProgressEvent:
        return ProgressEvent.model_validate(
            {
                "seq": 0,
                "kind": kind,
                "at": datetime.now(UTC),
                "done": len(self.results),
                "total": len(self._row.checks),
                **facts,
            }
        )


def completed_event(
    row: AnalysisRow, results: Iterable[CheckResult], judgement: Judgement, ended_at: datetime
) -> AnalysisCompleted:
    """What usage is told of an ended analysis; of several it takes the last that was told."""
    return AnalysisCompleted(
        kind="analysis_completed",
        event_id=uuid7(datetime.now(UTC)),
        occurred_at=ended_at,
        client_id=row.client_id,
        user_id=row.user_id,
        user_email=row.user_email,
        user_name=row.user_name,
        analysis_id=row.analysis_id,
        profile_id=row.profile.profile_id,
        profile_version=row.profile.version,
        checks_completed=sum(result.state in COMPLETED for result in results),
        overall_score=judgement.score,
        verdict=judgement.verdict,
        duration_ms=milliseconds(row.created_at, ended_at),
    )


def milliseconds(start: datetime, end: datetime) -> int:
    """Never negative, even when the clock was set back in between; a day at most."""
    return min(max(int((end - start).total_seconds() * 1000), 0), 86_400_000)
