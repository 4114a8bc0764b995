"""Reports as HTTP answers. Drawing one is work for a processor, so it is done beside the loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import web

from services.usage.domain.period import Period
from services.usage.domain.report import Report
from services.usage.domain.report_csv import report_csv
from services.usage.domain.report_html import report_html
from services.usage.domain.report_json import report_json
from services.usage.domain.report_pdf import report_pdf
from services.usage.domain.report_text import report_text
from services.usage.domain.report_xlsx import report_xlsx

AT_ONCE = 2
STREAM_TIMEOUT_S = 300.0
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Form:
    """`saved` forms are for a file: a browser offers to keep them."""

    content_type: str
    extension: str
    write: Callable[[Report], str | bytes]
    saved: bool = False


FORMS = {
    "text": Form("text/plain", "txt", report_text),
    "json": Form("application/json", "json", report_json),
    "csv": Form("text/csv", "csv", report_csv, saved=True),
    "xlsx": Form(SHEET, "xlsx", report_xlsx, saved=True),
    "html": Form("text/html", "html", report_html),
    "pdf": Form("application/pdf", "pdf", report_pdf, saved=True),
}
FOCUS_TYPE = "text/csv"
REPORT_TYPES = tuple(form.content_type for form in FORMS.values())


async def answer(report: Report, form_name: str, places: asyncio.Semaphore) -> web.Response:
    """The report in a form. At most as many are drawn at once as `places` has."""
    form = FORMS[form_name]
    async with places:
        drawn = await asyncio.to_thread(form.write, report)
    content = drawn if isinstance(drawn, bytes) else drawn.encode()
    return web.Response(
        body=content,
        content_type=form.content_type,
        charset=None if isinstance(drawn, bytes) else "utf-8",
        headers=_headers(file_name(report.period, form.extension), form.saved),
    )


async def stream(
    request: web.Request, chunks: AsyncGenerator[str, None], period: Period
) -> web.StreamResponse:
    """A FOCUS file as it is read; a reader that is too slow is cut off."""
    response = web.StreamResponse(headers=_headers(file_name(period, "focus.csv"), True))
    response.content_type, response.charset = FOCUS_TYPE, "utf-8"
    async with asyncio.timeout(STREAM_TIMEOUT_S), aclosing(chunks):
        async for chunk in chunks:
            if not response.prepared:
                await response.prepare(request)
            await response.write(chunk.encode())
        await response.write_eof()
    return response


def file_name(period: Period, extension: str) -> str:
    """`usage-from-2026-08-01-to-2026-08-31.xlsx`; a side that is open has no day."""
    days = [f"from-{period.first_on}"] if period.first_on else []
    days += [f"to-{period.last_on}"] if period.last_on else []
    return f"usage-{'-'.join(days) or 'all'}.{extension}"


def _headers(name: str, saved: bool) -> dict[str, str]:
    kind = "attachment" if saved else "inline"
    return {
        "Content-Disposition": f'{kind}; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
    }
