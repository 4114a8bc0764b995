"""Caller of the gateway for profiles: what there is, and saving it."""

from libs.api.gateway import GatewayApi
from libs.contracts.profiles import (
    Created,
    Profile,
    ProfileDraft,
    ProfileEdit,
    ProfileList,
    ProfileSummary,
    Updated,
    VersionList,
    VersionSummary,
)

PROFILES = "/api/profiles"


class SavesApi(GatewayApi):
    """One method for each route."""

    async def profiles(self, client_id: str | None = None) -> list[ProfileSummary]:
        """All that one may see or, with a client, exactly what that client may use."""
        params = {"client": client_id} if client_id else {}
        return (await self._caller.call("GET", PROFILES, ProfileList, params=params)).profiles

    async def profile(self, profile_id: str) -> Profile:
        """Exactly that version: a slug is version 1. Raises NotFound."""
        return await self._caller.call("GET", f"{PROFILES}/{profile_id}", Profile)

    async def versions(self, profile_id: str) -> list[VersionSummary]:
        """The history of the profile that the version belongs to, the newest first."""
        path = f"{PROFILES}/{profile_id}/versions"
        return (await self._caller.call("GET", path, VersionList)).versions

    async def create_profile(self, draft: ProfileDraft) -> Created:
        """Raises Conflict for a name that is taken."""
        return await self._caller.call("POST", PROFILES, Created, draft)

    async def save_profile(
        self, profile_id: str, edit: ProfileEdit, etag: str, note: str = ""
    ) -> Updated:
        """Raises PreconditionFailed, whose members are a `StaleSave`, for a stale tag."""
        return await self._caller.call(
            "PUT",
            f"{PROFILES}/{profile_id}",
            Updated,
            edit,
            params={"note": note} if note else None,
            if_match=etag,
        )
