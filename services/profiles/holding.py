"""A profile held for a change: locked, and the actor's to change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from libs.contracts.access import Actor
from libs.postgres import Connection, Pool, transaction
from libs.problems import PreconditionFailed
from services.profiles import repository
from services.profiles.access import (
    may_change,
    readable,
    require_in_use,
    unknown_profile,
    writable,
)
from services.profiles.domain.etag import matches
from services.profiles.domain.family import Family
from services.profiles.domain.slug import parse_profile_id
from services.profiles.registry import refusal


@dataclass(frozen=True, slots=True)
class Held:
    """The transaction, the locked family, and the version's number in the id."""

    db: Connection
    family: Family
    number: int


@asynccontextmanager
async def held(pool: Pool, actor: Actor, profile_id: str) -> AsyncIterator[Held]:
    """The family of `profile_id`, which nobody else changes until the block ends.

    Raises NotFound, Forbidden, and Conflict for an archived one. Whether there is a version
    with that number is the caller's to ask.
    """
    slug, number = parsed(profile_id)
    async with transaction(pool, writable(actor)) as db:
        family = await repository.lock_family(db, slug)
        if family and may_change(actor, family.audience):
            require_in_use(family)
            yield Held(db, family, number)
            return
    raise await refusal(pool, actor, slug, profile_id)


@asynccontextmanager
async def seen(pool: Pool, actor: Actor, profile_id: str) -> AsyncIterator[Held]:
    """The family of `profile_id`, to read of. Raises NotFound."""
    slug, number = parsed(profile_id)
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        family = await repository.family(db, slug)
        if family is None or not family.audience.seen_by(clients):
            raise unknown_profile(profile_id)
        yield Held(db, family, number)


def parsed(profile_id: str) -> tuple[str, int]:
    """Slug and number. Raises NotFound for what is no id."""
    found = parse_profile_id(profile_id)
    if found is None:
        raise unknown_profile(profile_id)
    return found


def require_fresh(family: Family, if_match: str | None) -> None:
    """Raise PreconditionFailed unless `if_match` is absent or names the state of now."""
    etag = family.etag(family.active_version)
    if if_match is not None and not matches(if_match, etag):
        active = family.id_of(family.active_version)
        raise PreconditionFailed(
            "stale_save",
            f"The profile changed meanwhile, and {active} is active: load it and decide again.",
            members={"current": {"profile_id": active, "etag": etag}},
        )
