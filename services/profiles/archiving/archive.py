"""Archiving a profile and restoring it, each with its audit row."""

from dataclasses import replace

from libs import telemetry
from libs.contracts.access import Actor
from libs.contracts.finding import Archived, Dependant
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict, Invalid, PreconditionFailed
from services.profiles import repository
from services.profiles.access import may_change, unknown_profile, writable
from services.profiles.archiving import rows
from services.profiles.domain.etag import matches
from services.profiles.domain.family import Change, Family, state_hash
from services.profiles.domain.slug import parse_profile_id
from services.profiles.reading import exact_version
from services.profiles.registry import refusal

MAX_NAMED = 5


async def set_in_use(
    pool: Pool, actor: Actor, profile_id: str, in_use: bool, if_match: str | None
) -> Archived:
    """Archive the profile or restore it; one that is so already stays as it is.

    Raises NotFound, Forbidden, Invalid for the id of a later version, PreconditionFailed for a
    stale `if_match`, and Conflict, which names them, when something still depends on it.
    """
    slug = _slug(profile_id)
    async with transaction(pool, writable(actor)) as db:
        family = await repository.lock_family(db, slug)
        if family and may_change(actor, family.audience):
            _require_fresh(family, if_match)
            if (family.archived_at is None) == in_use:
                return _told(family, changed=False)
            return _told(await _set(db, actor, family, in_use), changed=True)
    raise await refusal(pool, actor, slug, profile_id)


async def dependants(db: Connection, slug: str) -> list[Dependant]:
    """What has to be ended before the profile can be archived."""
    return [
        *await rows.pins(db, slug),
        *await rows.schedules(db, slug),
        *await rows.drafts(db, slug),
    ]


async def _set(db: Connection, actor: Actor, family: Family, in_use: bool) -> Family:
    if not in_use and (found := await dependants(db, family.slug)):
        raise _depended_on(family, found)
    counted = replace(family, revision=family.revision + 1)
    after = await rows.set_archived(db, counted, None if in_use else actor.subject)
    active = await exact_version(db, family, family.active_version)
    state = state_hash(active.content_hash, family.audience)
    change = Change(
        object_kind="profile",
        object_id=family.slug,
        revision=after.revision,
        action="profile.restore" if in_use else "profile.archive",
        actor=actor.subject,
        before_hash=state,
        after_hash=state,
        request_id=telemetry.request_id(),
        details={"archived": not in_use, "before": {"archived": in_use}},
    )
    await repository.add_audit_event(db, change)
    return after


def _slug(profile_id: str) -> str:
    parsed = parse_profile_id(profile_id)
    if parsed is None:
        raise unknown_profile(profile_id)
    slug, number = parsed
    if number > 1:
        raise Invalid(
            "version_stays",
            f"{profile_id} is a version, and versions are never removed: {slug!r} archives the "
            "profile with all of them.",
        )
    return slug


def _require_fresh(family: Family, if_match: str | None) -> None:
    etag = family.etag(family.active_version)
    if if_match is not None and not matches(if_match, etag):
        raise PreconditionFailed(
            "stale_save",
            f"{family.slug} was changed meanwhile: load it, and decide again.",
            members={"current": {"etag": etag}},
        )


def _depended_on(family: Family, found: list[Dependant]) -> Conflict:
    named = "; ".join(one.what for one in found[:MAX_NAMED])
    more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    return Conflict(
        "profile_in_use",
        f"{family.slug} is still used: {named}{more}. End that first, then archive it.",
        members={"dependants": [one.model_dump() for one in found]},
    )


def _told(family: Family, changed: bool) -> Archived:
    return Archived(
        profile_id=family.slug,
        archived_at=family.archived_at,
        changed=changed,
        etag=family.etag(family.active_version),
    )
