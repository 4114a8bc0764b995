"""Caller of the gateway for what a client gives once: reference assets, media plans, brand data."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from libs.api.gateway import GatewayApi
from libs.contracts.assets import (
    AssetEdit,
    AssetVersions,
    MediaPlan,
    MediaPlans,
    ReferenceAsset,
    ReferenceAssets,
    UsedBy,
)
from libs.contracts.brand import BrandData, ClientBrand

ASSETS, PLANS = "/api/reference-assets", "/api/media-plans"


class MaterialApi(GatewayApi):
    """One method for each route."""

    async def add_asset(
        self, file: Path, client_id: str, kind: str, name: str = "", tags: str = ""
    ) -> ReferenceAsset:
        """Keep the file, under its own name when none is given."""
        fields = _given(client=client_id, kind=kind, name=name, tags=tags)
        return await self._upload(ASSETS, file, fields, ReferenceAsset)

    async def assets(self, client_id: str, **filters: str) -> list[ReferenceAsset]:
        """Filters are kind, tag, name (a part of it) and archived (true)."""
        params = _given(client=client_id, **filters)
        found = await self._caller.call("GET", ASSETS, ReferenceAssets, params=params)
        return found.reference_assets

    async def asset(self, asset_id: UUID) -> ReferenceAsset:
        return await self._caller.call("GET", f"{ASSETS}/{asset_id}", ReferenceAsset)

    async def tag_asset(self, asset_id: UUID, tags: list[str]) -> ReferenceAsset:
        body = AssetEdit(tags=tags)
        return await self._caller.call("PATCH", f"{ASSETS}/{asset_id}", ReferenceAsset, body)

    async def archive_asset(self, asset_id: UUID, undo: bool = False) -> ReferenceAsset:
        """Use it no more; with `undo`: use it again."""
        verb = "unarchive" if undo else "archive"
        return await self._caller.call("POST", f"{ASSETS}/{asset_id}/{verb}", ReferenceAsset)

    async def asset_versions(self, asset_id: UUID) -> AssetVersions:
        return await self._caller.call("GET", f"{ASSETS}/{asset_id}/versions", AssetVersions)

    async def asset_file(self, asset_id: UUID, version: int | None = None) -> bytes:
        """The content of the version that counts, or of another."""
        params = _given(version=str(version or ""))
        return await self._caller.fetch("GET", f"{ASSETS}/{asset_id}/file", params=params)

    async def asset_used_by(self, asset_id: UUID) -> UsedBy:
        return await self._caller.call("GET", f"{ASSETS}/{asset_id}/used-by", UsedBy)

    async def add_plan(
        self, file: Path, client_id: str, name: str = "", skip_bad_rows: bool = False
    ) -> MediaPlan:
        """Raises Invalid, which names every wrong row, unless these are to be skipped."""
        skip = "true" if skip_bad_rows else ""
        fields = _given(client=client_id, name=name, skip_bad_rows=skip)
        return await self._upload(PLANS, file, fields, MediaPlan)

    async def plans(self, client_id: str, archived: bool = False) -> MediaPlans:
        params = _given(client=client_id, archived="true" if archived else "")
        return await self._caller.call("GET", PLANS, MediaPlans, params=params)

    async def plan(self, plan_id: UUID) -> MediaPlan:
        return await self._caller.call("GET", f"{PLANS}/{plan_id}", MediaPlan)

    async def activate_plan(self, plan_id: UUID) -> MediaPlan:
        return await self._caller.call("POST", f"{PLANS}/{plan_id}/activate", MediaPlan)

    async def archive_plan(self, plan_id: UUID) -> MediaPlan:
        return await self._caller.call("POST", f"{PLANS}/{plan_id}/archive", MediaPlan)

    async def plan_file(self, plan_id: UUID) -> bytes:
        return await self._caller.fetch("GET", f"{PLANS}/{plan_id}/file")

    async def brand(self, client_id: str) -> ClientBrand:
        return await self._caller.call("GET", f"/api/clients/{client_id}/brand", ClientBrand)

    async def set_brand(self, client_id: str, brand: BrandData) -> ClientBrand:
        path = f"/api/clients/{client_id}/brand"
        return await self._caller.call("PUT", path, ClientBrand, brand)


def _given(**fields: str) -> Mapping[str, str]:
    return {name: value for name, value in fields.items() if value}
