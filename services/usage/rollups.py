"""Keeping roll-ups equal to the ledger: days that entries were added to are summed again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import structlog

from libs.postgres import Connection, Pool, transaction
from libs.problems import Unavailable
from services.usage.archived import Archives
from services.usage.chain import PROOF_TIMEOUT_S
from services.usage.sums import ROLLUPS, sums

log = structlog.get_logger()
DAYS_AT_ONCE = 50
LOCK = 7_186
REST_S = 1.0
WORK_SHARE = 10
"""Rest ten times as long as the work took, so that a busy day does not cost the senders much."""

OF_DAYS = "(client_id, day) IN (SELECT * FROM unnest($1::text[], $2::date[]))"


async def refresh(
    pool: Pool, archives: Archives, at_most: int = DAYS_AT_ONCE, live_only: bool = False
) -> int:
    """Sum again up to `at_most` days that are behind; return how many were.

    Days that another process sums just now are left to it, and with `live_only` those whose
    entries are archived in part. Raises Unavailable when these cannot be read.
    """
    async with transaction(pool) as db:
        keys = await _take(db, at_most, live_only)
        if keys:
            clients, days = [client for client, _ in keys], [day for _, day in keys]
            sources = await archives.sources(db, (min(days), max(days)), sorted(set(clients)))
            for rollup in ROLLUPS:
                due = sums(rollup, OF_DAYS, sources)
                await db.execute(f"DELETE FROM {rollup} WHERE {OF_DAYS}", clients, days)
                await db.execute(
                    f"INSERT INTO {rollup} {due}", clients, days, timeout=PROOF_TIMEOUT_S
                )
    return len(keys)


async def _take(db: Connection, at_most: int, live_only: bool) -> list[tuple[str, date]]:
    """Lock days that are behind, then take their marks away.

    In this order and in statements of their own: what a mark that is gone stood for is seen
    by every later statement of the transaction.
    """
    rows = await db.fetch(
        """
        SELECT client_id, day
          FROM (SELECT client_id, day FROM dirty_day
                 WHERE NOT ($3 AND EXISTS (
                    SELECT FROM archived_month WHERE day BETWEEN first_on AND last_on))
                 GROUP BY client_id, day
                 ORDER BY min(batch_id::text), client_id, day LIMIT $1) AS oldest
         WHERE pg_try_advisory_xact_lock($2, hashtext(client_id || day::text))
        """,
        at_most,
        LOCK,
        live_only,
    )
    keys = [(row["client_id"], row["day"]) for row in rows]
    if keys:
        await db.execute(
            f"DELETE FROM dirty_day WHERE {OF_DAYS}",
            [client for client, _ in keys],
            [day for _, day in keys],
        )
    return keys


async def keep_fresh(pool: Pool, archives: Archives) -> None:
    """Refresh until cancelled. Reports do not wait for it: they sum what is behind themselves."""
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            await _catch_up(pool, archives)
        except Unavailable as error:
            log.warning("roll-ups wait", why=error.detail)
        except Exception:
            log.exception("roll-ups could not be refreshed")
        await asyncio.sleep(max(REST_S, WORK_SHARE * (clock() - began)))


async def _catch_up(pool: Pool, archives: Archives) -> None:
    """An archive that is away holds up its own days and no others."""
    try:
        while await refresh(pool, archives):
            pass
    except Unavailable:
        while await refresh(pool, archives, live_only=True):
            pass
        raise


async def stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@dataclass(frozen=True, slots=True)
class Difference:
    """A roll-up row that the ledger's rows do not give, or one that is missing."""

    rollup: str
    client_id: str
    day: date


async def differences(db: Connection, sources: Mapping[str, str]) -> list[Difference]:
    """Where roll-ups are not the sums of the entries in `sources`, of days that no mark excuses.

    The transaction must see one moment only.
    """
    clean = "(client_id, day) NOT IN (SELECT client_id, day FROM dirty_day)"
    found: list[Difference] = []
    for rollup in ROLLUPS:
        kept = f"SELECT * FROM {rollup} WHERE {clean}"
        due = sums(rollup, clean, sources)
        rows = await db.fetch(
            f"""
            SELECT DISTINCT client_id, day FROM (
                (({kept}) EXCEPT ({due})) UNION ALL (({due}) EXCEPT ({kept}))
            ) AS different ORDER BY day, client_id
            """,
            timeout=PROOF_TIMEOUT_S,
        )
        found += [Difference(rollup, row["client_id"], row["day"]) for row in rows]
    return found
