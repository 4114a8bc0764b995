"""Caller of the gateway for the active version of profiles: moved, scheduled, drafted."""

from datetime import datetime
from uuid import UUID

from libs.api.gateway import GatewayApi
from libs.contracts.activations import (
    Activated,
    ActivateRequest,
    Activation,
    ActivationList,
    Live,
    Schedule,
    ScheduleList,
    ScheduleRequest,
)
from libs.contracts.drafts import (
    Draft,
    DraftEdit,
    DraftList,
    DraftRequest,
    DraftSummary,
    EndRequest,
    ReviewRequest,
)
from libs.contracts.profiles import Updated

PROFILES, DRAFTS = "/api/profiles", "/api/drafts"


class LifecycleApi(GatewayApi):
    """One method for each route."""

    async def activate(self, profile_id: str, note: str = "") -> Activated:
        """Make exactly that version the active one."""
        path, body = f"{PROFILES}/{profile_id}/activate", ActivateRequest(note=note)
        return await self._caller.call("POST", path, Activated, body)

    async def activations(self, profile_id: str, limit: int) -> list[Activation]:
        path, params = f"{PROFILES}/{profile_id}/activations", {"limit": str(limit)}
        return (await self._caller.call("GET", path, ActivationList, params=params)).activations

    async def live(self, client_id: str, slug: str, at: datetime | None) -> Live:
        """What the client ran at that instant; None: now."""
        path = f"/api/clients/{client_id}/live/{slug}"
        params = {"at": at.isoformat()} if at else {}
        return await self._caller.call("GET", path, Live, params=params)

    async def schedule(self, profile_id: str, wanted: ScheduleRequest) -> Schedule:
        path = f"{PROFILES}/{profile_id}/schedules"
        return await self._caller.call("POST", path, Schedule, wanted)

    async def schedules(self, profile_id: str) -> list[Schedule]:
        path = f"{PROFILES}/{profile_id}/schedules"
        return (await self._caller.call("GET", path, ScheduleList)).schedules

    async def unschedule(self, profile_id: str, schedule_id: UUID) -> Schedule:
        path = f"{PROFILES}/{profile_id}/schedules/{schedule_id}"
        return await self._caller.call("DELETE", path, Schedule)

    async def make_draft(self, wanted: DraftRequest) -> Draft:
        return await self._caller.call("POST", DRAFTS, Draft, wanted)

    async def drafts(self, **filters: str) -> list[DraftSummary]:
        """Filters are client, profile and state; empty ones are left out."""
        params = {name: value for name, value in filters.items() if value}
        return (await self._caller.call("GET", DRAFTS, DraftList, params=params)).drafts

    async def draft(self, draft_id: UUID) -> Draft:
        return await self._caller.call("GET", f"{DRAFTS}/{draft_id}", Draft)

    async def change_draft(self, draft_id: UUID, edit: DraftEdit) -> Draft:
        return await self._caller.call("PUT", f"{DRAFTS}/{draft_id}", Draft, edit)

    async def review_draft(self, draft_id: UUID, review: ReviewRequest) -> Draft:
        return await self._caller.call("POST", f"{DRAFTS}/{draft_id}/reviews", Draft, review)

    async def apply_draft(self, draft_id: UUID, note: str, if_match: str) -> Updated:
        path, body = f"{DRAFTS}/{draft_id}/apply", EndRequest(note=note)
        return await self._caller.call("POST", path, Updated, body, if_match=if_match)

    async def withdraw_draft(self, draft_id: UUID, note: str) -> Draft:
        path, body = f"{DRAFTS}/{draft_id}/withdraw", EndRequest(note=note)
        return await self._caller.call("POST", path, Draft, body)
