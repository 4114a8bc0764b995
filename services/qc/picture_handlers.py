"""Routes of the pictures that show findings to people."""

import asyncio
from uuid import UUID

from aiohttp import web
from pydantic import Field

from libs.contracts.common import Request
from libs.contracts.qc import Sha256
from libs.postgres import transaction
from libs.problems import NotFound
from libs.web import ACTOR
from services.qc import repository
from services.qc.handlers import BENCH, visible
from services.qc.pictures import crops_of
from services.qc.run import Bench

JPEG = "image/jpeg"


class CropPath(Request):
    analysis_id: UUID
    crop: Sha256


class PagePath(Request):
    analysis_id: UUID
    page: int = Field(ge=1, le=100_000)


async def get_crop(request: web.Request, path: CropPath) -> web.Response:
    """The region of a finding with some of what is around it, as a JPEG."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    async with transaction(bench.pool, [row.client_id]) as db:
        results = await repository.results(db, row.client_id, row.analysis_id)
    if not any(path.crop in crops_of(result) for result in results):
        raise NotFound("unknown_crop", "No finding of this analysis has that crop.")
    return await _picture(bench, path.crop)


async def get_page(request: web.Request, path: PagePath) -> web.Response:
    """A page as a JPEG to draw findings on, its longer side at most 1,600 px."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    for preview in row.previews:
        if preview.page == path.page:
            return await _picture(bench, preview.sha256)
    raise NotFound("unknown_page", f"There is no picture of page {path.page} of this analysis.")


async def content_of(bench: Bench, sha256: str) -> bytes:
    async with bench.store.fetch(sha256) as file:
        return await asyncio.to_thread(file.read_bytes)


async def _picture(bench: Bench, sha256: str) -> web.Response:
    """Named by its content, so it never changes; a browser must not take it for anything else."""
    return web.Response(
        body=await content_of(bench, sha256),
        content_type=JPEG,
        headers={
            "Cache-Control": "private, max-age=86400",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
