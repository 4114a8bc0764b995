"""Who uses a profile, and which profiles use a check, a model or a reference asset."""

from libs.contracts.access import Actor
from libs.contracts.finding import ProfileUsage, ProfileUse, ProfileUses
from libs.postgres import Pool, transaction
from services.profiles.access import readable
from services.profiles.archiving.archive import dependants
from services.profiles.domain.slug import profile_id_of
from services.profiles.domain.uses import Sought, Use, uses_in
from services.profiles.finding import rows
from services.profiles.reading import find_family

MAX_VERSIONS = 1_000


async def usage_of(pool: Pool, actor: Actor, profile_id: str) -> ProfileUsage:
    """The clients of the profile that the actor may know of, and what keeps it in use."""
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        family, _ = await find_family(db, clients, profile_id)
        using = await rows.using_clients(db, family.slug)
        found = await dependants(db, family.slug)
    return ProfileUsage(
        profile_id=family.slug,
        archived_at=family.archived_at,
        clients=[] if family.archived_at else using,
        dependants=found,
    )


async def profiles_with(pool: Pool, actor: Actor, sought: Sought) -> ProfileUses:
    """Each check with all of what is sought, in the versions that are in use."""
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        found = await rows.versions_in_use(db, sought, MAX_VERSIONS + 1)
        only_asset = sought.asset and not (sought.check or sought.model)
        brands = await rows.brands_with(db, sought.asset or "") if only_asset else []
    uses = [
        _use(version, use)
        for version in found[:MAX_VERSIONS]
        if version.audience.seen_by(clients)
        for use in uses_in(version.checks, sought)
    ]
    return ProfileUses(uses=uses, brands=brands, more=len(found) > MAX_VERSIONS)


def _use(version: rows.InUse, use: Use) -> ProfileUse:
    return ProfileUse(
        profile_id=profile_id_of(version.slug, version.version),
        profile_name=version.name,
        version=version.version,
        active=version.active,
        pinned_clients=version.pinned_clients,
        check_id=use.check_id,
        kind=use.check.kind,
        weight=use.check.weight,
        critical=use.check.critical,
        position=use.position,
        parameter=use.parameter,
    )
