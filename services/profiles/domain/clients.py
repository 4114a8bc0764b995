"""A brand client as the registry keeps it. Its pins are part of it: they are its own decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.contracts.profiles import Client
from services.profiles.domain.canonical import digest
from services.profiles.domain.family import Change


@dataclass(frozen=True, slots=True)
class ClientState:
    """`revision` counts every change of the client, also those of its pins.

    `archived_at` is None while it is in use.
    """

    client_id: str
    name: str
    approval_required: bool
    revision: int
    created_at: datetime
    created_by: str
    archived_at: datetime | None = None
    archived_by: str | None = None

    @property
    def etag(self) -> str:
        """A strong entity tag, quotes included."""
        return f'"{self.client_id}.client.{self.revision}"'


def client_hash(client: ClientState, pins: Mapping[str, int]) -> str:
    """SHA-256 in hex of all that a client is: `pins` are its pinned versions by slug.

    What is not so is left out, so a client that was only made has the hash of id and name.
    """
    said: dict[str, object] = {"client_id": client.client_id, "name": client.name}
    if client.approval_required:
        said["approval_required"] = True
    if client.archived_at:
        said["archived"] = True
    if pins:
        said["pins"] = dict(pins)
    return digest(said)


def client_created(client: Client, by: str, request_id: str | None) -> Change:
    """The audit's first row of a client; what it does not say is so by default."""
    said = client.model_dump(exclude_defaults=True)
    return Change(
        object_kind="client",
        object_id=client.client_id,
        revision=1,
        action="client.create",
        actor=by,
        before_hash=None,
        after_hash=digest(said),
        request_id=request_id,
        details={name: value for name, value in said.items() if name != "client_id"},
    )
