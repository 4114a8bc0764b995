"""SQL for profiles as files."""

from libs.postgres import Connection
from services.profiles.domain.content import Content
from services.profiles.domain.family import Version
from services.profiles.domain.files import Origin
from services.profiles.repository import STORED_CHECKS


async def slugs_in_use(db: Connection) -> list[str]:
    """Of every profile that this transaction may see and that is not archived."""
    rows = await db.fetch("SELECT slug FROM profile WHERE archived_at IS NULL ORDER BY slug")
    return [row["slug"] for row in rows]


async def add_origin(db: Connection, slug: str, version: int, origin: Origin) -> None:
    await db.execute(
        """
        INSERT INTO version_origin (slug, version, created_at, created_by, modified_at, modified_by)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        slug,
        version,
        origin.created_at,
        origin.created_by,
        origin.modified_at,
        origin.modified_by,
    )


async def versions_with_origin(db: Connection, slug: str) -> list[tuple[Version, Origin | None]]:
    """All versions of a profile, the first one first; the origin is of imported ones."""
    rows = await db.fetch(
        """
        SELECT v.version, name, description, pass_threshold, checks, content_hash, scoring_hash,
               based_on, v.created_at, v.created_by, o.version IS NOT NULL AS imported,
               o.created_at AS first_at, o.created_by AS first_by, o.modified_at, o.modified_by
          FROM profile_version AS v
          LEFT JOIN version_origin AS o ON o.slug = v.slug AND o.version = v.version
         WHERE v.slug = $1
         ORDER BY v.version
        """,
        slug,
    )
    return [
        (
            Version(
                row["version"],
                Content(
                    row["name"],
                    row["description"],
                    row["pass_threshold"],
                    STORED_CHECKS.validate_json(row["checks"]),
                ),
                row["content_hash"],
                row["scoring_hash"],
                row["based_on"],
                row["created_at"],
                row["created_by"],
            ),
            Origin(row["first_at"], row["first_by"], row["modified_at"], row["modified_by"])
            if row["imported"]
            else None,
        )
        for row in rows
    ]
