"""The report of one analysis, in the form that somebody wants to keep."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import quote

from aiohttp import web

from libs.contracts.common import Request
from libs.contracts.qc import Preview
from libs.problems import Conflict
from libs.web import ACTOR
from services.qc.domain.report import Reported
from services.qc.handlers import BENCH, AnalysisPath, shown, visible
from services.qc.picture_handlers import content_of
from services.qc.pictures import pictures_of
from services.qc.repository import AnalysisRow
from services.qc.review.forms import MEDIA_TYPES, Form, drawn
from services.qc.run import Bench

PRINTS: web.AppKey[asyncio.Semaphore] = web.AppKey("prints")
PRINTS_AT_ONCE = 2


class ReportQuery(Request):
    format: Form = "html"


async def get_report(request: web.Request, path: AnalysisPath, query: ReportQuery) -> web.Response:
    """One file with everything in it: verdict, findings on the picture, measurements, hashes."""
    bench = request.app[BENCH]
    row = await visible(bench, request[ACTOR], path.analysis_id)
    if row.finished_at is None:
        raise Conflict("not_finished", "The analysis has not ended yet: ask again when it has.")
    async with request.app[PRINTS]:
        one = await reported(bench, row, with_pictures=query.format != "json")
        content = await asyncio.to_thread(drawn, query.format, [one], datetime.now(UTC))
    return file_answer(content, query.format, row.creative.file_name)


async def reported(bench: Bench, row: AnalysisRow, *, with_pictures: bool = True) -> Reported:
    """The analysis as it counts with its pictures, as far as they are there."""
    analysis = await shown(bench, row)
    name = analysis.creative.file_name
    if not with_pictures:
        return Reported(name, analysis)

    async def page(preview: Preview) -> bytes:
        return await content_of(bench, preview.sha256)

    async def crop(name: str) -> bytes:
        return await content_of(bench, name)

    return Reported(name, analysis, await pictures_of(analysis, page, crop))


def file_answer(content: bytes, form: Form, name: str) -> web.Response:
    """A download that runs nothing when a browser opens it all the same."""
    return web.Response(
        body=content,
        content_type=MEDIA_TYPES[form],
        charset=None if form == "pdf" else "utf-8",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}.{form}",
            "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; "
            "style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        },
    )
