"""One analysis, start to verdict. Each step is stored before the next, so it can go on anywhere."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from pydantic import JsonValue

from libs import telemetry
from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult, Preview
from libs.postgres import Pool, transaction
from services.qc import attempts, briefing, looking
from services.qc.asking.ask import ask_all
from services.qc.asking.judge import Judge, patience
from services.qc.asking.triage import unconfirmed
from services.qc.decoders import Decoders
from services.qc.domain.brief import Brief
from services.qc.domain.landmarks import landmarks_of
from services.qc.domain.outcome import question, result_of, without_score
from services.qc.domain.scoring import judge
from services.qc.domain.views import Showing
from services.qc.gallery import Gallery
from services.qc.kept import Kept
from services.qc.looking import kept_sight, showing_for, sight_name
from services.qc.outbox import Outbox
from services.qc.pictures import crops_of, keep_pictures, without_lost_crops
from services.qc.progress import Progress
from services.qc.queue import Queue
from services.qc.replays.carrying import still_answered
from services.qc.repository import AnalysisRow
from services.qc.store import Store
from services.qc.written import Written

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bench:
    """What every analysis of this process works with."""

    pool: Pool
    store: Store
    scratch: Path
    decoders: Decoders
    kept: Kept
    judge: Judge
    outbox: Outbox
    progress: Progress
    queue: Queue


async def run_analysis(bench: Bench, row: AnalysisRow) -> None:
    """Bring a claimed analysis to its end. Raises LeaseLost when another worker has it now."""
    telemetry.begin_request(row.request_id)
    telemetry.bind(analysis_id=str(row.analysis_id), client=row.client_id)
    run = _Run(bench, row)
    strays = await attempts.settle_strays(bench.pool, row)
    if await run.take_up():
        log.warning("going on where another worker was", claim=row.claims, unknown_calls=strays)
    async with AsyncExitStack() as stack:
        await run.ask(await run.measure(stack))
    await run.finish()


async def give_up(bench: Bench, row: AnalysisRow, reason: str) -> None:
    """End an analysis that cannot be run, with the reason."""
    await attempts.settle_strays(bench.pool, row)
    await _Run(bench, row).finish(reason)


class _Run:
    def __init__(self, bench: Bench, row: AnalysisRow) -> None:
        self._bench = bench
        self._row = row
        self._checks = row.checks
        self._written = Written(bench.pool, bench.progress, row)

    async def take_up(self) -> bool:
        """Load what is stored; False when nobody has begun yet."""
        return await self._written.load()

    def _open_checks(self, kind: str) -> dict[str, Check]:
        return {
            check_id: check
            for check_id, check in self._checks.items()
            if check.kind == kind and check_id not in self._written.results
        }

    async def measure(self, stack: AsyncExitStack) -> Gallery:
        """Measure the exact checks, look at the creative, and draw what judged checks ask about."""
        to_ask = {
            i: c for i, c in self._open_checks("judged").items() if not self._judge.skipped(c)
        }
        brief = await self._brief(stack)
        bench, gallery = self._bench, Gallery(self._row.creative, brief)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=bench.scratch)))
        seen = self._judge.sizes_seen(to_ask.values())
        showing = showing_for(self._row.creative, self._checks, to_ask, brief, seen, folder)
        key = bench.kept.file_key(self._row.creative.sha256, sight_name(brief, showing))
        await self._take_kept(brief, gallery, key)
        checks, known = self._open_checks("exact"), gallery.sight
        if checks or to_ask or not known:
            showing = showing.model_copy(update={"sight": known})
            await self._examine(stack, checks, brief, showing, gallery)
        if not known:
            await looking.store(bench.pool, self._row, gallery, key)
        return gallery

    async def _examine(
        self,
        stack: AsyncExitStack,
        checks: Mapping[str, Check],
        brief: Brief,
        showing: Showing,
        gallery: Gallery,
    ) -> None:
        bench, folder = self._bench, showing.folder
        creative = await stack.enter_async_context(bench.store.fetch(self._row.creative.sha256))
        async for message in bench.decoders.examine(
            creative,
            self._row.creative,
            {check_id: question(check_id, check) for check_id, check in checks.items()},
            brief,
            showing,
            {"folder": str(folder), "previews": not self._written.previews},
        ):
            await self._heard(message, folder)
            await gallery.hear(message, folder)

    async def _brief(self, stack: AsyncExitStack) -> Brief:
        row = self._row
        async with transaction(self._bench.pool, [row.client_id]) as db:
            kept, plan = await briefing.brief_of(db, row.client_id, row.analysis_id, row.profile)
        return await briefing.fetch(kept, plan, self._bench.store, stack)

    async def _take_kept(self, brief: Brief, gallery: Gallery, sight_key: str) -> None:
        """Take what was measured and seen before, all in one write: most need no child at all.

        Of an analysis that is to be fresh, or a replay, everything is measured.
        """
        checks, row, written = self._open_checks("exact"), self._row, self._written
        kept = self._bench.kept
        written.keys = kept.keys(row.creative, checks, brief)
        written.previews_key = kept.file_key(row.creative.sha256, "previews")
        wanted = [*written.keys.values(), written.previews_key, sight_key]
        all_found = await kept.find(row.client_id, wanted)
        found = kept.results(all_found)
        results = [
            result_of(check_id, checks[check_id], {**dict(found[key]), "cached": True})
            for check_id, key in written.keys.items()
            if key in found and not (row.given and (row.given.fresh or row.given.replay))
        ]
        drawn = () if written.previews else kept.previews(all_found, written.previews_key)
        gallery.sight = kept_sight(all_found, sight_key)
        suspected = partial(looking.add_suspicions, row, gallery) if gallery.sight else None
        await written.store(*results, previews=drawn, also=suspected)

    async def _heard(self, message: Mapping[str, Any], folder: Path) -> None:
        if started := message.get("started"):
            await self._written.tell("check_started", check_id=started)
        if check_id := message.get("check_id"):
            measured = {**message["measured"], "duration_ms": message["duration_ms"]}
            result = result_of(check_id, self._checks[check_id], measured)
            kept = await keep_pictures(self._bench.store, folder, crops_of(result))
            await self._written.store(without_lost_crops(result, kept))
        if "previews" in message:
            previews = [Preview.model_validate(preview) for preview in message["previews"]]
            names = [preview.sha256 for preview in previews]
            kept = await keep_pictures(self._bench.store, folder, names)
            await self._written.store_previews([p for p in previews if p.sha256 in kept])

    @property
    def _judge(self) -> Judge:
        return self._bench.judge

    async def ask(self, gallery: Gallery) -> None:
        """Ask the judged checks; what cannot be asked is skipped, with the reason."""
        measured: dict[str, dict[str, JsonValue]] = {
            result.check_id: result.measurements
            for result in self._written.results.values()
            if self._checks[result.check_id].kind == "exact"
        }
        checks = self._open_checks("judged")
        stored = await still_answered(self._judge, self._row, checks, gallery, measured)
        await self._written.store(*stored)
        checks = self._open_checks("judged")
        reasons = {check_id: self._judge.skipped(check) for check_id, check in checks.items()}
        await self._written.store(
            *(
                without_score(check_id, checks[check_id], "skipped", reason)
                for check_id, reason in reasons.items()
                if reason
            )
        )
        asked = {id: checks[id] for id, reason in reasons.items() if not reason}
        if asked and not gallery.is_empty:
            await self._written.tell_started(asked)
            gallery.differences = list(landmarks_of(self._written.results.values()))
            async with self._in_time():
                await ask_all(self._judge, self._row, asked, gallery, measured, self._answered)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Cut off what is asked when there was time enough; what has no answer is an error."""
        time_s = self._judge.run_timeout_s * patience(self._row.given)
        try:
            async with asyncio.timeout(time_s):
                yield
        except TimeoutError:
            calls = await attempts.settle_cut_off(self._bench.pool, self._row, "timed_out")
            log.warning("the time for asking is over", calls_cut_off=calls)
            await self._written.load()  # what was stored with its call and not told yet
            late = await unconfirmed(self._judge, self._row, self._open_checks("judged"))
            await self._written.store(*late)
            why = f"No model answered in the {time_s:g} s that an analysis may ask."
            for check_id, check in self._open_checks("judged").items():
                await self._written.store(without_score(check_id, check, "error", why))

    async def _answered(self, results: Sequence[CheckResult]) -> None:
        await self._written.store(*results)
        self._bench.outbox.wake()

    async def finish(self, failed_because: str | None = None) -> None:
        """End it: judged, or failed because of something."""
        judgement = None
        if not failed_because:
            await self._close_gaps()
            results = list(self._written.results.values())
            judgement = judge(results, self._row.profile.pass_threshold)
        await self._written.finish(judgement, failed_because)
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
            if check_id not in self._written.results:
                reason = "It could not be run: the creative could not be shown. Check it again."
                await self._written.store(without_score(check_id, check, "error", reason))
