"""Archived entries, brought back for one transaction: what reports and proofs read them from."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import ObjectStore

from libs.objects import open_store, sync
from libs.postgres import Connection
from libs.problems import Conflict, Unavailable
from services.usage import archive_files
from services.usage.archive_files import KINDS
from services.usage.sums import LIVE

_CREATE = ", ".join(f"{name} {'text' if kind == 'jsonb' else kind}" for name, kind in KINDS.items())
_NAMES = ", ".join(KINDS)
TYPED = ", ".join(
    f"{name}::jsonb AS {name}" if kind == "jsonb" else name for name, kind in KINDS.items()
)
WITH_ARCHIVED = {
    **LIVE,
    "entries": f"""(
        SELECT {_NAMES}, day FROM ledger_entry
        UNION ALL
        SELECT {TYPED}, (occurred_at AT TIME ZONE 'UTC')::date AS day FROM archived_entry
    )""",
}
"""What stands for the ledger's tables once archived entries are loaded."""

KEEP_MONTHS = "LOCK TABLE ONLY ledger_entry IN ACCESS SHARE MODE"
"""Until the transaction ends no month leaves the database."""


@dataclass(frozen=True, slots=True)
class ArchivedMonth:
    """`files` are the manifest's: name, sha256 and number of entries of each."""

    month: date
    first_on: date
    last_on: date
    files: Sequence[Mapping[str, Any]]


class ArchiveStore:
    """The archive's files. `url` as `libs.objects` takes it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._store: ObjectStore = open_store(url)

    async def put(self, name: str, content: Path | bytes) -> None:
        """Once it is back the file is on the disk: the month's entries are about to be dropped."""
        await obstore.put_async(self._store, name, content)
        await asyncio.to_thread(sync, self.url, name)

    async def get(self, name: str) -> bytes:
        """Raises Unavailable when the file is not where it was put."""
        try:
            found = await obstore.get_async(self._store, name)
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise Unavailable(
                "archive_away",
                f"The archive's file {name} is not at {self.url}: bring it back.",
                60,
            ) from error

    @asynccontextmanager
    async def fetched(self, file: Mapping[str, Any]) -> AsyncIterator[Path]:
        """A file of a manifest, proven to be the one that was put."""
        with tempfile.NamedTemporaryFile(prefix="aiqc-archive-") as copy:
            copy.write(await self.get(file["name"]))
            copy.flush()
            copy.seek(0)
            if file_digest(copy, "sha256").hexdigest() != file["sha256"]:
                raise Unavailable(
                    "archive_changed",
                    f"The archive's file {file['name']} is not as it was written: "
                    "put a copy of the archive in its place.",
                    60,
                )
            yield Path(copy.name)


async def archived_months(
    db: Connection, first_on: date | None = None, last_on: date | None = None
) -> list[ArchivedMonth]:
    """The months that are archived and have entries on these days: no further one will be
    archived before the transaction ends.
    """
    await db.execute(KEEP_MONTHS)
    rows = await db.fetch(
        """
        SELECT month, first_on, last_on, manifest->'files' AS files FROM archived_month
         WHERE ($1::date IS NULL OR last_on >= $1) AND ($2::date IS NULL OR first_on <= $2)
         ORDER BY month
        """,
        first_on,
        last_on,
    )
    return [ArchivedMonth(**row) for row in rows]


async def load(
    db: Connection,
    store: ArchiveStore,
    months: Sequence[ArchivedMonth],
    days: tuple[date | None, date | None] = (None, None),
    client_ids: Sequence[str] | None = None,
) -> Mapping[str, str]:
    """Load entries of these months for the rest of the transaction; return the sources for
    `sums`. Of these clients and days only, where given: the rest would not be asked for.
    """
    await db.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS archived_entry ({_CREATE}) ON COMMIT DELETE ROWS"
    )
    for month in months:
        for file in month.files:
            async with store.fetched(file) as path:
                await _copy(db, path, days, client_ids)
    await db.execute("ANALYZE archived_entry")
    return WITH_ARCHIVED


async def _copy(
    db: Connection,
    path: Path,
    days: tuple[date | None, date | None],
    client_ids: Sequence[str] | None,
) -> None:
    batches = archive_files.read(path, days, client_ids)
    while (batch := await asyncio.to_thread(next, batches, None)) is not None:
        await db.copy_records_to_table(
            "archived_entry", records=batch, columns=list(KINDS), schema_name="pg_temp"
        )


class Archives:
    """What the ledger's rows are read from: the tables, or the tables and archived months."""

    def __init__(self, store: ArchiveStore | None) -> None:
        self.store = store

    async def sources(
        self,
        db: Connection,
        days: tuple[date | None, date | None] = (None, None),
        client_ids: Sequence[str] | None = None,
    ) -> Mapping[str, str]:
        """The sources for `sums` of these days and clients; loads what is archived of them."""
        months = await archived_months(db, *days)
        return await load(db, self.known(), months, days, client_ids) if months else LIVE

    def known(self) -> ArchiveStore:
        """Raises Unavailable when no archive is configured."""
        if self.store is None:
            raise Unavailable(
                "no_archive", "No archive is configured: set USAGE_ARCHIVE_URL and restart.", 60
            )
        return self.store


async def refuse_archived(db: Connection, months: set[date]) -> None:
    """Raise Conflict when one of these months has left the database: its entries are not
    there to tell whether an event is new. The lock keeps it so until the transaction ends.
    """
    await db.execute("LOCK TABLE ONLY ledger_entry IN ROW EXCLUSIVE MODE")
    month = await db.fetchval(
        "SELECT min(month) FROM archived_month WHERE month = ANY($1::date[])", sorted(months)
    )
    if month is not None:
        raise Conflict(
            "month_archived",
            f"The entries of {month:%Y-%m} are archived. Bring them back first: "
            f"`aiqc archive --restore {month:%Y-%m}`. Nothing of this was stored.",
        )
