"""Every SQL statement about where the active pointer was, and what a client was bound to."""

from datetime import datetime

from libs.postgres import Connection
from services.profiles.domain.activations import Move
from services.profiles.domain.audience import Audience
from services.profiles.domain.live import Pin, Shelved

MOVES = """
    SELECT slug, revision, version, reason, note, activated_at, activated_by,
           lag(version) OVER later AS previous_version,
           lead(activated_at) OVER later AS ended_at
      FROM activation
     WHERE slug = $1
    WINDOW later AS (ORDER BY revision)
"""


async def moves(db: Connection, slug: str, before: int | None, limit: int) -> list[Move]:
    """The moves with a revision below `before`, the newest first."""
    rows = await db.fetch(
        f"""
        SELECT * FROM ({MOVES}) AS moves
         WHERE $2::bigint IS NULL OR revision < $2
         ORDER BY revision DESC LIMIT $3
        """,
        slug,
        before,
        limit,
    )
    return [Move(**row) for row in rows]


async def move_at(db: Connection, slug: str, at: datetime) -> Move | None:
    """Where the pointer was at that instant; None before the first."""
    row = await db.fetchrow(
        f"""
        SELECT * FROM ({MOVES}) AS moves
         WHERE activated_at <= $2 ORDER BY revision DESC LIMIT 1
        """,
        slug,
        at,
    )
    return Move(**row) if row else None


async def pin_at(db: Connection, client_id: str, slug: str, at: datetime) -> Pin | None:
    """What the client was bound to at that instant; None: it never was to anything."""
    row = await db.fetchrow(
        """
        SELECT pinned_version, changed_at, changed_by FROM binding_history
         WHERE client_id = $1 AND slug = $2 AND changed_at <= $3
         ORDER BY change_no DESC LIMIT 1
        """,
        client_id,
        slug,
        at,
    )
    return Pin(*row) if row else None


async def audience_at(db: Connection, slug: str, at: datetime) -> tuple[Audience, datetime] | None:
    """Who could use the profile at that instant, and since when; None before there was one."""
    row = await db.fetchrow(
        """
        SELECT visibility, visible_to_clients, changed_at FROM audience_history
         WHERE slug = $1 AND changed_at <= $2 ORDER BY revision DESC LIMIT 1
        """,
        slug,
        at,
    )
    if row is None:
        return None
    return Audience(row["visibility"], tuple(row["visible_to_clients"])), row["changed_at"]


async def shelved_at(
    db: Connection, client_id: str, slug: str, at: datetime
) -> tuple[Shelved, ...]:
    """The last archiving or restoring of each until that instant; only the audit remembers it."""
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (object_kind) object_kind, action, at, actor
          FROM audit_event
         WHERE (object_kind, object_id) IN (('profile', $1), ('client', $2))
           AND split_part(action, '.', 2) IN ('archive', 'restore') AND at <= $3
         ORDER BY object_kind, revision DESC
        """,
        slug,
        client_id,
        at,
    )
    return tuple(
        Shelved(row["object_kind"], row["action"].endswith(".archive"), row["at"], row["actor"])
        for row in rows
    )


async def pinned_clients(db: Connection, slug: str) -> list[str]:
    """The clients with a pin that this transaction may see."""
    rows = await db.fetch(
        """
        SELECT client_id FROM client_binding
         WHERE slug = $1 AND pinned_version IS NOT NULL ORDER BY client_id
        """,
        slug,
    )
    return [row["client_id"] for row in rows]


async def now(db: Connection) -> datetime:
    """The database's clock."""
    instant: datetime = await db.fetchval("SELECT clock_timestamp()")
    return instant
