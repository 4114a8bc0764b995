"""The statements about bulk edits."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from libs.contracts.bulk import BulkOrder, Operation, Selection
from libs.postgres import Connection, Record
from services.profiles.domain.bulk_plan import Item, Plan, Step

OPERATIONS = TypeAdapter(list[Operation])

PLAN = """
    SELECT e.bulk_id, selection, operations, note, unchanged, created_at, created_by,
           c.at AS commit_at, c.by AS commit_by, u.at AS undo_at, u.by AS undo_by,
           (SELECT count(*) FROM bulk_item AS i
             WHERE i.bulk_id = e.bulk_id AND content_hash IS NOT NULL) AS changes
      FROM bulk_edit AS e
      LEFT JOIN bulk_step AS c ON c.bulk_id = e.bulk_id AND c.step = 'commit'
      LEFT JOIN bulk_step AS u ON u.bulk_id = e.bulk_id AND u.step = 'undo'
"""


async def selected(
    db: Connection,
    selection: Selection,
    sought: tuple[Collection[str], Collection[str]] | None,
    limit: int,
) -> list[str]:
    """Slugs of profiles in use; `sought` are checks and models, one of which each must have."""
    checks, models = sought or ((), ())
    rows = await db.fetch(
        """
        SELECT slug
          FROM profile
          JOIN profile_version USING (slug)
         WHERE version = active_version AND archived_at IS NULL
           AND ($1::text IS NULL OR visibility = 'all' OR $1 = ANY (visible_to_clients))
           AND ($2::text IS NULL OR $2 = ANY (check_names))
           AND ($3::text IS NULL OR $3 = ANY (model_names))
           AND (cardinality($4::text[]) = 0 OR slug = ANY ($4))
           AND slug <> ALL ($5::text[])
           AND ($6 OR check_names && $7::text[] OR model_names && $8::text[])
         ORDER BY slug
         LIMIT $9
        """,
        selection.client,
        selection.check,
        selection.model,
        selection.profiles or [],
        selection.without,
        sought is None,
        list(checks),
        list(models),
        limit,
    )
    return [row["slug"] for row in rows]


async def add_plan(
    db: Connection, bulk_id: UUID, order: BulkOrder, reach: Sequence[str], unchanged: int, by: str
) -> None:
    """`reach` are the clients who must all be somebody's for them to see it."""
    await db.execute(
        """
        INSERT INTO bulk_edit (bulk_id, clients, selection, operations, note, unchanged, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        bulk_id,
        list(reach),
        order.selection.model_dump(mode="json"),
        OPERATIONS.dump_json(order.operations).decode(),
        order.note,
        unchanged,
        by,
    )


async def add_items(db: Connection, bulk_id: UUID, items: Collection[Item]) -> None:
    await db.executemany(
        """
        INSERT INTO bulk_item (bulk_id, slug, base_version, base_revision, content_hash, left_out)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [
            (bulk_id, i.slug, i.base_version, i.base_revision, i.content_hash, i.left_out)
            for i in items
        ],
    )


async def plan(db: Connection, bulk_id: UUID) -> Plan | None:
    row = await db.fetchrow(f"{PLAN} WHERE e.bulk_id = $1", bulk_id)
    return _plan(row) if row else None


async def plans(db: Connection, limit: int) -> list[Plan]:
    """The latest first."""
    rows = await db.fetch(f"{PLAN} ORDER BY created_at DESC, e.bulk_id DESC LIMIT $1", limit)
    return [_plan(row) for row in rows]


async def items(db: Connection, bulk_id: UUID) -> list[Item]:
    """In the order of the slugs, which is that of locking."""
    rows = await db.fetch(
        """
        SELECT slug, base_version, base_revision, content_hash, left_out, version AS result
          FROM bulk_item
          LEFT JOIN bulk_result USING (bulk_id, slug)
         WHERE bulk_id = $1
         ORDER BY slug
        """,
        bulk_id,
    )
    return [Item(**row) for row in rows]


async def add_step(db: Connection, bulk_id: UUID, step: str, by: str) -> bool:
    """False when it had happened before; waits for one that is happening."""
    added = await db.fetchval(
        """
        INSERT INTO bulk_step (bulk_id, step, by) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING RETURNING bulk_id
        """,
        bulk_id,
        step,
        by,
    )
    return added is not None


async def add_results(db: Connection, bulk_id: UUID, results: Collection[tuple[str, int]]) -> None:
    """Slugs, and the versions that the commit made of them."""
    await db.executemany(
        "INSERT INTO bulk_result (bulk_id, slug, version) VALUES ($1, $2, $3)",
        [(bulk_id, slug, version) for slug, version in results],
    )


async def running(db: Connection, slugs: Collection[str]) -> list[Record]:
    """By profile the clients that use it, and where each is pinned."""
    return await db.fetch(
        """
        SELECT slug, client_id, pinned_version
          FROM profile
          JOIN client ON visibility = 'all' OR client_id = ANY (visible_to_clients)
          LEFT JOIN client_binding USING (slug, client_id)
         WHERE slug = ANY ($1::text[]) AND client.archived_at IS NULL
         ORDER BY slug, client_id
        """,
        list(slugs),
    )


async def wanting_approval(db: Connection) -> set[str]:
    """The clients whose profiles take two people to change."""
    rows = await db.fetch(
        "SELECT client_id FROM client WHERE approval_required AND archived_at IS NULL"
    )
    return {row["client_id"] for row in rows}


def _plan(row: Record) -> Plan:
    return Plan(
        row["bulk_id"],
        Selection.model_validate(row["selection"]),
        OPERATIONS.validate_json(row["operations"]),
        row["note"],
        row["unchanged"],
        row["created_at"],
        row["created_by"],
        _step(row["commit_at"], row["commit_by"]),
        _step(row["undo_at"], row["undo_by"]),
        row["changes"],
    )


def _step(at: datetime | None, by: str | None) -> Step | None:
    return Step(at, by) if at and by else None
