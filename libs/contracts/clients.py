"""Contract of the brand clients themselves."""

from datetime import datetime
from typing import Self

from pydantic import model_validator

from libs.contracts.common import ClientId, Reply, Request
from libs.contracts.profiles import Name


class ClientDraft(Request):
    """Body of `POST /v1/clients`. The id is for ever: it is never changed, and never given twice.

    With `approval_required` a version that is new to the client takes the approval of somebody
    else than its author.
    """

    client_id: ClientId
    name: Name
    approval_required: bool = False


class ClientEdit(Request):
    """Body of `PUT /v1/clients/{client_id}`: a field left out stays as it is."""

    name: Name | None = None
    approval_required: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.name is None and self.approval_required is None:
            raise ValueError("name or approval_required: send what is to change")
        return self


class ClientDetails(Reply):
    """A brand client. `changed` is false when a change asked for what was so already."""

    client_id: str
    name: str
    approval_required: bool
    created_at: datetime
    created_by: str
    archived_at: datetime | None = None
    archived_by: str | None = None
    changed: bool = False
    etag: str
