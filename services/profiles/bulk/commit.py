"""Committing a plan and undoing it: each all or nothing, and each once."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from libs.contracts.access import Actor
from libs.contracts.bulk import BulkEdit
from libs.contracts.profiles import ProfileEdit
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict, Forbidden
from services.profiles.access import may_change, not_an_editor, writable
from services.profiles.bulk import rows
from services.profiles.bulk.families import lock_families, versions
from services.profiles.bulk.plan import show_plan
from services.profiles.domain.bulk import operated
from services.profiles.domain.bulk_plan import Item, Plan
from services.profiles.domain.content import content_hash
from services.profiles.domain.family import Family, Version
from services.profiles.domain.saving import Saving, planned
from services.profiles.writing import write_move, write_save

MAX_NAMED = 5


async def commit(pool: Pool, actor: Actor, bulk_id: UUID) -> BulkEdit:
    """Save every change of the plan, in one transaction; a second time changes nothing.

    Raises NotFound, Forbidden, and Conflict when the plan was undone, when something in it is
    refused, or when one of its profiles was changed since: then a new plan is needed.
    """
    async with transaction(pool, writable(actor)) as db:
        plan = await rows.plan(db, bulk_id)
        if plan is None:
            changed = None
        elif changed := await rows.add_step(db, bulk_id, "commit", actor.subject):
            await _save_all(db, actor, plan)
        elif plan.undo:
            raise Conflict(
                "bulk_undone", "It was committed and undone: make a new plan to do it again."
            )
    return await _told(pool, actor, bulk_id, changed)


async def undo(pool: Pool, actor: Actor, bulk_id: UUID) -> BulkEdit:
    """Activate what was active before, of every profile, in one transaction; once, as `commit`.

    Raises NotFound, Forbidden, and Conflict when it was not committed, or when somebody has
    activated something else since: nothing is undone then.
    """
    async with transaction(pool, writable(actor)) as db:
        plan = await rows.plan(db, bulk_id)
        if plan is None:
            changed = None
        elif plan.commit is None:
            raise Conflict("bulk_not_committed", "There is nothing to undo: it is only a plan.")
        elif changed := await rows.add_step(db, bulk_id, "undo", actor.subject):
            await _move_all_back(db, actor, plan)
    return await _told(pool, actor, bulk_id, changed)


async def _told(pool: Pool, actor: Actor, bulk_id: UUID, changed: bool | None) -> BulkEdit:
    """The plan as it is now. `changed` None: it was not there for somebody who may change it."""
    now = await show_plan(pool, actor, bulk_id)
    if changed is None:
        raise Forbidden(
            "not_allowed",
            "You may see this bulk edit but not do it: that takes an editor of every brand "
            "client that it reaches.",
        )
    return now.model_copy(update={"changed": changed})


async def _save_all(db: Connection, actor: Actor, plan: Plan) -> None:
    items = [one for one in await rows.items(db, plan.bulk_id) if one.left_out is None]
    if blocked := [one.slug for one in items if one.content_hash is None]:
        raise Conflict(
            "bulk_blocked",
            f"The plan cannot be done: {_named(blocked)} would become no valid profile. Plan it "
            "anew without these (`without`).",
            members={"profiles": blocked},
        )
    held = await _held(db, actor, items)
    bases = await versions(db, {item.slug: item.base_version for item in items})
    savings = await asyncio.to_thread(
        lambda: {item.slug: _saving(plan, item, held, bases) for item in items}
    )
    _require_unmoved([slug for slug, saving in savings.items() if saving is None])
    for saving in savings.values():
        if saving:
            await write_save(db, actor, saving, "bulk", plan.note, _group(plan))
    made = [(slug, one.after.active_version) for slug, one in savings.items() if one]
    await rows.add_results(db, plan.bulk_id, made)


def _saving(
    plan: Plan, item: Item, held: dict[str, Family], bases: dict[str, Version]
) -> Saving | None:
    """None when the outcome would not be what was reviewed."""
    family, base = held.get(item.slug), bases[item.slug]
    if family is None or family.archived_at or family.revision != item.base_revision:
        return None
    content = operated(base.content, plan.operations)
    if content_hash(content) != item.content_hash:
        return None
    edit = ProfileEdit(pass_threshold=content.pass_threshold, checks=dict(content.checks))
    return planned(family, base, base, edit, guarded=True)


async def _move_all_back(db: Connection, actor: Actor, plan: Plan) -> None:
    items = [one for one in await rows.items(db, plan.bulk_id) if one.result is not None]
    held = await _held(db, actor, items)
    _require_unmoved([item.slug for item in items if not _is_as_committed(item, held)])
    now = await versions(db, {item.slug: item.result or 0 for item in items})
    before = await versions(db, {item.slug: item.base_version for item in items})
    for item in items:
        pair = (now[item.slug], before[item.slug])
        await write_move(db, actor, held[item.slug], pair, "undo", plan.note, _group(plan))


def _is_as_committed(item: Item, held: dict[str, Family]) -> bool:
    family = held.get(item.slug)
    return family is not None and not family.archived_at and family.active_version == item.result


async def _held(db: Connection, actor: Actor, items: Sequence[Item]) -> dict[str, Family]:
    held = await lock_families(db, [item.slug for item in items])
    for family in held.values():
        if not may_change(actor, family.audience):
            raise not_an_editor(family.slug)
    return held


def _require_unmoved(moved: list[str]) -> None:
    if moved:
        raise Conflict(
            "bulk_stale",
            f"{_named(moved)} changed meanwhile, so nothing was done. Look at what is there now, "
            "and make a new plan.",
            members={"profiles": moved},
        )


def _named(slugs: list[str]) -> str:
    more = len(slugs) - MAX_NAMED
    return ", ".join(slugs[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _group(plan: Plan) -> dict[str, object]:
    """What binds the audit's rows of one bulk edit together."""
    return {"bulk_edit": str(plan.bulk_id)}
