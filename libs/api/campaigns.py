"""Caller of the gateway for campaigns."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from uuid import UUID

from libs.api.gateway import GatewayApi
from libs.contracts.campaigns import (
    Campaign,
    CampaignEvent,
    CampaignFile,
    CampaignFiles,
    CampaignOrder,
    Campaigns,
    FilesAdded,
    Matrix,
    Retried,
)
from libs.contracts.estimates import CampaignEstimate

CAMPAIGNS = "/api/campaigns"


class CampaignsApi(GatewayApi):
    """One method for each route."""

    async def make_campaign(self, order: CampaignOrder) -> Campaign:
        return await self._caller.call("POST", CAMPAIGNS, Campaign, order)

    async def estimate_campaign(
        self, order: CampaignOrder, files: Iterable[tuple[str, Path]]
    ) -> CampaignEstimate:
        """What it would cost with these files by their names, ZIPs among them. Nothing is run."""
        fields = {"order": order.model_dump_json()}
        return await self._upload_all(f"{CAMPAIGNS}/estimate", files, fields, CampaignEstimate)

    async def campaigns(self, client_id: str = "", limit: int = 50) -> list[Campaign]:
        """The newest first, of one client or of all."""
        params = {"limit": str(limit)} | ({"client": client_id} if client_id else {})
        return (await self._caller.call("GET", CAMPAIGNS, Campaigns, params=params)).campaigns

    async def campaign(self, campaign_id: UUID) -> Campaign:
        return await self._caller.call("GET", f"{CAMPAIGNS}/{campaign_id}", Campaign)

    async def campaign_files(self, campaign_id: UUID) -> list[CampaignFile]:
        path = f"{CAMPAIGNS}/{campaign_id}/files"
        return (await self._caller.call("GET", path, CampaignFiles)).files

    async def add_campaign_file(self, campaign_id: UUID, file: Path, name: str) -> FilesAdded:
        """Under the name that it has in the campaign. Sent twice it is there once."""
        path = f"{CAMPAIGNS}/{campaign_id}/files"
        return await self._upload(path, file, {"path": name}, FilesAdded)

    async def add_campaign_archive(self, campaign_id: UUID, file: Path) -> FilesAdded:
        path = f"{CAMPAIGNS}/{campaign_id}/archive"
        return await self._upload(path, file, {}, FilesAdded)

    async def start_campaign(self, campaign_id: UUID) -> Campaign:
        return await self._caller.call("POST", f"{CAMPAIGNS}/{campaign_id}/start", Campaign)

    async def cancel_campaign(self, campaign_id: UUID) -> Campaign:
        return await self._caller.call("POST", f"{CAMPAIGNS}/{campaign_id}/cancel", Campaign)

    async def retry_campaign(self, campaign_id: UUID) -> int:
        """How many cells are tried again. Raises Conflict when none failed."""
        path = f"{CAMPAIGNS}/{campaign_id}/retry"
        return (await self._caller.call("POST", path, Retried)).retried

    async def campaign_matrix(self, campaign_id: UUID) -> Matrix:
        return await self._caller.call("GET", f"{CAMPAIGNS}/{campaign_id}/matrix", Matrix)

    async def campaign_table(self, campaign_id: UUID, form: str) -> bytes:
        """The matrix as csv, xlsx or json."""
        path = f"{CAMPAIGNS}/{campaign_id}/matrix"
        return await self._caller.fetch("GET", path, params={"format": form})

    async def campaign_events(
        self, campaign_id: UUID, after: int = 0
    ) -> AsyncIterator[CampaignEvent]:
        """Progress from event number `after` on, to the end or to where the stream breaks."""
        async for event in self._stream(
            f"api/campaigns/{campaign_id}/events", after, CampaignEvent
        ):
            yield event
