"""Reports as HTTP answers. Drawing one is work for a processor, so it is done beside the loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from aiohttp import web

from services.usage.domain.period import Period
from services.usage.domain.report import Report
from services.usage.domain.report_csv import report_csv
from services.usage.domain.report_files import FILE_TYPES, file_name
from services.usage.domain.report_html import report_html
from services.usage.domain.report_json import report_json
from services.usage.domain.report_text import report_text
from services.usage.domain.report_xlsx import report_xlsx
from services.usage.printing import report_pdf

AT_ONCE = 2
STREAM_TIMEOUT_S = 300.0
FORMS: dict[str, Callable[[Report], str | bytes]] = {
    "text": report_text,
    "json": report_json,
    "csv": report_csv,
    "xlsx": report_xlsx,
    "html": report_html,
    "pdf": report_pdf,
}
REPORT_TYPES = tuple(dict.fromkeys(content_type for content_type, _ in FILE_TYPES.values()))
SHOWN = ("text", "json", "html")
"""What a browser shows; it offers to keep the others."""


async def answer(report: Report, form: str, places: asyncio.Semaphore) -> web.Response:
    """The report in a form. At most as many are drawn at once as `places` has."""
    async with places:
        drawn = await asyncio.to_thread(FORMS[form], report)
    return web.Response(
        body=drawn if isinstance(drawn, bytes) else drawn.encode(),
        content_type=FILE_TYPES[form][0],
        charset=None if isinstance(drawn, bytes) else "utf-8",
        headers=_headers(report.period, form),
    )


async def stream(
    request: web.Request, chunks: AsyncGenerator[str, None], period: Period
) -> web.StreamResponse:
    """A FOCUS file as it is read; a reader that is too slow is cut off."""
    response = web.StreamResponse(headers=_headers(period, "focus"))
    response.content_type, response.charset = FILE_TYPES["focus"][0], "utf-8"
    async with asyncio.timeout(STREAM_TIMEOUT_S), aclosing(chunks):
        async for chunk in chunks:
            if not response.prepared:
                await response.prepare(request)
            await response.write(chunk.encode())
        await response.write_eof()
    return response


def _headers(period: Period, form: str) -> dict[str, str]:
    kind = "inline" if form in SHOWN else "attachment"
    return {
        "Content-Disposition": f'{kind}; filename="{file_name(period, form)}"',
        "X-Content-Type-Options": "nosniff",
    }
