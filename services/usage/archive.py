"""Archiving months of the ledger, and bringing them back.

A month leaves the database only after its files were read back and found to give the very
chain that the month has. Roll-ups stay, so reports by client and day are as fast as before;
reports that are narrowed otherwise read the files.
"""

import json
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import structlog

from libs.contracts.ledger import Archived, MonthMoved
from libs.postgres import CLASHES, Connection, Cursor, Pool, insist, transaction
from libs.problems import Conflict, NotFound
from services.usage import archived, rollups
from services.usage.aggregates import freeze
from services.usage.archive_files import KINDS, SELECTED, Writer
from services.usage.archived import ArchivedMonth, Archives, ArchiveStore, archived_months
from services.usage.chain import PROOF_TIMEOUT_S, chain_faults

log = structlog.get_logger()
FORMAT = 1
ROWS_AT_ONCE = 5_000
ROWS_IN_A_FILE = 1_000_000
READERS_END_WITHIN_S = 300.0


async def archive_older(pool: Pool, store: ArchiveStore, days: int, today_on: date) -> Archived:
    """Archive every month that ended more than `days` days ago, the oldest first.

    Each month is one step of its own: what died half way is done again, and a month is
    either in the database or in the archive. Raises Conflict for a month whose chain is
    broken, and when entries arrive in a month while it is written.
    """
    limit = today_on - timedelta(days=days)
    done = [await _archive(pool, store, month) for month in await _months_before(pool, limit)]
    return Archived(months=done)


async def _months_before(pool: Pool, limit: date) -> list[date]:
    async with transaction(pool) as db:
        rows = await db.fetch(
            """
            SELECT DISTINCT month FROM ledger_head
             WHERE month <> '1970-01-01' AND (month + interval '1 month')::date <= $1
               AND month NOT IN (SELECT month FROM archived_month)
               AND to_regclass('ledger_entry' || to_char(month, '_YYYY_MM')) IS NOT NULL
             ORDER BY month
            """,
            limit,
        )
    return [row["month"] for row in rows]


async def _archive(pool: Pool, store: ArchiveStore, month: date) -> MonthMoved:
    await _catch_up(pool, store)
    async with transaction(pool) as db:
        await freeze(db)
        if any(one.month == month for one in await archived_months(db)):
            raise _in_use(month)
        if faults := await chain_faults(db, month=month):
            raise Conflict(
                "chain_broken",
                f"{month:%Y-%m} is not archived: {faults[0].client_id}, block "
                f"{faults[0].block_no}: {faults[0].fault}. See `aiqc ledger verify`.",
            )
        manifest = await _write(db, store, month)
        await _prove(db, store, manifest)
    content = json.dumps(manifest, sort_keys=True, indent=1).encode()
    await store.put(f"{month:%Y-%m}/manifest.json", content)
    digest = sha256(content).digest()
    await insist(lambda: _drop(pool, month, manifest, digest), READERS_END_WITHIN_S)
    log.info("archived", month=f"{month:%Y-%m}", entries=manifest["entries"])
    return MonthMoved(
        month=month, entries=manifest["entries"], cost_usd=Decimal(manifest["cost_usd"])
    )


async def _catch_up(pool: Pool, store: ArchiveStore) -> None:
    """Roll-ups are made from entries before these leave: later it takes the files to make them."""
    while await rollups.refresh(pool, Archives(store)):
        pass


async def _write(db: Connection, store: ArchiveStore, month: date) -> dict[str, Any]:
    """Write the month's entries to files; return the manifest of what was written."""
    partition = f"ledger_entry_{month:%Y_%m}"
    # Through the parent: the policy of row-level security stands there.
    where = f"tableoid = '{partition}'::regclass"
    cursor = await db.cursor(
        f"SELECT {SELECTED} FROM ledger_entry WHERE {where} ORDER BY client_id, event_id"
    )
    files: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="aiqc-archive-") as folder:
        while file := await _write_file(cursor, Path(folder), month, len(files)):
            await store.put(file["name"], Path(folder) / "entries.parquet")
            files.append(file)
    [sums] = await db.fetch(
        f"""
        SELECT count(*) AS entries, coalesce(sum(cost_usd), 0)::text AS cost_usd,
               min(day) AS first_on, max(day) AS last_on
          FROM ledger_entry WHERE {where}
        """
    )
    heads = await db.fetch(
        "SELECT client_id, encode(sha256, 'hex') AS sha256 FROM ledger_head WHERE month = $1", month
    )
    return {
        "format": FORMAT,
        "month": month.isoformat(),
        "entries": sums["entries"],
        "cost_usd": sums["cost_usd"],
        "first_on": sums["first_on"].isoformat(),
        "last_on": sums["last_on"].isoformat(),
        "heads": {row["client_id"]: row["sha256"] for row in heads},
        "files": files,
    }


async def _write_file(
    cursor: Cursor, folder: Path, month: date, number: int
) -> dict[str, Any] | None:
    rows = await cursor.fetch(ROWS_AT_ONCE)
    if not rows:
        return None
    path, entries = folder / "entries.parquet", 0
    writer = Writer(path)
    while rows:
        writer.write([dict(row) for row in rows])
        entries += len(rows)
        rows = await cursor.fetch(ROWS_AT_ONCE) if entries < ROWS_IN_A_FILE else []
    writer.close()
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return {
        "name": f"{month:%Y-%m}/entries-{number:04}-{digest[:12]}.parquet",
        "sha256": digest,
        "entries": entries,
    }


async def _prove(db: Connection, store: ArchiveStore, manifest: dict[str, Any]) -> None:
    """Read the files back: alone they must give every block of the month's chains."""
    month = date.fromisoformat(manifest["month"])
    await archived.load(db, store, [ArchivedMonth(month, month, month, manifest["files"])])
    wrong = await db.fetchval(
        f"""
        WITH held AS (
            SELECT entry.client_id, entry.batch_id, sha256(string_agg(
                       entry_digest(entry), ''::bytea ORDER BY entry.event_id)) AS batch_sha256
              FROM (SELECT {archived.TYPED} FROM archived_entry) AS stored,
                   jsonb_populate_record(NULL::ledger_entry, to_jsonb(stored)) AS entry
             GROUP BY entry.client_id, entry.batch_id
        )
        SELECT count(*) FROM held
          FULL JOIN (SELECT * FROM ledger_block WHERE month = $1) AS block
         USING (client_id, batch_id, batch_sha256)
         WHERE held.client_id IS NULL OR block.client_id IS NULL
        """,
        month,
        timeout=PROOF_TIMEOUT_S,
    )
    if wrong:
        raise RuntimeError(f"the archive of {month:%Y-%m} does not give {wrong} of its blocks")


async def _drop(pool: Pool, month: date, manifest: dict[str, Any], digest: bytes) -> None:
    """Safe to do again when the answer to its commit was lost.

    Readers of the month are waited for between tries, because senders queue behind each.
    """
    try:
        async with transaction(pool) as db:
            if digest == await db.fetchval(
                "SELECT manifest_sha256 FROM archived_month WHERE month = $1", month
            ):
                return
            await db.execute(
                """
                INSERT INTO archived_month (
                    month, first_on, last_on, entries, cost_usd, manifest, manifest_sha256)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                month,
                date.fromisoformat(manifest["first_on"]),
                date.fromisoformat(manifest["last_on"]),
                manifest["entries"],
                Decimal(manifest["cost_usd"]),
                manifest,
                digest,
            )
            await db.execute("SELECT drop_month($1, $2)", month, manifest["heads"])
    except CLASHES as error:
        raise _in_use(month) from error


def _in_use(month: date) -> Conflict:
    return Conflict(
        "month_in_use", f"{month:%Y-%m} changed while it was being moved: look again, try again."
    )


async def restore(pool: Pool, store: ArchiveStore, month: date) -> MonthMoved:
    """Bring a month's entries back into the database. The files stay where they are.

    Raises NotFound for a month that is not archived, Conflict when another brings it back just
    now or its files do not give its chain.
    """
    await _make_room(pool, month)
    try:
        back = await _bring_back(pool, store, month)
    except CLASHES as error:
        raise _in_use(month) from error
    log.info("restored", month=f"{month:%Y-%m}", entries=back.entries)
    return back


async def _make_room(pool: Pool, month: date) -> None:
    """Make the month's partition in a transaction of its own: it locks everybody out."""
    async with transaction(pool) as db:
        if await db.fetchval(
            "SELECT NOT EXISTS (SELECT FROM archived_month WHERE month = $1)", month
        ):
            raise _not_archived(month)
        await db.execute("SELECT make_month($1)", month)


def _not_archived(month: date) -> NotFound:
    return NotFound("not_archived", f"{month:%Y-%m} is not archived.")


async def _bring_back(pool: Pool, store: ArchiveStore, month: date) -> MonthMoved:
    async with transaction(pool) as db:
        found = [one for one in await archived_months(db) if one.month == month]
        if not found:
            raise _not_archived(month)
        await archived.load(db, store, found)
        [back] = await db.fetch(
            f"""
            WITH back AS (
                INSERT INTO ledger_entry ({", ".join(KINDS)})
                SELECT {archived.TYPED} FROM archived_entry ORDER BY client_id, event_id
                RETURNING cost_usd
            )
            SELECT count(*) AS entries, coalesce(sum(cost_usd), 0) AS cost_usd FROM back
            """,
            timeout=PROOF_TIMEOUT_S,
        )
        proven = await db.fetchval("SELECT forget_archive($1)", month, timeout=PROOF_TIMEOUT_S)
        if not proven:
            raise Conflict(
                "chain_broken", f"{month:%Y-%m} stays archived: its files do not give its chain."
            )
    return MonthMoved(month=month, entries=back["entries"], cost_usd=back["cost_usd"])
