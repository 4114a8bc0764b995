"""Changing the registry: new profiles, new versions, and who may use them."""

from libs import telemetry
from libs.contracts.access import Actor
from libs.contracts.profiles import Created, ProfileDraft, ProfileEdit, Updated
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict, Invalid, PreconditionFailed, Problem
from services.profiles import repository
from services.profiles.access import (
    may_change,
    not_an_editor,
    readable,
    require_author,
    unknown_client,
    unknown_profile,
    writable,
)
from services.profiles.domain.audience import Audience, audience_of
from services.profiles.domain.content import Content, content_hash, content_of
from services.profiles.domain.etag import matches
from services.profiles.domain.family import Change, Family, Version, state_hash
from services.profiles.domain.saving import Saving, planned
from services.profiles.domain.slug import numbered, parse_profile_id, slug_of
from services.profiles.reading import exact_version

MAX_NAMESAKES = 100


async def create(pool: Pool, actor: Actor, draft: ProfileDraft) -> Created:
    """A new profile. Raises Conflict when the actor can see one with the same slug."""
    try:
        content, audience = content_of(draft), audience_of(draft)
    except ValueError as error:
        raise Invalid("bad_profile", str(error)) from error
    require_author(actor, audience)
    async with transaction(pool, writable(actor)) as db:
        await _require_clients(db, audience)
        family = await _new_family(db, draft.name, audience, actor)
        await add_first_version(db, family, content, {})
    return Created(
        message=f'Profile "{draft.name}" created',
        profile_id=family.slug,
        visibility=audience.visibility,
        etag=family.etag(1),
    )


async def save(
    pool: Pool, actor: Actor, profile_id: str, edit: ProfileEdit, if_match: str | None
) -> Updated:
    """Save an edit of the version `profile_id` as the profile's next one, and make it active.

    Raises NotFound, Forbidden, Invalid, and PreconditionFailed when `if_match` is not the
    tag of the active version.
    """
    parsed = parse_profile_id(profile_id)
    if parsed is None:
        raise unknown_profile(profile_id)
    slug, number = parsed
    async with transaction(pool, writable(actor)) as db:
        family = await repository.lock_family(db, slug)
        if family and may_change(actor, family.audience):
            saving = await _plan(db, family, number, edit, if_match)
            await _write(db, actor, saving)
            return _updated(saving)
    raise await _refusal(pool, actor, slug, profile_id)


async def add_first_version(
    db: Connection, family: Family, content: Content, details: dict[str, object]
) -> None:
    """Complete a family that was just added: version 1, its activation and the audit."""
    await repository.add_version(db, family.slug, 1, content, family.created_by)
    await repository.add_activation(db, family, "create", family.created_by)
    change = Change(
        object_kind="profile",
        object_id=family.slug,
        revision=family.revision,
        action="profile.create",
        actor=family.created_by,
        before_hash=None,
        after_hash=state_hash(content_hash(content), family.audience),
        request_id=telemetry.request_id(),
        details=_audience_details(family.audience) | details,
    )
    await repository.add_audit_event(db, change)


async def _plan(
    db: Connection, family: Family, number: int, edit: ProfileEdit, if_match: str | None
) -> Saving:
    base = await exact_version(db, family, number)
    active = await exact_version(db, family, family.active_version)
    if if_match is not None and not matches(if_match, family.etag(active.version)):
        raise _stale_save(family, active)
    try:
        return planned(family, base, active, edit, guarded=if_match is not None)
    except ValueError as error:
        raise Invalid("bad_profile", str(error)) from error


async def _write(db: Connection, actor: Actor, saving: Saving) -> None:
    before, after = saving.before, saving.after
    if before.audience != after.audience:
        require_author(actor, after.audience)
        await _require_clients(db, after.audience)
    if not saving.changes:
        return
    if saving.content:
        await repository.add_version(
            db,
            after.slug,
            after.active_version,
            saving.content,
            actor.subject,
            based_on=saving.base.version,
            replaced=saving.active.version,
        )
    await repository.update_family(db, after)
    if saving.content:
        await repository.add_activation(db, after, "save", actor.subject)
    await repository.add_audit_event(db, _change(actor, saving))


def _change(actor: Actor, saving: Saving) -> Change:
    before_hash, after_hash = saving.hashes
    details: dict[str, object] = {"version": saving.after.active_version}
    if saving.content:
        details |= {"based_on": saving.base.version, "stale_base": saving.stale_base}
    if saving.before.audience != saving.after.audience:
        details |= _audience_details(saving.after.audience)
        details["before"] = _audience_details(saving.before.audience)
    return Change(
        object_kind="profile",
        object_id=saving.after.slug,
        revision=saving.after.revision,
        action="profile.save" if saving.content else "profile.visibility",
        actor=actor.subject,
        before_hash=before_hash,
        after_hash=after_hash,
        request_id=telemetry.request_id(),
        details=details,
    )


def _audience_details(audience: Audience) -> dict[str, object]:
    return {"visibility": audience.visibility, "visible_to_clients": list(audience.clients)}


def _updated(saving: Saving) -> Updated:
    family = saving.after
    return Updated(
        message=saving.message,
        profile_id=family.id_of(family.active_version),
        previous_profile_id=family.id_of(saving.base.version),
        version=family.active_version,
        changed=saving.changes,
        etag=family.etag(family.active_version),
        warnings=saving.warnings,
    )


async def _new_family(db: Connection, name: str, audience: Audience, actor: Actor) -> Family:
    """A family with a free slug. One that the actor may not see takes no name from them."""
    slug = slug_of(name)
    for number in range(1, MAX_NAMESAKES + 1):
        candidate = numbered(slug, number)
        family = await repository.add_family(db, candidate, audience, actor.subject)
        if family:
            return family
        namesake = await repository.family(db, candidate)
        if namesake and namesake.audience.seen_by(readable(actor)):
            break
    raise Conflict(
        "profile_exists",
        f"There is a profile {candidate!r} already: save a new version of it, or choose "
        "another name.",
    )


async def _require_clients(db: Connection, audience: Audience) -> None:
    known = await repository.known_clients(db, audience.clients)
    for client_id in audience.clients:
        if client_id not in known:
            raise unknown_client(client_id)


async def _refusal(pool: Pool, actor: Actor, slug: str, profile_id: str) -> Problem:
    """Why nothing was there to save on: NotFound, or Forbidden for those who may see it."""
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        family = await repository.family(db, slug)
    if family and family.audience.seen_by(clients):
        return not_an_editor(profile_id)
    return unknown_profile(profile_id)


def _stale_save(family: Family, active: Version) -> PreconditionFailed:
    return PreconditionFailed(
        "stale_save",
        f"{family.id_of(active.version)} is the active version by now, saved by "
        f"{active.created_by} on {active.created_at:%Y-%m-%d at %H:%M:%S} UTC: load it and make "
        f"your change there.",
    )
