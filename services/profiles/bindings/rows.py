"""Every SQL statement about bindings."""

from dataclasses import dataclass
from datetime import datetime

from libs.contracts.bindings import ClientProfile
from libs.postgres import Connection
from services.profiles.domain.slug import profile_id_of


@dataclass(frozen=True, slots=True)
class BindingRow:
    """`pinned_version` None floats."""

    pinned_version: int | None
    changed_at: datetime
    changed_by: str


async def binding(db: Connection, client_id: str, slug: str) -> BindingRow | None:
    """None for a client that never was pinned."""
    row = await db.fetchrow(
        """
        SELECT pinned_version, changed_at, changed_by
          FROM client_binding WHERE client_id = $1 AND slug = $2
        """,
        client_id,
        slug,
    )
    return BindingRow(**row) if row else None


async def bind(db: Connection, client_id: str, slug: str, version: int | None, by: str) -> None:
    """Pin the client to that version of the profile, or let it float."""
    await db.execute(
        """
        INSERT INTO client_binding (client_id, slug, pinned_version, changed_by)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (client_id, slug) DO UPDATE
           SET pinned_version = $3, changed_by = $4, changed_at = clock_timestamp()
        """,
        client_id,
        slug,
        version,
        by,
    )


async def profiles_of(db: Connection, client_id: str) -> list[ClientProfile]:
    """What the client of this transaction may use, each as the version that it runs, by name."""
    rows = await db.fetch(
        """
        SELECT p.slug, v.name, v.version, b.pinned_version IS NOT NULL AS pinned,
               p.active_version, v.content_hash, v.scoring_hash
          FROM profile AS p
          LEFT JOIN client_binding AS b ON b.client_id = $1 AND b.slug = p.slug
          JOIN profile_version AS v
            ON v.slug = p.slug AND v.version = coalesce(b.pinned_version, p.active_version)
         WHERE p.archived_at IS NULL
           AND (p.visibility = 'all' OR $1 = ANY (p.visible_to_clients))
           AND EXISTS (SELECT FROM client WHERE client_id = $1 AND archived_at IS NULL)
         ORDER BY lower(v.name), p.slug
        """,
        client_id,
    )
    return [
        ClientProfile(
            profile_id=profile_id_of(row["slug"], row["version"]),
            slug=row["slug"],
            name=row["name"],
            version=row["version"],
            binding="pinned" if row["pinned"] else "floating",
            active_profile_id=profile_id_of(row["slug"], row["active_version"]),
            content_hash=row["content_hash"],
            scoring_hash=row["scoring_hash"],
        )
        for row in rows
    ]


async def pins_on(db: Connection, slug: str) -> dict[str, int]:
    """The pinned version of each client that this transaction sees; others float."""
    rows = await db.fetch(
        """
        SELECT client_id, pinned_version FROM client_binding
         WHERE slug = $1 AND pinned_version IS NOT NULL
        """,
        slug,
    )
    return {row["client_id"]: row["pinned_version"] for row in rows}


async def clients_in_use(db: Connection) -> list[str]:
    """The clients of this transaction that are not archived."""
    rows = await db.fetch("SELECT client_id FROM client WHERE archived_at IS NULL")
    return [row["client_id"] for row in rows]
