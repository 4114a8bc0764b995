"""Writing what was planned: a version, the pointer, the audience, and always the audit's row.

All of it happens in the caller's transaction, on a family that it holds with
`repository.lock_family`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from libs import telemetry
from libs.contracts.access import Actor
from libs.postgres import Connection
from services.profiles import repository
from services.profiles.access import (
    archived_client,
    require_author,
    require_in_use,
    unknown_client,
)
from services.profiles.approval import refuse_unapproved, require_no_approval
from services.profiles.domain.audience import EVERYBODY, Audience
from services.profiles.domain.content import Content, content_hash
from services.profiles.domain.family import Change, Family, Version, state_hash
from services.profiles.domain.saving import Saving
from services.profiles.saves.version_rows import ClientBinding, add_saved_version

NOTHING_MORE: Mapping[str, object] = {}
Reason = Literal["save", "activate", "schedule", "approve", "bulk", "undo", "import"]
"""Why the active pointer moved; the audit calls the change `profile.<reason>`."""


async def add_first_version(
    db: Connection, family: Family, content: Content, details: dict[str, object]
) -> None:
    """Complete a family that was just added: version 1, its activation and the audit."""
    await repository.add_first_version(db, family.slug, content, family.created_by)
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
        details=_version_details(1, content) | _audience_details(family.audience) | details,
    )
    await repository.add_audit_event(db, change)


async def write_save(
    db: Connection,
    actor: Actor,
    saving: Saving,
    reason: Reason = "save",
    note: str = "",
    details: Mapping[str, object] = NOTHING_MORE,
) -> list[ClientBinding]:
    """The next version, or another audience, or nothing: whatever `saving` says.

    `details` are what the audit says beside. Returns whom a new version reaches.

    Raises as `require_author`, and NotFound, for an audience that the actor may not give, and
    Conflict for an archived profile or when it takes an approved draft.
    """
    before, after = saving.before, saving.after
    require_in_use(before)
    if before.audience != after.audience:
        require_author(actor, after.audience)
        await require_clients(db, after.audience, before.audience)
    if not saving.changes:
        return []
    change = _change(actor, saving, reason, note, details)
    if saving.content:
        bindings = await add_saved_version(db, saving, change, reason, note)
        if reason != "approve":
            refuse_unapproved(after, [one.client_id for one in bindings if one.approval_required])
        return bindings
    if reason != "approve":
        await require_no_approval(db, after, before.audience)
    await repository.update_family(db, after)
    await repository.add_audit_event(db, change)
    return []


async def write_move(
    db: Connection,
    actor: Actor,
    family: Family,
    versions: tuple[Version, Version],
    reason: Reason,
    note: str = "",
    details: Mapping[str, object] = NOTHING_MORE,
) -> Family:
    """Move the active pointer from the first of `versions`, the active one, to the second.

    No version is made: the same content keeps its id. Returns the family as it is then.
    Raises Conflict for an archived profile, or when it takes an approved draft.
    """
    require_in_use(family)
    active, chosen = versions
    await require_no_approval(db, family, version=chosen.version)
    after = replace(family, active_version=chosen.version, revision=family.revision + 1)
    await repository.update_family(db, after)
    await repository.add_activation(db, after, reason, actor.subject, note)
    moved: dict[str, object] = {"version": chosen.version, "before": {"version": active.version}}
    change = Change(
        object_kind="profile",
        object_id=family.slug,
        revision=after.revision,
        action=f"profile.{reason}",
        actor=actor.subject,
        before_hash=state_hash(active.content_hash, family.audience),
        after_hash=state_hash(chosen.content_hash, family.audience),
        request_id=telemetry.request_id(),
        details=moved | ({"note": note} if note else {}) | dict(details),
    )
    await repository.add_audit_event(db, change)
    return after


async def require_clients(db: Connection, audience: Audience, before: Audience = EVERYBODY) -> None:
    """Raise NotFound unless all clients of the audience are there, Conflict for archived ones.

    A client that was in the audience `before` and was archived since may stay in it.
    """
    known = await repository.known_clients(db, audience.clients)
    for client_id in audience.clients:
        if client_id not in known:
            raise unknown_client(client_id)
    added = set(audience.clients) - set(before.clients)
    for client_id in sorted(await repository.archived_clients(db, added)):
        raise archived_client(client_id)


def _change(
    actor: Actor, saving: Saving, reason: Reason, note: str, more: Mapping[str, object]
) -> Change:
    before_hash, after_hash = saving.hashes
    details: dict[str, object] = {"version": saving.after.active_version, **more}
    if saving.content:
        details |= _version_details(saving.after.active_version, saving.content)
        details |= {"based_on": saving.base.version, "stale_base": saving.stale_base}
    if not saving.guarded:
        details["unguarded"] = True
    if saving.before.audience != saving.after.audience:
        details |= _audience_details(saving.after.audience)
        details["before"] = _audience_details(saving.before.audience)
    if note:
        details["note"] = note
    return Change(
        object_kind="profile",
        object_id=saving.after.slug,
        revision=saving.after.revision,
        action=f"profile.{reason}" if saving.content else "profile.visibility",
        actor=actor.subject,
        before_hash=before_hash,
        after_hash=after_hash,
        request_id=telemetry.request_id(),
        details=details,
    )


def _version_details(version: int, content: Content) -> dict[str, object]:
    """The hash seals the version into the chain of the audit."""
    return {"version": version, "content_hash": content_hash(content)}


def _audience_details(audience: Audience) -> dict[str, object]:
    return {"visibility": audience.visibility, "visible_to_clients": list(audience.clients)}
