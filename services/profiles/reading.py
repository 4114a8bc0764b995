"""Reading the registry: what exists, and what a client may use."""

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.profiles import ClientList, Profile, ProfileList, VersionList
from libs.postgres import Connection, Pool, transaction
from services.profiles import repository
from services.profiles.access import (
    archived_client,
    readable,
    unknown_client,
    unknown_profile,
)
from services.profiles.clients.rows import client
from services.profiles.domain.family import (
    Family,
    Version,
    past_of,
    profile_of,
    summary_of,
)
from services.profiles.domain.slug import parse_profile_id
from services.profiles.domain.uses import Sought
from services.profiles.finding import rows as finding


async def list_clients(pool: Pool, actor: Actor, *, archived: bool = False) -> ClientList:
    async with transaction(pool, readable(actor)) as db:
        return ClientList(clients=await repository.clients(db, archived=archived))


async def list_profiles(
    pool: Pool, actor: Actor, client_id: str | None, sought: Sought
) -> ProfileList:
    """All that the actor may see or, with a client, exactly what that client may use.

    With a client each line is the version that its analyses run: a pinned one stays. An
    archived client may use none.
    """
    known = readable(actor)
    if client_id is not None:
        require(actor, Action.READ_PROFILES, client_id)
    clients = known if client_id is None else (client_id,)
    async with transaction(pool, clients) as db:
        if client_id is not None:
            await require_client(db, client_id)
            if await repository.archived_clients(db, [client_id]):
                return ProfileList(profiles=[])
        lines = await finding.lines(db, client_id, sought)
    return ProfileList(
        profiles=[summary_of(line, known) for line in lines if line.audience.seen_by(clients)]
    )


async def get_profile(pool: Pool, actor: Actor, profile_id: str) -> Profile:
    """Exactly that version: `my_profile` is version 1, whatever is active."""
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        family, number = await find_family(db, clients, profile_id)
        version = await exact_version(db, family, number)
    return profile_of(family, version, clients)


async def list_versions(pool: Pool, actor: Actor, profile_id: str) -> VersionList:
    """The history of the profile that the version belongs to, the newest first."""
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        family, number = await find_family(db, clients, profile_id)
        lines = await repository.history(db, family.slug)
    if number > family.last_version:
        raise unknown_profile(profile_id)
    return VersionList(versions=[past_of(line) for line in lines])


async def require_client(db: Connection, client_id: str) -> None:
    """Raise NotFound unless the client exists and this transaction may see it."""
    if not await repository.known_clients(db, [client_id]):
        raise unknown_client(client_id)


async def require_client_in_use(db: Connection, client_id: str) -> None:
    """Raises as `require_client`, and Conflict for a client that is archived."""
    found = await client(db, client_id)
    if found is None:
        raise unknown_client(client_id)
    if found.archived_at:
        raise archived_client(client_id)


async def exact_version(db: Connection, family: Family, number: int) -> Version:
    """Raises NotFound for a number that the family never reached."""
    version = await repository.version(db, family.slug, number)
    if version is None:
        raise unknown_profile(family.id_of(number))
    return version


async def find_family(
    db: Connection, clients: tuple[str, ...] | None, profile_id: str
) -> tuple[Family, int]:
    """The family of that id, and the number in it. Raises NotFound unless `clients` see it."""
    parsed = parse_profile_id(profile_id)
    family = await repository.family(db, parsed[0]) if parsed else None
    if parsed is None or family is None or not family.audience.seen_by(clients):
        raise unknown_profile(profile_id)
    return family, parsed[1]
