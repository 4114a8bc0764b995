"""Caller of the gateway for bulk edits."""

from uuid import UUID

from aiohttp import ClientTimeout

from libs.api.gateway import GatewayApi
from libs.contracts.bulk import BulkEdit, BulkEdits, BulkOrder, BulkSummary

BULK = "/api/bulk-edits"
PATIENCE = ClientTimeout(total=120, sock_connect=3)
"""For five hundred profiles in one transaction."""


class BulkApi(GatewayApi):
    """One method for each route."""

    async def plan_bulk_edit(self, order: BulkOrder) -> BulkEdit:
        """Raises Invalid when too many profiles are selected, or none would change."""
        return await self._caller.call("POST", BULK, BulkEdit, order, patience=PATIENCE)

    async def bulk_edits(self) -> list[BulkSummary]:
        return (await self._caller.call("GET", BULK, BulkEdits)).bulk_edits

    async def bulk_edit(self, bulk_id: UUID) -> BulkEdit:
        return await self._caller.call("GET", f"{BULK}/{bulk_id}", BulkEdit, patience=PATIENCE)

    async def commit_bulk_edit(self, bulk_id: UUID) -> BulkEdit:
        """Raises Conflict when one of its profiles was changed since; harmless when sent twice."""
        path = f"{BULK}/{bulk_id}/commit"
        return await self._caller.call("POST", path, BulkEdit, patience=PATIENCE)

    async def undo_bulk_edit(self, bulk_id: UUID) -> BulkEdit:
        """Raises Conflict when somebody activated something else since."""
        path = f"{BULK}/{bulk_id}/undo"
        return await self._caller.call("POST", path, BulkEdit, patience=PATIENCE)
