"""Every SQL statement about what a save started from."""

from dataclasses import dataclass
from datetime import datetime

from libs.postgres import Connection
from services.profiles.domain.audience import Audience
from services.profiles.domain.family import Family, Version
from services.profiles.repository import family_of, version_of


@dataclass(frozen=True, slots=True)
class Moved:
    """The last move of the active pointer."""

    by: str
    at: datetime


async def lock_with_version(
    db: Connection, slug: str, number: int
) -> tuple[Family, Version | None] | None:
    """As `repository.lock_family`, with the version of that number, if there is one."""
    row = await db.fetchrow(
        """
        SELECT f.slug, visibility, visible_to_clients, last_version, active_version, revision,
               f.created_at, f.created_by, archived_at,
               version, name, description, pass_threshold, checks, content_hash, scoring_hash,
               based_on, v.created_at AS saved_at, v.created_by AS saved_by
          FROM profile AS f
          LEFT JOIN profile_version AS v ON v.slug = f.slug AND version = $2
         WHERE f.slug = $1
           FOR NO KEY UPDATE OF f
        """,
        slug,
        number,
    )
    if row is None:
        return None
    saved = {"created_at": row["saved_at"], "created_by": row["saved_by"]}
    return family_of(row), version_of(dict(row) | saved) if row["version"] else None


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
