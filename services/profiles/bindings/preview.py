"""The dry run of a save: its class, whom it moves, and what would refuse it. Nothing is written."""

from collections.abc import Collection, Mapping

from libs.contracts.access import Actor
from libs.contracts.bindings import ClientRun, Obstacle, Preview
from libs.contracts.profiles import ProfileEdit
from libs.postgres import Connection, Pool, transaction
from libs.problems import Problem
from services.profiles.access import (
    may_change,
    not_an_editor,
    readable,
    require_author,
    require_in_use,
)
from services.profiles.approval import NOBODY, require_no_approval
from services.profiles.bindings import rows
from services.profiles.domain.effects import effects_of
from services.profiles.domain.etag import matches
from services.profiles.domain.family import Family, Version
from services.profiles.domain.saving import Saving, planned
from services.profiles.reading import exact_version, find_family
from services.profiles.writing import require_clients


async def preview(
    pool: Pool, actor: Actor, profile_id: str, edit: ProfileEdit, if_match: str | None
) -> Preview:
    """What `registry.save` would do with the same arguments.

    Whoever may see the profile may ask: what would refuse the save stands in `problems`.
    Raises NotFound.
    """
    clients = readable(actor)
    async with transaction(pool, clients) as db:
        family, number = await find_family(db, clients, profile_id)
        base = await exact_version(db, family, number)
        active = await exact_version(db, family, family.active_version)
        problems = _refusals(actor, family, active, profile_id, if_match)
        try:
            said_where = if_match is not None or base.version == active.version
            saving = planned(family, base, active, edit, guarded=said_where)
        except ValueError as error:
            problems.append(Obstacle(code="bad_profile", detail=str(error)))
            saving = Saving(family, family, base, active, None)
        problems += await _later_refusals(db, actor, saving)
        return await _told(db, clients, edit, saving, problems)


async def _told(
    db: Connection,
    clients: tuple[str, ...] | None,
    edit: ProfileEdit,
    saving: Saving,
    problems: list[Obstacle],
) -> Preview:
    before, after = saving.before, saving.after
    pins = await rows.pins_on(db, before.slug)
    effects = effects_of(before, after, await rows.clients_in_use(db), pins)
    return Preview(
        profile_id=after.id_of(after.active_version),
        based_on=before.id_of(saving.base.version),
        active_profile_id=before.id_of(before.active_version),
        version=after.active_version,
        changes=saving.changes,
        change_class=saving.change_class,
        message=saving.message,
        visibility=after.audience.visibility,
        visible_to_clients=after.audience.shown_to(clients),
        moves=effects.moves,
        stays=effects.stays,
        gains=effects.gains,
        loses=effects.loses,
        others=before.audience.has_others_than(clients) or after.audience.has_others_than(clients),
        warnings=[
            *(saving.warnings if saving.stale_base else []),
            *_warnings(edit, saving, pins, effects.loses),
        ],
        problems=problems,
        etag=before.etag(before.active_version),
    )


def _refusals(
    actor: Actor, family: Family, active: Version, profile_id: str, if_match: str | None
) -> list[Obstacle]:
    found = []
    try:
        require_in_use(family)
    except Problem as problem:
        found.append(_obstacle(problem))
    if not may_change(actor, family.audience):
        found.append(_obstacle(not_an_editor(profile_id)))
    if if_match is not None and not matches(if_match, family.etag(active.version)):
        detail = f"{family.id_of(active.version)} is the active version by now: load it first."
        found.append(Obstacle(code="stale_save", detail=detail))
    return found


async def _later_refusals(db: Connection, actor: Actor, saving: Saving) -> list[Obstacle]:
    """What `write_save` would refuse; whoever may not change the profile gets no more to know."""
    before, after = saving.before, saving.after
    if not saving.changes or not may_change(actor, before.audience):
        return []
    try:
        if before.audience != after.audience:
            require_author(actor, after.audience)
            await require_clients(db, after.audience, before.audience)
        await require_no_approval(db, after, NOBODY if saving.content else before.audience)
    except Problem as problem:
        return [_obstacle(problem)]
    return []


def _warnings(
    edit: ProfileEdit, saving: Saving, pins: Mapping[str, int], loses: Collection[ClientRun]
) -> list[str]:
    found = []
    if edit.visibility == "all" and edit.visible_to_clients:
        found.append("visible_to_clients does not count with visibility all, and is not kept.")
    for run in loses:
        slug = saving.before.slug
        if run.client_id in pins:
            found.append(
                f"{run.client_id} stays pinned to {run.profile_id}: the pin holds again when "
                f"{run.client_id} may use {slug} again."
            )
    return found


def _obstacle(problem: Problem) -> Obstacle:
    return Obstacle(code=problem.code, detail=problem.detail)
