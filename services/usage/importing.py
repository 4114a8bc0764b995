"""Importing an old log: a stream of bytes is read line by line and goes to the ledger in batches.

While one batch is written the next is read, and there are never more than these two.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from uuid import UUID

import structlog
from pydantic_core import to_json

from libs.contracts.imports import Imported, ImportQuery
from libs.postgres import Pool, insist, transaction
from libs.problems import Conflict, Invalid
from services.usage.domain.import_tally import Tally
from services.usage.domain.legacy import LOGS, ProviderOf, Unit, read_line
from services.usage.domain.legacy_lines import Lines
from services.usage.domain.legacy_usage_json import USAGE_JSON, Rows, read_document
from services.usage.domain.legacy_values import Unreadable
from services.usage.domain.seen import Seen
from services.usage.imported import days_of_tracker, known_hashes, learn_people
from services.usage.record import Recorder

log = structlog.get_logger()
BATCH_ROWS = 5_000
BATCH_BYTES = 8 << 20
OTHER_TRACKER = {LOGS: USAGE_JSON, USAGE_JSON: LOGS}
CHANGED = Unreadable("imported before with other figures")


class Importer:
    """Brings one log into the ledger, or with `dry_run` only says what that would do."""

    def __init__(
        self, pool: Pool, recorder: Recorder, provider_of: ProviderOf, query: ImportQuery
    ) -> None:
        self._pool = pool
        self._recorder = recorder
        self._provider_of = provider_of
        self._query = query
        self._tally = Tally(query.file)
        self._days: set[date] = set()
        self._rehearsed = Seen()
        self._batch: list[Unit] = []
        self._rows = self._bytes = 0
        self._writing: asyncio.Task[None] | None = None

    async def logs(self, chunks: AsyncIterator[bytes]) -> Imported:
        """Import daily logs: lines of JSON. Raises Conflict when days overlap `usage.json`."""
        lines = Lines()
        try:
            async for chunk in chunks:
                for line in lines.feed(chunk):
                    self._take(line)
                if self._rows >= BATCH_ROWS or self._bytes >= BATCH_BYTES:
                    await self._hand_over()
            for line in lines.end():
                self._take(line)
            await self._hand_over()
            await self._written()
        finally:
            await self._stop()
        return await self._end()

    async def usage_json(self, content: bytes) -> Imported:
        """Import a usage.json. Raises Invalid for another file, Conflict when days overlap."""
        try:
            document = await asyncio.to_thread(read_document, content)
        except Unreadable as error:
            said = f"{error.reason}{f' ({error.detail})' if error.detail else ''}"
            raise Invalid(
                "bad_usage_json", f"{self._query.file} is no usage.json: {said}."
            ) from error
        rows = Rows(self._provider_of)
        places: dict[UUID, tuple[str, bytes]] = {}
        self._tally.lines = len(document.rows)
        for kind, number, row in document.rows:
            place, line = f"{kind}[{number}]", to_json(row)
            try:
                unit = rows.read(kind, row)
                places[unit.unit_id] = place, line
                self._batch.append(unit)
            except Unreadable as error:
                self._tally.skip(place, error, line)
        await self._leave_out_changed(places)
        await self._write(self._batch, USAGE_JSON)
        return (await self._end()).model_copy(update={"left_out": dict(document.left_out)})

    def _take(self, line: bytes) -> None:
        self._tally.lines += 1
        if not line or line.isspace():
            self._tally.blank += 1
            return
        try:
            unit = read_line(line, self._provider_of)
        except Unreadable as error:
            self._tally.skip(str(self._tally.lines), error, line)
            return
        self._batch.append(unit)
        self._rows += 1 + len(unit.entries)
        self._bytes += len(line)

    async def _hand_over(self) -> None:
        await self._written()
        batch, self._batch, self._rows, self._bytes = self._batch, [], 0, 0
        self._writing = asyncio.create_task(self._write(batch, LOGS))

    async def _written(self) -> None:
        if self._writing:
            await self._writing

    async def _stop(self) -> None:
        if self._writing and not self._writing.done():
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing

    async def _write(self, batch: Sequence[Unit], tracker: str) -> None:
        """What is new of a batch, all or nothing. What is known is not touched at all."""
        units = {unit.unit_id: unit for unit in batch}
        known = await self._known(units)
        new = [unit for unit_id, unit in units.items() if unit_id not in known]
        await self._refuse_overlap(new, tracker)
        added = await self._add(new)
        self._tally.duplicates += len(batch) - len(added)
        self._tally.add(added)

    async def _known(self, units: Mapping[UUID, Unit]) -> Mapping[UUID, bytes]:
        """The content hashes of those that the ledger has, or that a dry run has seen."""
        if not units:
            return {}
        async with transaction(self._pool) as db:
            known = await known_hashes(db, units.keys())
        if self._query.dry_run:
            known |= {unit_id: b"" for unit_id in units if unit_id in self._rehearsed}
        return known

    async def _add(self, new: Sequence[Unit]) -> Sequence[Unit]:
        """The units that are in the ledger by this; another import may have been faster."""
        if self._query.dry_run:
            for unit in new:
                self._rehearsed.add(unit.unit_id)
            return new
        entries = [entry for unit in new for entry in unit.entries]
        events = [unit.event for unit in new if unit.event]
        ids = await insist(lambda: self._recorder.add_imported(entries, events))
        return [unit for unit in new if unit.unit_id in ids]

    async def _refuse_overlap(self, units: Sequence[Unit], tracker: str) -> None:
        days = {unit.occurred_at.date() for unit in units if unit.entries} - self._days
        self._days |= days
        if self._query.allow_overlap or not days:
            return
        other = OTHER_TRACKER[tracker]
        async with transaction(self._pool) as db:
            both = await days_of_tracker(db, other, sorted(days))
        if both:
            others = f" and {len(both) - 1} more days" if len(both) > 1 else ""
            raise Conflict(
                "trackers_overlap",
                f"{both[0]}{others} of {self._query.file} are in the ledger from {other} already. "
                "The two old trackers wrote down the same calls, so importing both counts them "
                "twice. If these are different calls, import with --allow-overlap.",
            )

    async def _leave_out_changed(self, places: Mapping[UUID, tuple[str, bytes]]) -> None:
        known = await self._known({unit.unit_id: unit for unit in self._batch})
        for unit in list(self._batch):
            digest = unit.entries[0]["content_sha256"]
            if known.get(unit.unit_id, digest) != digest:
                place, line = places[unit.unit_id]
                self._tally.skip(place, CHANGED, line)
                self._batch.remove(unit)

    async def _end(self) -> Imported:
        if not self._query.dry_run:
            await insist(self._learn)
        result = self._tally.result(self._query.dry_run)
        log.info(
            "imported",
            file=self._query.file,
            dry_run=self._query.dry_run,
            lines=result.lines,
            new=result.imported,
            duplicates=result.duplicates,
            skipped=result.skipped,
        )
        return result

    async def _learn(self) -> None:
        async with transaction(self._pool) as db:
            await learn_people(db)
