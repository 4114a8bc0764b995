"""The refusal of a save that starts from a state which is no longer the current one."""

from libs.contracts.profiles import ProfileEdit
from libs.contracts.saves import CurrentVersion, StaleSave
from libs.postgres import Connection
from libs.problems import PreconditionFailed, Unconditional
from services.profiles import repository
from services.profiles.domain.audience import edited_audience
from services.profiles.domain.content import edited
from services.profiles.domain.etag import seen
from services.profiles.domain.family import Family, Version
from services.profiles.domain.merge import State, merge
from services.profiles.saves import rows

MOST_NAMED = 5


def untagged_save() -> Unconditional:
    """For a registry that takes no save without a tag."""
    return Unconditional(
        "if_match_needed",
        "This registry takes no save blindly: load the version, and send its ETag as If-Match.",
    )


async def stale_save(
    db: Connection,
    family: Family,
    versions: tuple[Version, Version],
    edit: ProfileEdit,
    if_match: str,
) -> PreconditionFailed:
    """What stands by now, where the two changes clash, and both in one where they do not.

    `versions` are the one that the edit inherits from, and the active one. Raises ValueError
    for an edit that could not be saved whatever stands.
    """
    path, active = versions
    base, based_on = await _base(db, family, path, if_match)
    yours = State(edited(path.content, edit), edited_audience(base.audience, edit))
    found = merge(base, yours, State(active.content, family.audience))
    moved = await rows.last_move(db, family.slug)
    current = CurrentVersion(
        profile_id=family.id_of(active.version),
        version=active.version,
        by=moved.by,
        at=moved.at,
        etag=family.etag(active.version),
    )
    told = StaleSave(
        current=current,
        based_on=family.id_of(based_on),
        yours=found.yours,
        theirs=found.theirs,
        conflicts=found.conflicts,
        merged=found.merged,
    )
    return PreconditionFailed(
        "stale_save",
        f"{_since(current, based_on)}{_way_out(told)}",
        members=told.model_dump(mode="json"),
    )


async def _base(db: Connection, family: Family, path: Version, if_match: str) -> tuple[State, int]:
    """The state that the tag names; for a tag of another thing, the version in the path.

    Tags are what callers send: one that names a state which never was is no tag of ours.
    """
    tag = seen(if_match, family.slug)
    named = await repository.version(db, family.slug, tag.version) if tag else None
    base = named or path
    revision = tag.revision if tag and named else None
    if revision is None:
        revision = await rows.revision_of(db, family.slug, base.version)
    audience = await rows.audience_at(db, family.slug, revision)
    return State(base.content, audience or family.audience), base.version


def _since(current: CurrentVersion, based_on: int) -> str:
    if current.version == based_on:
        return f"{current.profile_id} was changed after you loaded it. "
    return (
        f"{current.profile_id} is the active version by now, made so by {current.by} on "
        f"{current.at:%Y-%m-%d at %H:%M:%S} UTC. "
    )


def _way_out(told: StaleSave) -> str:
    if told.says_nothing_new:
        return "It has your change already: there is nothing left to save."
    if told.conflicts:
        places = [clash.path for clash in told.conflicts]
        more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
        return (
            f"You both changed {', '.join(places[:MOST_NAMED])}{more}: load it and make your "
            "change there."
        )
    return (
        "The two changes do not touch: save `merged`, with the etag of `current` as If-Match, "
        "to have both."
    )
