"""Many families and their versions, each kind with one statement."""

from collections.abc import Collection, Mapping

from libs.postgres import Connection
from services.profiles.domain.family import Family, Version
from services.profiles.repository import family_of, version_of


async def families(db: Connection, slugs: Collection[str]) -> dict[str, Family]:
    """Those of the profiles that this transaction may see, by slug."""
    rows = await db.fetch(
        """
        SELECT slug, visibility, visible_to_clients, last_version, active_version, revision,
               created_at, created_by, archived_at
          FROM profile WHERE slug = ANY ($1::text[])
        """,
        list(slugs),
    )
    return {row["slug"]: family_of(row) for row in rows}


async def lock_families(db: Connection, slugs: Collection[str]) -> dict[str, Family]:
    """As `repository.lock_family`, in the order of the slugs: two who lock never wait in a ring."""
    rows = await db.fetch(
        """
        SELECT slug, visibility, visible_to_clients, last_version, active_version, revision,
               created_at, created_by, archived_at
          FROM profile WHERE slug = ANY ($1::text[])
         ORDER BY slug
           FOR NO KEY UPDATE
        """,
        list(slugs),
    )
    return {row["slug"]: family_of(row) for row in rows}


async def versions(db: Connection, numbers: Mapping[str, int]) -> dict[str, Version]:
    """Of each slug the version of that number."""
    rows = await db.fetch(
        """
        SELECT slug, version, name, description, pass_threshold, checks, content_hash,
               scoring_hash, based_on, created_at, created_by
          FROM profile_version
          JOIN unnest($1::text[], $2::integer[]) AS wanted (slug, version) USING (slug, version)
        """,
        list(numbers),
        list(numbers.values()),
    )
    return {row["slug"]: version_of(row) for row in rows}
