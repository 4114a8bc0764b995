"""The statements about archived profiles, and about what keeps a profile in use."""

from libs.contracts.finding import Dependant
from libs.postgres import Connection
from services.profiles.domain.family import Family
from services.profiles.domain.slug import profile_id_of


async def set_archived(db: Connection, family: Family, by: str | None) -> Family:
    """Archive the family, or with None restore it; `family` has the revision it then has."""
    archived_at = await db.fetchval(
        """
        UPDATE profile
           SET archived_at = CASE WHEN $2::text IS NOT NULL THEN clock_timestamp() END,
               archived_by = $2, revision = $3
         WHERE slug = $1
        RETURNING archived_at
        """,
        family.slug,
        by,
        family.revision,
    )
    return family.archived_since(archived_at)


async def schedules(db: Connection, slug: str) -> list[Dependant]:
    """Activations that are still to come."""
    rows = await db.fetch(
        """
        SELECT schedule_id, version, activate_at FROM schedule
         WHERE slug = $1 AND state = 'pending' ORDER BY activate_at
        """,
        slug,
    )
    return [
        Dependant(
            kind="schedule",
            id=str(schedule_id),
            what=f"{profile_id_of(slug, version)} is to be activated on {at:%Y-%m-%d at %H:%M} UTC",
        )
        for schedule_id, version, at in rows
    ]


async def drafts(db: Connection, slug: str) -> list[Dependant]:
    """Drafts that are neither applied nor withdrawn."""
    rows = await db.fetch(
        """
        SELECT draft_id, title, created_by FROM draft
         WHERE slug = $1 AND state = 'open' ORDER BY created_at
        """,
        slug,
    )
    return [
        Dependant(kind="draft", id=str(draft_id), what=f"{by} has an open draft, “{title}”")
        for draft_id, title, by in rows
    ]


async def pins(db: Connection, slug: str) -> list[Dependant]:
    """Clients that are pinned to one of its versions and may use it."""
    rows = await db.fetch(
        """
        SELECT client_id, pinned_version
          FROM client_binding JOIN profile USING (slug)
         WHERE slug = $1 AND pinned_version IS NOT NULL
           AND (visibility = 'all' OR client_id = ANY (visible_to_clients))
         ORDER BY client_id
        """,
        slug,
    )
    return [
        Dependant(
            kind="pin", id=client, what=f"{client} is pinned to {profile_id_of(slug, number)}"
        )
        for client, number in rows
    ]
