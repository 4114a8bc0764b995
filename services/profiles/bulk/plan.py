"""Making a plan, and looking at plans."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.bulk import MAX_PROFILES, BulkEdit, BulkEdits, BulkOrder
from libs.ids import uuid7
from libs.postgres import Connection, Pool, transaction
from libs.problems import Invalid, NotFound
from services.profiles.access import may_change, readable, require_in_use, unknown_profile
from services.profiles.bulk import rows
from services.profiles.bulk.families import families, versions
from services.profiles.bulk.telling import summary_of, told
from services.profiles.domain.bulk import operated, sought_by
from services.profiles.domain.bulk_plan import Item, LeftOut, reach
from services.profiles.domain.content import content_hash
from services.profiles.domain.family import Family, Version
from services.profiles.reading import require_client

MAX_LISTED = 100
MAX_LOOKED_AT = 2 * MAX_PROFILES
"""With those that are left out, or are so already, which do not count."""


async def make_plan(pool: Pool, actor: Actor, order: BulkOrder) -> BulkEdit:
    """Keep what the operations would make of each selected profile. No profile is changed.

    Raises NotFound for a client or profile that is not there, and Invalid for a selection of
    too many, or in which nothing would change.
    """
    bulk_id = uuid7()
    async with transaction(pool, readable(actor)) as db:
        found = await _selected(db, actor, order)
        bases = await versions(db, {slug: one.active_version for slug, one in found.items()})
        items = await asyncio.to_thread(_items, actor, order, found, bases)
        planned = [item for item in items if item.left_out is None]
        if not planned:
            raise _nothing(len(found), items)
        if len(planned) > MAX_PROFILES:
            raise _too_many()
        clients = reach([found[item.slug] for item in planned])
        unchanged = len(found) - len(items)
        await rows.add_plan(db, bulk_id, order, clients, unchanged, actor.subject)
        await rows.add_items(db, bulk_id, items)
    return await show_plan(pool, actor, bulk_id)


async def show_plan(pool: Pool, actor: Actor, bulk_id: UUID) -> BulkEdit:
    """Raises NotFound also for a plan that reaches clients of others."""
    async with transaction(pool, readable(actor)) as db:
        plan = await rows.plan(db, bulk_id)
        if plan is None:
            raise unknown_plan(bulk_id)
        return await told(db, plan, await rows.items(db, bulk_id))


async def list_plans(pool: Pool, actor: Actor) -> BulkEdits:
    """The latest hundred."""
    async with transaction(pool, readable(actor)) as db:
        return BulkEdits(bulk_edits=[summary_of(one) for one in await rows.plans(db, MAX_LISTED)])


def unknown_plan(bulk_id: UUID) -> NotFound:
    return NotFound("unknown_bulk_edit", f"There is no bulk edit {bulk_id}.")


async def _selected(db: Connection, actor: Actor, order: BulkOrder) -> Mapping[str, Family]:
    """The families in the order of their slugs."""
    selection = order.selection
    if selection.client is not None:
        require(actor, Action.READ_PROFILES, selection.client)
        await require_client(db, selection.client)
    named = await families(db, selection.profiles or [])
    for slug in selection.profiles or []:
        if slug not in named:
            raise unknown_profile(slug)
        require_in_use(named[slug])
    slugs = await rows.selected(db, selection, sought_by(order.operations), MAX_LOOKED_AT + 1)
    if len(slugs) > MAX_LOOKED_AT:
        raise _too_many()
    found = await families(db, slugs)
    return {slug: found[slug] for slug in slugs}


def _items(
    actor: Actor, order: BulkOrder, found: Mapping[str, Family], bases: Mapping[str, Version]
) -> list[Item]:
    """In a thread of its own: for five hundred profiles it takes a second."""
    items = (_item(actor, order, family, bases[slug]) for slug, family in found.items())
    return [item for item in items if item]


def _item(actor: Actor, order: BulkOrder, family: Family, base: Version) -> Item | None:
    """None when the profile is as it should be already."""
    try:
        planned = content_hash(operated(base.content, order.operations))
    except ValueError:
        planned = None
    if planned == base.content_hash:
        return None
    left_out = _left_out(actor, order, family)
    return Item(
        family.slug,
        base.version,
        family.revision,
        None if left_out else planned,
        left_out,
    )


def _left_out(actor: Actor, order: BulkOrder, family: Family) -> LeftOut | None:
    selection = order.selection
    if not may_change(actor, family.audience):
        return "not_allowed"
    if selection.client is None or selection.include_shared:
        return None
    is_named = family.slug in (selection.profiles or [])
    return None if is_named or family.audience.clients == (selection.client,) else "shared"


def _too_many() -> Invalid:
    return Invalid(
        "too_many_profiles",
        f"More than {MAX_PROFILES} profiles are selected, which is the most of a plan: select "
        "by client or check, or name the profiles.",
    )


def _nothing(selected: int, left_out: list[Item]) -> Invalid:
    why = [f"{selected - len(left_out)} of {selected} selected profiles are so already"]
    for reason, words in (
        ("not_allowed", "are not yours to change"),
        ("shared", "are used by other clients too (`include_shared` takes them in)"),
    ):
        if count := sum(item.left_out == reason for item in left_out):
            why.append(f"{count} {words}")
    return Invalid(
        "nothing_to_change",
        f"Nothing would change: {'; '.join(why)}." if selected else "No profile is selected.",
    )
