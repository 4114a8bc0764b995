"""Writing a change of a client: its row and, in the same transaction, the audit's."""

from dataclasses import replace

from libs import telemetry
from libs.contracts.access import Actor
from libs.postgres import Connection
from services.profiles import repository
from services.profiles.access import archived_client, unknown_client
from services.profiles.clients import rows
from services.profiles.domain.clients import ClientState, client_hash
from services.profiles.domain.family import Change


async def held_client(db: Connection, client_id: str) -> ClientState:
    """The client, locked. Raises NotFound, and Conflict for one that is archived."""
    client = await rows.lock_client(db, client_id)
    if client is None:
        raise unknown_client(client_id)
    if client.archived_at:
        raise archived_client(client_id)
    return client


async def write_client(
    db: Connection,
    actor: Actor,
    before: ClientState,
    after: ClientState,
    pins: tuple[dict[str, int], dict[str, int]],
    action: str,
    details: dict[str, object],
) -> ClientState:
    """Write a client that is locked, as its next revision; returns it as it is then.

    `pins` are those before and after, which the caller writes by itself.
    """
    written = await rows.update_client(db, replace(after, revision=before.revision + 1))
    change = Change(
        object_kind="client",
        object_id=before.client_id,
        revision=written.revision,
        action=f"client.{action}",
        actor=actor.subject,
        before_hash=client_hash(before, pins[0]),
        after_hash=client_hash(written, pins[1]),
        request_id=telemetry.request_id(),
        details=details,
    )
    await repository.add_audit_event(db, change)
    return written
