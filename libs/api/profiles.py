"""Caller of the profile registry."""

from uuid import UUID

from libs.api.call import Caller
from libs.contracts.clients import ClientDetails
from libs.contracts.drafts import Draft
from libs.contracts.profiles import (
    Profile,
    ProfileList,
    ProfileSummary,
    Resolved,
)
from libs.problems import Conflict


class ProfilesApi:
    """One method for each route that other services call."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def resolve(self, client_id: str, profile_id: str) -> Resolved:
        """The version that an analysis for this client runs.

        Raises NotFound when client or profile do not exist or the client may not use it.
        """
        path = f"/v1/clients/{client_id}/resolve/{profile_id}"
        return await self._caller.call("GET", path, Resolved)

    async def profiles_of(self, client_id: str) -> list[ProfileSummary]:
        """What the client may use: of each profile the version that its analyses run."""
        params = {"client": client_id}
        return (await self._caller.call("GET", "/v1/profiles", ProfileList, params=params)).profiles

    async def profile(self, profile_id: str) -> Profile:
        """Exactly that version. Raises NotFound."""
        return await self._caller.call("GET", f"/v1/profiles/{profile_id}", Profile)

    async def draft(self, draft_id: UUID) -> Draft:
        """A change that is not saved, with its whole content. Raises NotFound."""
        return await self._caller.call("GET", f"/v1/drafts/{draft_id}", Draft)

    async def require_client(self, client_id: str) -> None:
        """Raises NotFound unless there is such a brand client, Conflict when it is archived."""
        client = await self._caller.call("GET", f"/v1/clients/{client_id}", ClientDetails)
        if client.archived_at:
            raise Conflict(
                "client_archived",
                f"The brand client {client_id!r} is archived: nothing new is kept for it. An admin "
                "can restore it.",
            )
