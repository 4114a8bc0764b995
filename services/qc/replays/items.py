"""SQL about what replays are made of: the analyses that are replayed, and what that has cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from libs.contracts.replays import ItemState
from libs.postgres import Connection
from services.qc.replays.rows import ReplayRow
from services.qc.repository import COLUMNS, AnalysisRow


@dataclass(frozen=True, slots=True)
class Item:
    """One analysis that is replayed. `ended` is the state of the analysis that replays it."""

    item_no: int
    source_id: UUID
    state: ItemState
    analysis_id: UUID | None = None
    expected_usd: Decimal | None = None
    code: str | None = None
    reason: str | None = None
    ended: str | None = None


async def add_items(db: Connection, row: ReplayRow, items: Sequence[Item]) -> None:
    await db.executemany(
        """
        INSERT INTO replay_item (client_id, replay_id, item_no, source_id, state, expected_usd,
                                 code, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                row.client_id,
                row.replay_id,
                one.item_no,
                one.source_id,
                one.state,
                one.expected_usd,
                one.code,
                one.reason,
            )
            for one in items
        ],
    )


async def items(db: Connection, row: ReplayRow) -> list[Item]:
    """In their order, the newest analysis first."""
    found = await db.fetch(
        """
        SELECT i.item_no, i.source_id, i.state, i.analysis_id, i.expected_usd, i.code, i.reason,
               CASE WHEN a.finished_at IS NOT NULL THEN a.state END AS ended
          FROM replay_item i LEFT JOIN analysis a USING (client_id, analysis_id)
         WHERE i.client_id = $1 AND i.replay_id = $2
         ORDER BY i.item_no
        """,
        row.client_id,
        row.replay_id,
    )
    return [Item(**one) for one in found]


async def set_item(
    db: Connection,
    row: ReplayRow,
    item: Item,
    state: ItemState,
    *,
    analysis_id: UUID | None = None,
    code: str | None = None,
    reason: str | None = None,
) -> None:
    """What is known already of `analysis_id`, `code` and `reason` stays where none is given."""
    await db.execute(
        """
        UPDATE replay_item
           SET state = $4, analysis_id = coalesce($5, analysis_id), code = coalesce($6, code),
               reason = coalesce($7, reason)
         WHERE client_id = $1 AND replay_id = $2 AND item_no = $3
        """,
        row.client_id,
        row.replay_id,
        item.item_no,
        state,
        analysis_id,
        code,
        reason,
    )


async def cancel_waiting(db: Connection, row: ReplayRow, reason: str) -> None:
    await db.execute(
        """
        UPDATE replay_item SET state = 'not_replayed', code = 'cancelled', reason = $3
         WHERE client_id = $1 AND replay_id = $2 AND state = 'waiting'
        """,
        row.client_id,
        row.replay_id,
        reason,
    )


async def running_analyses(db: Connection, row: ReplayRow) -> list[AnalysisRow]:
    found = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM analysis
         WHERE client_id = $1 AND finished_at IS NULL
           AND analysis_id IN (SELECT analysis_id FROM replay_item
                                WHERE client_id = $1 AND replay_id = $2 AND state = 'running')
        """,
        row.client_id,
        row.replay_id,
    )
    return [AnalysisRow(**one) for one in found]


async def progress(db: Connection, row: ReplayRow) -> tuple[int, int]:
    """How many items have ended, of how many."""
    [found] = await db.fetch(
        """
        SELECT count(*) FILTER (WHERE state IN ('done', 'not_replayed')) AS done,
               count(*) AS total
          FROM replay_item WHERE client_id = $1 AND replay_id = $2
        """,
        row.client_id,
        row.replay_id,
    )
    return found["done"], found["total"]


async def spent(db: Connection, row: ReplayRow) -> tuple[Decimal, Decimal]:
    """What the ledger has told of its calls, and with it the most that the others can cost."""
    [found] = await db.fetch(
        """
        SELECT coalesce(sum(a.cost_usd), 0) AS told,
               coalesce(sum(coalesce(a.cost_usd, c.most_usd)), 0) AS bound
          FROM replay_call c JOIN attempt a USING (client_id, attempt_id)
         WHERE c.client_id = $1 AND c.replay_id = $2
        """,
        row.client_id,
        row.replay_id,
    )
    return found["told"], found["bound"]


async def newest(
    db: Connection, client_id: str, slug: str | None, most: int
) -> list[tuple[UUID, str, str]]:
    """Id, hash and file name of those among the client's last `most` analyses that are done and
    whole, the newest first; of any version of the profile `slug`, or of all. Replays are none.

    Ids tell the time, so the last are the end of the key, and old months are not read.
    """
    rows = await db.fetch(
        """
        SELECT analysis_id, creative ->> 'sha256' AS sha256, creative ->> 'file_name' AS name
          FROM (SELECT * FROM analysis WHERE client_id = $1
                 ORDER BY analysis_id DESC LIMIT $3) AS lately
         WHERE state = 'done' AND only_checks = '{}'
           AND ($2::text IS NULL OR regexp_replace(profile_id, '_v[0-9]+$', '') = $2)
           AND brief -> 'given' ->> 'replay' IS NULL
         ORDER BY analysis_id DESC
        """,
        client_id,
        slug,
        most,
    )
    return [(row["analysis_id"], row["sha256"], row["name"]) for row in rows]
