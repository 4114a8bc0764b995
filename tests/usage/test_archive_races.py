"""Months leave and come back beside reports, roll-ups, senders and each other."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.contracts.usage import ReportQuery, UsageEvent
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict
from services.usage import rollups
from services.usage.archive import archive_older, restore
from services.usage.archived import KEEP_MONTHS, Archives, ArchiveStore
from services.usage.rate_card import RateCards, read_price_files
from services.usage.report import make_report
from services.usage.settings import UsageSettings
from tests.usage.conftest import Usage
from tests.usage.factories import call

OLD = datetime(2025, 3, 30, 12, tzinfo=UTC)
MARCH = date(2025, 3, 1)
TODAY = date(2026, 11, 20)


@pytest.fixture
def store(settings: UsageSettings) -> ArchiveStore:
    assert settings.archive_url
    return ArchiveStore(settings.archive_url)


def _calls(count: int) -> list[UsageEvent]:
    return [call(occurred_at=OLD + timedelta(seconds=second)) for second in range(count)]


async def _archive(pool: Pool, store: ArchiveStore) -> Any:
    return await archive_older(pool, store, 400, TODAY)


class Interrupted(Archives):
    """Lets an archiver do what it can once a reader has looked up what is archived."""

    def __init__(self, pool: Pool, store: ArchiveStore) -> None:
        super().__init__(store)
        self._pool = pool
        self.archiver: asyncio.Task[Any] | None = None

    async def sources(
        self,
        db: Connection,
        days: tuple[date | None, date | None] = (None, None),
        client_ids: Sequence[str] | None = None,
    ) -> Mapping[str, str]:
        assert self.store
        found = await super().sources(db, days, client_ids)
        self.archiver = asyncio.create_task(_archive(self._pool, self.store))
        await asyncio.wait({self.archiver}, timeout=1)
        return found


async def test_month_does_not_leave_under_a_report(
    usage: Usage, pool: Pool, store: ArchiveStore
) -> None:
    await usage.send(*_calls(3))
    archives = Interrupted(pool, store)
    cards = RateCards(read_price_files())

    report = await make_report(pool, cards, archives, ReportQuery(user="uma"), None, OLD)

    assert report.spent.calls == 3
    assert archives.archiver
    [march] = (await archives.archiver).months
    assert march.entries == 3


async def test_month_does_not_leave_under_a_roll_up(
    usage: Usage, pool: Pool, store: ArchiveStore
) -> None:
    """Else the day would be summed again from entries that are gone."""
    await usage.send(*_calls(3))
    while await rollups.refresh(pool, Archives(store)):
        pass
    async with transaction(pool) as db:
        await db.execute(
            """INSERT INTO dirty_day SELECT DISTINCT client_id, day, gen_random_uuid()
                 FROM ledger_entry"""
        )
    archives = Interrupted(pool, store)

    await rollups.refresh(pool, archives)

    assert archives.archiver
    await archives.archiver
    assert (await usage.report())["total_calls"] == 3


async def test_senders_do_not_wait_for_readers_of_a_month_that_is_to_leave(
    usage: Usage, pool: Pool, store: ArchiveStore
) -> None:
    await usage.send(*_calls(3), call())
    clock = asyncio.get_running_loop().time
    async with transaction(pool) as reader:
        await reader.execute(KEEP_MONTHS)
        archiver = asyncio.create_task(_archive(pool, store))
        began, waited_s = clock(), [0.0]
        while clock() < began + 3:
            before = clock()
            assert await usage.send(call()) == (200, {"accepted": 1, "duplicates": 0})
            waited_s.append(clock() - before)
        assert not archiver.done()

    assert len((await archiver).months) == 1
    assert max(waited_s) < 1.5


async def test_archivers_at_once_move_a_month_once(
    usage: Usage, pool: Pool, store: ArchiveStore, tamper: Connection
) -> None:
    await usage.send(*_calls(3))
    answers = await asyncio.gather(
        *(_archive(pool, store) for _ in range(3)), return_exceptions=True
    )

    moved = [one for one in answers if not isinstance(one, BaseException) and one.months]
    assert moved
    assert all(isinstance(one, Conflict) for one in answers if isinstance(one, BaseException))
    assert await tamper.fetchval("SELECT count(*) FROM archived_month") == 1
    assert (await usage.report(user="uma"))["total_calls"] == 3


async def test_month_comes_back_once(usage: Usage, pool: Pool, store: ArchiveStore) -> None:
    await usage.send(*_calls(3))
    await _archive(pool, store)

    answers = await asyncio.gather(
        *(restore(pool, store, MARCH) for _ in range(3)), return_exceptions=True
    )

    back = [one for one in answers if not isinstance(one, BaseException)]
    codes = [getattr(one, "code", one) for one in answers if isinstance(one, BaseException)]
    assert len(back) == 1
    assert set(codes) <= {"month_in_use", "not_archived"}
    assert (await usage.report(user="uma"))["total_calls"] == 3


class SlowStore(ArchiveStore):
    """Files as they come over a slow line."""

    async def get(self, name: str) -> bytes:
        await asyncio.sleep(2)
        return await super().get(name)


async def test_nobody_waits_while_a_month_comes_back(
    usage: Usage, pool: Pool, store: ArchiveStore
) -> None:
    await usage.send(*_calls(3), call())
    await _archive(pool, store)
    restorer = asyncio.create_task(restore(pool, SlowStore(store.url), MARCH))
    await asyncio.sleep(0.5)

    async with asyncio.timeout(1):
        assert (await usage.send(call()))[0] == 200
        assert (await usage.report())["total_calls"] == 5
    assert not restorer.done()

    assert (await restorer).entries == 3


async def test_files_are_on_the_disk_before_the_month_is_dropped(
    usage: Usage, pool: Pool, store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut would otherwise take what neither the database nor the disk has."""
    synced: list[str] = []
    fsync = os.fsync

    def tell(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", tell)
    await usage.send(*_calls(3))

    await _archive(pool, store)

    folder = Path(store.url.removeprefix("file://"))
    [parquet] = [path for path in synced if path.endswith(".parquet")]
    month = folder / "2025-03"
    assert set(synced) == {parquet, f"{month}/manifest.json", str(month), str(folder)}
