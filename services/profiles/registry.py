"""Changing the registry: new profiles, new versions, and who may use them."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.contracts.access import Actor
from libs.contracts.profiles import Created, PinnedClient, ProfileDraft, ProfileEdit, Updated
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict, Invalid, Problem
from services.profiles import repository
from services.profiles.access import (
    may_change,
    not_an_editor,
    readable,
    require_author,
    require_in_use,
    unknown_profile,
    writable,
)
from services.profiles.domain.audience import Audience, audience_of
from services.profiles.domain.content import content_of
from services.profiles.domain.etag import guards, matches
from services.profiles.domain.family import Family, Version
from services.profiles.domain.saving import Saving, planned
from services.profiles.domain.slug import numbered, parse_profile_id, slug_of
from services.profiles.reading import exact_version
from services.profiles.saves.rows import lock_with_version
from services.profiles.saves.stale import stale_save, untagged_save
from services.profiles.saves.version_rows import ClientBinding
from services.profiles.writing import add_first_version, require_clients, write_save

MAX_NAMESAKES = 100


async def create(pool: Pool, actor: Actor, draft: ProfileDraft) -> Created:
    """A new profile. Raises Conflict when the actor can see one with the same slug."""
    try:
        content, audience = content_of(draft), audience_of(draft)
    except ValueError as error:
        raise Invalid("bad_profile", str(error)) from error
    require_author(actor, audience)
    async with transaction(pool, writable(actor)) as db:
        await require_clients(db, audience)
        family = await _new_family(db, draft.name, audience, actor)
        await add_first_version(db, family, content, {})
    return Created(
        message=f'Profile "{draft.name}" created',
        profile_id=family.slug,
        visibility=audience.visibility,
        etag=family.etag(1),
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """How an edit was sent. `strict`: one that names no state is refused."""

    if_match: str | None = None
    note: str = ""
    strict: bool = False


async def save(pool: Pool, actor: Actor, profile_id: str, edit: ProfileEdit, sent: Sent) -> Updated:
    """Save an edit of the version `profile_id` as the profile's next one, and make it active.

    Raises NotFound, Forbidden, Invalid, PreconditionFailed when If-Match is not the tag of the
    active version, and Unconditional when there has to be one.
    """
    parsed = parse_profile_id(profile_id)
    if parsed is None:
        raise unknown_profile(profile_id)
    slug, number = parsed
    async with transaction(pool, writable(actor)) as db:
        found = await lock_with_version(db, slug, number)
        if found and may_change(actor, found[0].audience):
            family, there = found
            require_in_use(family)
            base = there or await exact_version(db, family, number)
            saving = await _plan(db, family, base, edit, sent)
            return updated(saving, await write_save(db, actor, saving, note=sent.note))
    raise await refusal(pool, actor, slug, profile_id)


async def _plan(
    db: Connection, family: Family, base: Version, edit: ProfileEdit, sent: Sent
) -> Saving:
    active = base
    if base.version != family.active_version:
        active = await exact_version(db, family, family.active_version)
    guarded = guards(sent.if_match)
    if sent.strict and not guarded:
        raise untagged_save()
    try:
        if sent.if_match is not None and not matches(sent.if_match, family.etag(active.version)):
            raise await stale_save(db, family, (base, active), edit, sent.if_match)
        return planned(family, base, active, edit, guarded=guarded)
    except ValueError as error:
        raise Invalid("bad_profile", str(error)) from error


def updated(saving: Saving, bindings: Sequence[ClientBinding]) -> Updated:
    """Whoever may save it may know of all who use it: their rights cover the whole audience."""
    family = saving.after
    floating = [one.client_id for one in bindings if not one.pinned_version]
    before = saving.before.audience
    return Updated(
        message=saving.message,
        profile_id=family.id_of(family.active_version),
        previous_profile_id=family.id_of(saving.base.version),
        version=family.active_version,
        changed=saving.changes,
        change_class=saving.change_class,
        repointed_clients=[client_id for client_id in floating if before.seen_by([client_id])],
        pinned_clients=[
            PinnedClient(client_id=one.client_id, version=one.pinned_version)
            for one in bindings
            if one.pinned_version
        ],
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
    archived = namesake is not None and namesake.archived_at is not None
    raise Conflict(
        "profile_exists",
        f"There is an archived profile {candidate!r}: restore it, or choose another name."
        if archived
        else f"There is a profile {candidate!r} already: save a new version of it, or choose "
        "another name.",
    )


async def refusal(pool: Pool, actor: Actor, slug: str, profile_id: str) -> Problem:
    """Why nothing was there to save on: NotFound, or Forbidden for those who may see it."""
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        family = await repository.family(db, slug)
    if family and family.audience.seen_by(clients):
        return not_an_editor(profile_id)
    return unknown_profile(profile_id)
