"""Caller of the gateway for what differs between versions of profiles."""

from libs.api.gateway import GatewayApi
from libs.contracts.diff import ProfileDiff
from libs.contracts.profiles import Profile

PROFILES = "/api/profiles"


class DiffsApi(GatewayApi):
    """One method for each route."""

    async def profile_version(self, profile_id: str) -> Profile:
        """Exactly that version: a slug is version 1. Raises NotFound."""
        return await self._caller.call("GET", f"{PROFILES}/{profile_id}", Profile)

    async def profile_diff(self, profile_id: str, other_id: str) -> ProfileDiff:
        path = f"{PROFILES}/{profile_id}/diff/{other_id}"
        return await self._caller.call("GET", path, ProfileDiff)

    async def profile_diff_page(self, profile_id: str, other_id: str) -> bytes:
        """The difference as HTML."""
        path = f"{PROFILES}/{profile_id}/diff/{other_id}"
        return await self._caller.fetch("GET", path, params={"format": "html"})
