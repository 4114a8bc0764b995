"""Caller of the gateway for finding profiles, for who uses what, and for archiving."""

from libs.api.gateway import GatewayApi
from libs.contracts.finding import Archived, ProfileUsage, ProfileUses
from libs.contracts.profiles import ProfileList, ProfileSummary

PROFILES = "/api/profiles"


class FindingApi(GatewayApi):
    """One method for each route."""

    async def find_profiles(self, **sought: str) -> list[ProfileSummary]:
        """Keys are client, q, check, model, asset and state; empty ones ask for nothing."""
        params = {name: value for name, value in sought.items() if value}
        return (await self._caller.call("GET", PROFILES, ProfileList, params=params)).profiles

    async def profile_uses(self, **sought: str) -> ProfileUses:
        """Keys are check, model and asset; at least one is not empty."""
        params = {name: value for name, value in sought.items() if value}
        return await self._caller.call("GET", "/api/profile-uses", ProfileUses, params=params)

    async def profile_usage(self, profile_id: str) -> ProfileUsage:
        return await self._caller.call("GET", f"{PROFILES}/{profile_id}/usage", ProfileUsage)

    async def archive_profile(self, profile_id: str) -> Archived:
        """Raises Conflict, which names them, when something still depends on it."""
        return await self._caller.call("POST", f"{PROFILES}/{profile_id}/archive", Archived)

    async def restore_profile(self, profile_id: str) -> Archived:
        return await self._caller.call("POST", f"{PROFILES}/{profile_id}/restore", Archived)
