"""A plan as an answer: what it makes of each profile, and who moves."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from libs.contracts.bulk import BulkEdit, BulkItem, BulkSummary
from libs.contracts.profiles import PinnedClient
from libs.postgres import Connection
from services.profiles.approval import wish_of
from services.profiles.bulk import rows
from services.profiles.bulk.families import families, versions
from services.profiles.domain.bulk import operated
from services.profiles.domain.bulk_plan import Item, Plan
from services.profiles.domain.diff import change_class_of, differences
from services.profiles.domain.family import Family, Version

WHY_LEFT_OUT = {
    "not_allowed": "it takes an editor of every client that uses it, and an admin when all do",
    "shared": "other clients use it too",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands in the database beside the plan."""

    families: Mapping[str, Family]
    bases: Mapping[str, Version]
    wanting_approval: set[str]
    pins: dict[str, dict[str, int | None]] = field(default_factory=dict)


async def told(db: Connection, plan: Plan, items: Sequence[Item]) -> BulkEdit:
    """All of it, for whoever may see the rows of this transaction."""
    slugs = [item.slug for item in items]
    seen = Seen(
        await families(db, slugs),
        await versions(db, {item.slug: item.base_version for item in items}),
        await rows.wanting_approval(db),
    )
    for slug, client_id, pinned in await rows.running(db, slugs):
        seen.pins.setdefault(slug, {})[client_id] = pinned
    lines = await asyncio.to_thread(lambda: [_line(plan, item, seen) for item in items])
    return BulkEdit(
        **summary_of(plan).model_dump(),
        selection=plan.selection,
        operations=list(plan.operations),
        items=lines,
    )


def summary_of(plan: Plan) -> BulkSummary:
    commit, undo = plan.commit, plan.undo
    return BulkSummary(
        bulk_id=plan.bulk_id,
        state=plan.state,
        note=plan.note,
        created_at=plan.created_at,
        created_by=plan.created_by,
        committed_at=commit.at if commit else None,
        committed_by=commit.by if commit else None,
        undone_at=undo.at if undo else None,
        undone_by=undo.by if undo else None,
        unchanged=plan.unchanged,
        changes=plan.changes,
    )


def _line(plan: Plan, item: Item, seen: Seen) -> BulkItem:
    family, base = seen.families[item.slug], seen.bases[item.slug]
    line = BulkItem(
        profile=item.slug,
        name=base.content.name,
        base_profile_id=family.id_of(item.base_version),
        state="left_out" if item.left_out else "change",
        why=WHY_LEFT_OUT.get(item.left_out or "", ""),
        stale=plan.commit is None and family.revision != item.base_revision,
        profile_id=family.id_of(item.result) if item.result else None,
    )
    return line if item.left_out else _changing(plan, line, family, base, seen)


def _changing(plan: Plan, line: BulkItem, family: Family, base: Version, seen: Seen) -> BulkItem:
    try:
        content = operated(base.content, plan.operations)
    except ValueError as error:
        return line.model_copy(update={"state": "refused", "why": str(error)})
    found = differences(base.content, content)
    pins = seen.pins.get(line.profile, {})
    pinned = [PinnedClient(client_id=name, version=pin) for name, pin in pins.items() if pin]
    wanting = sorted(seen.wanting_approval & pins.keys()) if plan.commit is None else []
    return line.model_copy(
        update={
            "state": "refused" if wanting else "change",
            "why": f"{wish_of(wanting)} changes to be approved as drafts" if wanting else "",
            "change_class": change_class_of(found),
            "differences": found,
            "repointed_clients": [name for name, pin in pins.items() if not pin],
            "pinned_clients": pinned,
        }
    )
