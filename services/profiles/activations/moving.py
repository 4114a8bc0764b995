"""Moving the active pointer at once, and reading where it was."""

from libs.contracts.access import Actor
from libs.contracts.activations import Activated, ActivationList
from libs.postgres import Pool
from libs.problems import Invalid
from services.profiles.access import unknown_profile
from services.profiles.activations import rows
from services.profiles.domain.activations import activated, activation_of
from services.profiles.holding import held, require_fresh, seen
from services.profiles.reading import exact_version
from services.profiles.writing import write_move

MAX_CURSOR_DIGITS = 18


async def activate(
    pool: Pool, actor: Actor, profile_id: str, note: str, if_match: str | None
) -> Activated:
    """Make exactly that version the active one: a rollback, or the way forward again.

    Done twice it moves once. Raises NotFound, Forbidden, Conflict, and PreconditionFailed
    when `if_match` is not the tag of the active version.
    """
    async with held(pool, actor, profile_id) as hold:
        db, family = hold.db, hold.family
        require_fresh(family, if_match)
        active = await exact_version(db, family, family.active_version)
        chosen = await exact_version(db, family, hold.number)
        after = family
        if chosen.version != active.version:
            after = await write_move(db, actor, family, (active, chosen), "activate", note)
        pinned = await rows.pinned_clients(db, family.slug)
        return activated(family, after, (active, chosen), pinned)


async def list_activations(
    pool: Pool, actor: Actor, profile_id: str, limit: int, cursor: str | None
) -> ActivationList:
    """Where the pointer of the profile was, the newest first."""
    before = _revision(cursor)
    async with seen(pool, actor, profile_id) as hold:
        if hold.number > hold.family.last_version:
            raise unknown_profile(profile_id)
        found = await rows.moves(hold.db, hold.family.slug, before, limit + 1)
    more = len(found) > limit
    return ActivationList(
        activations=[activation_of(move) for move in found[:limit]],
        next_cursor=str(found[limit - 1].revision) if more else None,
    )


def _revision(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= MAX_CURSOR_DIGITS):
        raise Invalid("bad_cursor", "Give the next_cursor of an earlier answer, or none.")
    return int(cursor)
