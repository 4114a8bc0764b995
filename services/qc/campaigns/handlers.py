"""HTTP in, HTTP out, for campaigns."""

import asyncio
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from aiohttp import web
from pydantic import Field

from libs.actor import visible_clients
from libs.contracts.access import Action
from libs.contracts.campaigns import (
    Campaign,
    CampaignFiles,
    CampaignOrder,
    Campaigns,
    FilesAdded,
    Retried,
)
from libs.contracts.common import ClientId, Request
from libs.contracts.estimates import CampaignEstimate
from libs.contracts.qc import CheckResult
from libs.postgres import transaction
from libs.problems import NotFound
from libs.replies import reply
from libs.streaming import last_seen, send_events
from libs.web import ACTOR
from services.qc.campaigns import rows, sums, taking
from services.qc.campaigns.estimating import estimate_campaign
from services.qc.campaigns.rows import CampaignRow
from services.qc.campaigns.taking import Desk, own_campaign, visible_campaign
from services.qc.campaigns.told import campaign_of, campaigns_of, matrix_of
from services.qc.domain.matrix_csv import matrix_csv
from services.qc.domain.matrix_xlsx import MOST_FINDINGS, Found, matrix_xlsx
from services.qc.money_handlers import USAGE
from services.qc.quoting import Quotes

DESK: web.AppKey[Desk] = web.AppKey("campaigns")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"


class CampaignPath(Request):
    campaign_id: UUID


class CampaignsQuery(Request):
    """Of all clients that the caller sees when none is named."""

    client: ClientId | None = None
    limit: int = Field(default=50, ge=1, le=200)
    cursor: UUID | None = None


class FileForm(Request):
    """One creative; `path` is its name in the folder that it comes from."""

    file: bytes = Field(json_schema_extra={"format": "binary"})
    path: str | None = Field(default=None, max_length=1_000)


class ArchiveForm(Request):
    """A ZIP of creatives; what is hidden, or no creative by its name, is left out."""

    file: bytes = Field(json_schema_extra={"format": "binary"})


class EstimateForm(Request):
    """The order of a campaign, and its files: creatives by their paths, and ZIPs."""

    order: CampaignOrder
    file: list[Annotated[bytes, Field(json_schema_extra={"format": "binary"})]]


class MatrixQuery(Request):
    format: Literal["json", "csv", "xlsx"] = "json"


async def post_campaigns(request: web.Request, body: CampaignOrder) -> Campaign:
    """Make a campaign. It takes files until it is started."""
    desk = request.app[DESK]
    return await _told(desk, await taking.create(desk, request[ACTOR], body))


async def post_campaign_estimate(request: web.Request) -> CampaignEstimate:
    """What a campaign would cost. Nothing is run, no file is kept and nobody is asked."""
    quotes = Quotes(request.app[USAGE])
    return await estimate_campaign(request.app[DESK], request[ACTOR], request, quotes)


async def get_campaigns(request: web.Request, query: CampaignsQuery) -> Campaigns:
    """Campaigns, the newest first."""
    clients = visible_clients(request[ACTOR], Action.READ_ANALYSES)
    if clients is not None and query.client and query.client not in clients:
        raise NotFound("unknown_client", f"There is no brand client {query.client!r}.")
    async with transaction(request.app[DESK].bench.pool, clients) as db:
        found = await rows.CAMPAIGNS.newest(db, query.client, query.cursor, query.limit)
        told = await campaigns_of(db, found)
    more = len(found) == query.limit
    return Campaigns(campaigns=told, next_cursor=found[-1].campaign_id if more else None)


async def get_campaign(request: web.Request, path: CampaignPath) -> Campaign:
    """State, counts and cost of a campaign."""
    desk = request.app[DESK]
    return await _told(desk, await visible_campaign(desk.bench, request[ACTOR], path.campaign_id))


async def post_campaign_file(request: web.Request, path: CampaignPath) -> FilesAdded:
    """Add one file. The same again changes nothing."""
    desk, row = await _own(request, path)
    return await taking.add_file(desk, row, request)


async def post_campaign_archive(request: web.Request, path: CampaignPath) -> FilesAdded:
    """Add every creative of a ZIP, or none of it when something in it means no good."""
    desk, row = await _own(request, path)
    return await taking.add_archive(desk, row, request)


async def get_campaign_files(request: web.Request, path: CampaignPath) -> CampaignFiles:
    """The files that are there, so that a caller can send what is missing."""
    desk = request.app[DESK]
    row = await visible_campaign(desk.bench, request[ACTOR], path.campaign_id)
    async with transaction(desk.bench.pool, [row.client_id]) as db:
        return CampaignFiles(files=await rows.files(db, row))


async def post_campaign_start(request: web.Request, path: CampaignPath) -> Campaign:
    """Run every file against every profile. From now on the campaign comes to its end."""
    desk, row = await _own(request, path)
    await taking.start(desk, row)
    return await get_campaign(request, path)


async def post_campaign_cancel(request: web.Request, path: CampaignPath) -> Campaign:
    """Start nothing more of it, and end what waits or runs."""
    desk, row = await _own(request, path)
    await taking.cancel(desk, row, request[ACTOR])
    return await get_campaign(request, path)


async def post_campaign_retry(request: web.Request, path: CampaignPath) -> Retried:
    """Run again what could not be run, was cancelled, or has a check that broke."""
    desk, row = await _own(request, path)
    return Retried(retried=await taking.retry(desk, row))


async def get_campaign_events(request: web.Request, path: CampaignPath) -> web.StreamResponse:
    """Progress as server-sent events; goes on after `Last-Event-ID`."""
    desk = request.app[DESK]
    row = await visible_campaign(desk.bench, request[ACTOR], path.campaign_id)
    return await send_events(request, desk.events.after(row, last_seen(request)))


async def get_campaign_matrix(
    request: web.Request, path: CampaignPath, query: MatrixQuery
) -> web.Response:
    """Every file against every profile; as CSV or XLSX a download without formulas."""
    desk = request.app[DESK]
    row = await visible_campaign(desk.bench, request[ACTOR], path.campaign_id)
    async with transaction(desk.bench.pool, [row.client_id]) as db:
        matrix = await matrix_of(db, row)
        if query.format == "json":
            return reply(matrix)
        findings = [found async for found in sums.findings(db, row, MOST_FINDINGS + 1)]
    if query.format == "csv":
        return _download(row, "csv", CSV, matrix_csv(matrix).encode("utf-8-sig"))
    found = [
        Found(name, row.profiles[number].profile.profile_id, result.check_id, finding)
        for name, number, told in findings
        for result in [CheckResult.model_validate(told)]
        for finding in result.findings
    ]
    return _download(row, "xlsx", XLSX, await asyncio.to_thread(matrix_xlsx, matrix, found))


async def _told(desk: Desk, row: CampaignRow) -> Campaign:
    async with transaction(desk.bench.pool, [row.client_id]) as db:
        return await campaign_of(db, row)


async def _own(request: web.Request, path: CampaignPath) -> tuple[Desk, CampaignRow]:
    desk = request.app[DESK]
    return desk, await own_campaign(desk.bench, request[ACTOR], path.campaign_id)


def _download(row: CampaignRow, ending: str, kind: str, content: bytes) -> web.Response:
    name = quote(f"{row.name}.{ending}", safe="")
    return web.Response(
        body=content,
        content_type=kind,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )
