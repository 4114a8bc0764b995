"""Every SQL statement about what a save started from and whom it moves."""

from dataclasses import dataclass
from datetime import datetime

from libs.postgres import Connection
from services.profiles.domain.audience import Audience


@dataclass(frozen=True, slots=True)
class Moved:
    """The last move of the active pointer."""

    by: str
    at: datetime


async def last_move(db: Connection, slug: str) -> Moved:
    row = await db.fetchrow(
        """
        SELECT activated_by, activated_at FROM activation
         WHERE slug = $1 ORDER BY revision DESC LIMIT 1
        """,
        slug,
    )
    assert row, f"{slug} never had an active version"
    return Moved(row["activated_by"], row["activated_at"])


async def audience_at(db: Connection, slug: str, revision: int) -> Audience | None:
    """Who could use the profile in that state of it; None for a state before the first."""
    row = await db.fetchrow(
        """
        SELECT visibility, visible_to_clients FROM audience_history
         WHERE slug = $1 AND revision <= $2 ORDER BY revision DESC LIMIT 1
        """,
        slug,
        revision,
    )
    return Audience(row["visibility"], tuple(row["visible_to_clients"])) if row else None


async def revision_of(db: Connection, slug: str, version: int) -> int:
    """The state of the profile in which the version became active for the first time."""
    first: int | None = await db.fetchval(
        "SELECT min(revision) FROM activation WHERE slug = $1 AND version = $2", slug, version
    )
    return first or 0


async def bindings_of(db: Connection, slug: str, audience: Audience) -> dict[str, int | None]:
    """The clients of the audience that this transaction may see, each with the version that it
    is pinned to; None: it floats.
    """
    rows = await db.fetch(
        """
        SELECT c.client_id, b.pinned_version
          FROM client AS c
          LEFT JOIN client_binding AS b ON b.client_id = c.client_id AND b.slug = $1
         WHERE c.archived_at IS NULL AND ($2 = 'all' OR c.client_id = ANY ($3::text[]))
         ORDER BY c.client_id
        """,
        slug,
        audience.visibility,
        list(audience.clients),
    )
    return {row["client_id"]: row["pinned_version"] for row in rows}
