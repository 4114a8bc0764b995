"""What was live for a client at an instant."""

from datetime import datetime

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.activations import Live
from libs.postgres import Connection, Pool, transaction
from libs.problems import Invalid
from services.profiles import repository
from services.profiles.access import readable, unknown_profile
from services.profiles.activations import rows
from services.profiles.domain.family import Family
from services.profiles.domain.live import Circumstances, live
from services.profiles.domain.slug import parse_profile_id
from services.profiles.reading import exact_version, require_client


async def live_at(pool: Pool, actor: Actor, client_id: str, slug: str, at: datetime | None) -> Live:
    """What an analysis for the client ran at that instant; None: now.

    Raises NotFound for a client or a profile that the actor may not see as it is now, and
    Invalid for an instant that is yet to come.
    """
    require(actor, Action.READ_PROFILES, client_id)
    async with transaction(pool, readable(actor)) as db:
        await require_client(db, client_id)
        family = await _family(db, actor, slug)
        now = await rows.now(db)
        if at and at > now:
            raise Invalid("not_yet", f"It is {now:%Y-%m-%dT%H:%M:%SZ}: give an instant before.")
        then = Circumstances(
            client_id,
            family,
            at or now,
            await rows.move_at(db, slug, at or now),
            await rows.pin_at(db, client_id, slug, at or now),
            await rows.audience_at(db, slug, at or now),
            await rows.shelved_at(db, client_id, slug, at or now),
        )
        version = await exact_version(db, family, then.version) if then.version else None
        return live(then, version)


async def _family(db: Connection, actor: Actor, slug: str) -> Family:
    """Raises NotFound also for the id of a later version: the question is about the profile."""
    parsed = parse_profile_id(slug)
    family = await repository.family(db, slug) if parsed == (slug, 1) else None
    if family is None or not family.audience.seen_by(readable(actor)):
        raise unknown_profile(slug)
    return family
