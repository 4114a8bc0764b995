"""Making, renaming, archiving and restoring brand clients. Nothing of one is ever deleted."""

from collections.abc import Awaitable
from dataclasses import replace

from libs import telemetry
from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.clients import ClientDetails, ClientDraft, ClientEdit
from libs.contracts.profiles import Client
from libs.postgres import Pool, transaction
from libs.problems import Conflict, PreconditionFailed
from services.profiles import repository
from services.profiles.access import unknown_client
from services.profiles.clients import rows
from services.profiles.clients.writing import held_client, write_client
from services.profiles.domain.clients import ClientState, client_created
from services.profiles.domain.etag import matches


async def get_client(pool: Pool, actor: Actor, client_id: str) -> ClientDetails:
    """The client, archived or not. Raises NotFound for one that the actor may not see."""
    require(actor, Action.READ_PROFILES, client_id)
    async with transaction(pool, [client_id]) as db:
        return _told(await _found(rows.client(db, client_id), client_id))


async def create_client(pool: Pool, actor: Actor, draft: ClientDraft) -> ClientDetails:
    """Raises Conflict for an id that is taken, also by a client that is archived."""
    client = Client.model_validate(draft.model_dump())
    async with transaction(pool, [draft.client_id]) as db:
        if not await repository.add_client(db, client, actor.subject):
            raise Conflict(
                "client_exists",
                f"There is a brand client {draft.client_id!r} already, or there was one: an id is "
                "given once. Choose another, or restore that client.",
            )
        change = client_created(client, actor.subject, telemetry.request_id())
        await repository.add_audit_event(db, change)
        made = await _found(rows.client(db, draft.client_id), draft.client_id)
    return _told(made, changed=True)


async def change_client(
    pool: Pool, actor: Actor, client_id: str, edit: ClientEdit, if_match: str | None
) -> ClientDetails:
    """Rename it, or switch approval on or off; what is so already makes no revision.

    Raises NotFound, Conflict for an archived client, and PreconditionFailed when `if_match` is
    not the tag of the client as it is.
    """
    async with transaction(pool, [client_id]) as db:
        before = await held_client(db, client_id)
        if if_match is not None and not matches(if_match, before.etag):
            raise PreconditionFailed(
                "stale_client", "The brand client was changed meanwhile: load it again."
            )
        wanted = edit.model_dump(exclude_none=True)
        was = {field: getattr(before, field) for field in wanted}
        changed = {field: value for field, value in wanted.items() if value != was[field]}
        if not changed:
            return _told(before)
        details = changed | {"before": {field: was[field] for field in changed}}
        after = replace(before, **changed)
        pins = await rows.pins_of(db, client_id)
        written = await write_client(db, actor, before, after, (pins, pins), "save", details)
    return _told(written, changed=True)


async def archive_client(pool: Pool, actor: Actor, client_id: str) -> ClientDetails:
    """Nothing new is done for it from now on; what there is stays readable. Twice is once."""
    return await _shelve(pool, actor, client_id, archived_by=actor.subject)


async def restore_client(pool: Pool, actor: Actor, client_id: str) -> ClientDetails:
    """Its bindings are those that it had. Twice is once."""
    return await _shelve(pool, actor, client_id, archived_by=None)


async def _shelve(
    pool: Pool, actor: Actor, client_id: str, archived_by: str | None
) -> ClientDetails:
    async with transaction(pool, [client_id]) as db:
        before = await _found(rows.lock_client(db, client_id), client_id)
        if (before.archived_at is None) == (archived_by is None):
            return _told(before)
        pins = await rows.pins_of(db, client_id)
        action = "archive" if archived_by else "restore"
        after = replace(before, archived_by=archived_by)
        written = await write_client(db, actor, before, after, (pins, pins), action, {})
    return _told(written, changed=True)


async def _found(search: Awaitable[ClientState | None], client_id: str) -> ClientState:
    found = await search
    if found is None:
        raise unknown_client(client_id)
    return found


def _told(client: ClientState, changed: bool = False) -> ClientDetails:
    return ClientDetails(
        client_id=client.client_id,
        name=client.name,
        approval_required=client.approval_required,
        created_at=client.created_at,
        created_by=client.created_by,
        archived_at=client.archived_at,
        archived_by=client.archived_by,
        changed=changed,
        etag=client.etag,
    )
