"""Which version a client runs: held at one, or floating with the active one.

A pin is the client's own decision, so it is a change of the client and none of the profile. It
outlives the client's right to use the profile: nothing can be resolved meanwhile, and when the
client may use the profile again, it holds again.
"""

from dataclasses import replace

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.bindings import Binding, ClientProfiles
from libs.postgres import Connection, Pool, transaction
from services.profiles import repository
from services.profiles.access import readable, require_in_use, unknown_client, unknown_profile
from services.profiles.approval import require_no_approval
from services.profiles.bindings import rows
from services.profiles.clients.rows import client, pins_of
from services.profiles.clients.writing import held_client, write_client
from services.profiles.domain.audience import Audience
from services.profiles.domain.clients import ClientState
from services.profiles.domain.family import Family
from services.profiles.domain.slug import parse_profile_id
from services.profiles.reading import exact_version, require_client


async def list_client_profiles(pool: Pool, actor: Actor, client_id: str) -> ClientProfiles:
    """Exactly what `resolve` would answer for each slug; nothing for an archived client."""
    require(actor, Action.READ_PROFILES, client_id)
    async with transaction(pool, (client_id,)) as db:
        await require_client(db, client_id)
        return ClientProfiles(client_id=client_id, profiles=await rows.profiles_of(db, client_id))


async def get_binding(pool: Pool, actor: Actor, client_id: str, slug: str) -> Binding:
    """Raises NotFound for a profile that the actor may not see; an admin sees a sleeping pin."""
    require(actor, Action.READ_PROFILES, client_id)
    async with transaction(pool, _sight(actor, client_id)) as db:
        owner = await client(db, client_id)
        if owner is None:
            raise unknown_client(client_id)
        return await _binding(db, owner, await _family(db, actor, client_id, slug))


async def set_binding(
    pool: Pool, actor: Actor, client_id: str, slug: str, version: int | None
) -> Binding:
    """Pin the client to a version, or with None let it float, and audit it; the same again is none.

    Raises NotFound, Forbidden, and Conflict for an archived client or profile and for a version
    that the client may run only when somebody has approved it.
    """
    require(actor, Action.WRITE_PROFILES, client_id)
    async with transaction(pool, _sight(actor, client_id)) as db:
        owner = await held_client(db, client_id)
        family = await _family(db, actor, client_id, slug)
        if version is not None:
            await _require_pinnable(db, owner, family, version)
        pins = await pins_of(db, client_id)
        if pins.get(slug) == version:
            return await _binding(db, owner, family)
        await rows.bind(db, client_id, slug, version, actor.subject)
        after = {one: pinned for one, pinned in pins.items() if one != slug}
        if version is not None:
            after[slug] = version
        action = "float" if version is None else "pin"
        details: dict[str, object] = {
            "slug": slug,
            "version": version,
            "before": {"version": pins.get(slug)},
        }
        await write_client(db, actor, owner, owner, (pins, after), action, details)
        binding = await _binding(db, owner, family)
        return binding.model_copy(update={"changed": True})


def _sight(actor: Actor, client_id: str) -> tuple[str, ...] | None:
    """An admin also sees the pins of profiles that the client may not use any more."""
    return None if readable(actor) is None else (client_id,)


async def _family(db: Connection, actor: Actor, client_id: str, slug: str) -> Family:
    parsed = parse_profile_id(slug)
    family = await repository.family(db, slug) if parsed and parsed[1] == 1 else None
    clients = None if readable(actor) is None else (client_id,)
    if family is None or not family.audience.seen_by(clients):
        raise unknown_profile(slug)
    return family


async def _require_pinnable(
    db: Connection, owner: ClientState, family: Family, version: int
) -> None:
    if not family.audience.seen_by((owner.client_id,)):
        raise unknown_profile(family.slug)
    require_in_use(family)
    await exact_version(db, family, version)
    for_owner = replace(family, audience=Audience("client_specific", (owner.client_id,)))
    await require_no_approval(db, for_owner, version=version)


async def _binding(db: Connection, owner: ClientState, family: Family) -> Binding:
    row = await rows.binding(db, owner.client_id, family.slug)
    pinned = row.pinned_version if row else None
    version = pinned or family.active_version
    is_seen = family.audience.seen_by((owner.client_id,))
    return Binding(
        client_id=owner.client_id,
        slug=family.slug,
        binding="pinned" if pinned else "floating",
        profile_id=family.id_of(version),
        version=version,
        active_profile_id=family.id_of(family.active_version),
        usable=is_seen and not family.archived_at and not owner.archived_at,
        changed_at=row.changed_at if row else None,
        changed_by=row.changed_by if row else "",
    )
