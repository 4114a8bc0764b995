"""What an analysis for a client runs."""

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.profiles import Resolved
from libs.postgres import Pool, Record, transaction
from services.profiles.access import (
    archived_client,
    require_in_use,
    unknown_client,
    unknown_profile,
)
from services.profiles.brand_rows import brand_of
from services.profiles.domain.family import Family, profile_of
from services.profiles.domain.slug import parse_profile_id
from services.profiles.reading import exact_version
from services.profiles.repository import family_of

# Every analysis asks it, so one question to the server stands for four.
_BOUND = """
    SELECT c.archived_at AS client_archived_at, b.pinned_version,
           p.slug, p.visibility, p.visible_to_clients, p.last_version, p.active_version,
           p.revision, p.created_at, p.created_by, p.archived_at,
           brand.version AS brand_version, brand.brand
      FROM client AS c
      LEFT JOIN profile AS p ON p.slug = $2
      LEFT JOIN client_binding AS b ON b.client_id = c.client_id AND b.slug = p.slug
      LEFT JOIN LATERAL (
           SELECT version, brand FROM brand_version
            WHERE client_id = c.client_id ORDER BY version DESC LIMIT 1) AS brand ON true
     WHERE c.client_id = $1
"""


async def resolve(pool: Pool, actor: Actor, client_id: str, profile_id: str) -> Resolved:
    """The version of the profile that the client is bound to, and the client's brand data.

    Here a slug means the profile, so the client's pinned version or else the active one. An id
    that ends in `_vN` means exactly that version. (`get_profile` takes a slug for version 1.)
    Raises NotFound, and Conflict for what is archived.
    """
    require(actor, Action.RESOLVE_PROFILES, client_id)
    slug, number = parse_profile_id(profile_id) or (None, None)
    async with transaction(pool, (client_id,)) as db:
        bound = await db.fetchrow(_BOUND, client_id, slug)
        if bound is None:
            raise unknown_client(client_id)
        family = _usable(bound, client_id, profile_id)
        pinned = number if profile_id != slug else bound["pinned_version"]
        version = await exact_version(db, family, pinned or family.active_version)
    return Resolved(
        client_id=client_id,
        binding="pinned" if pinned else "floating",
        profile=profile_of(family, version, (client_id,)),
        brand=brand_of(bound["brand"]),
        brand_version=bound["brand_version"] or 0,
    )


def _usable(bound: Record, client_id: str, profile_id: str) -> Family:
    if bound["client_archived_at"]:
        raise archived_client(client_id)
    family = family_of(bound) if bound["slug"] else None
    if family is None or not family.audience.seen_by((client_id,)):
        raise unknown_profile(profile_id)
    require_in_use(family)
    return family
