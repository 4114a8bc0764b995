"""Months leave and come back beside reports, roll-ups, senders and each other."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.contracts.usage import ReportQuery, UsageEvent
from libs.postgres import Connection, Pool, transaction
from services.usage import rollups
from services.usage.archive import archive_older
from services.usage.archived import Archives, ArchiveStore
from services.usage.rate_card import RateCards, read_price_files
from services.usage.report import make_report
from services.usage.settings import UsageSettings
from tests.usage.conftest import Usage
from tests.usage.factories import call

OLD = datetime(2025, 3, 30, 12, tzinfo=UTC)
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
