"""Two analyses side by side, as JSON for programs and as HTML for people."""

import asyncio
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from aiohttp import web

from libs.contracts.common import Request
from libs.problems import Conflict, Invalid
from libs.replies import reply
from libs.web import ACTOR
from services.qc.domain.compare import compare
from services.qc.domain.compare_html import comparison_html
from services.qc.domain.report import Reported
from services.qc.handlers import BENCH, AnalysisPath, visible
from services.qc.review.report_handlers import PRINTS, file_answer, reported


class ComparePath(AnalysisPath):
    other_id: UUID


class CompareQuery(Request):
    format: Literal["json", "html"] = "json"


async def get_comparison(
    request: web.Request, path: ComparePath, query: CompareQuery
) -> web.Response:
    """What got better and what worse from the first analysis to the other, check by check."""
    before, after = await _both(request, path, query.format == "html")
    if before.analysis is None or after.analysis is None:
        raise AssertionError("a stored analysis is there")
    found = await asyncio.to_thread(compare, before.analysis, after.analysis)
    if query.format == "json":
        return reply(found)
    pictures = (before.pictures, after.pictures)
    text = await asyncio.to_thread(comparison_html, found, pictures, datetime.now(UTC))
    name = f"comparison of {after.name}"
    return file_answer(text.encode("utf-8", "replace"), "html", name)


async def _both(
    request: web.Request, path: ComparePath, with_pictures: bool
) -> tuple[Reported, Reported]:
    bench, actor = request.app[BENCH], request[ACTOR]
    before = await visible(bench, actor, path.analysis_id)
    after = await visible(bench, actor, path.other_id)
    if before.client_id != after.client_id:
        raise Invalid("other_client", "Compare two analyses of one client.")
    if before.finished_at is None or after.finished_at is None:
        raise Conflict("not_finished", "One of them has not ended yet: ask again when it has.")
    async with request.app[PRINTS]:
        return (
            await reported(bench, before, with_pictures=with_pictures),
            await reported(bench, after, with_pictures=with_pictures),
        )
