"""A brand client as the registry keeps it. Its pins are part of it: they are its own decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.profiles.domain.canonical import digest


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
