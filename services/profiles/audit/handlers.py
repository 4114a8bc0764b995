"""HTTP of the audit."""

from collections.abc import AsyncIterator

from aiohttp import web

from libs.contracts.audit import AnchorFaults, Anchors, AuditQuery, Verification
from libs.replies import reply
from libs.web import ACTOR
from services.profiles.audit import verifying
from services.profiles.audit.reading import read_all, read_page
from services.profiles.domain.audit_csv import csv_header, csv_lines
from services.profiles.handlers import POOL

JSONL, CSV = "application/jsonl", "text/csv"


async def get_audit(request: web.Request, query: AuditQuery) -> web.StreamResponse:
    """Who changed what, the newest first: a page of JSON, or all of it as JSON lines or CSV."""
    if query.form == "json":
        return reply(await read_page(request.app[POOL], request[ACTOR], query))
    kind = CSV if query.form == "csv" else JSONL
    texts = _texts(request, query)
    first = await anext(texts)  # a refusal comes before the answer has begun
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="audit.{query.form}"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    await response.write(first.encode())
    async for text in texts:
        await response.write(text.encode())
    await response.write_eof()
    return response


async def get_verification(request: web.Request) -> Verification:
    """Follow every chain and hash every version again: what was touched, and the heads."""
    return await verifying.verify(request.app[POOL], request[ACTOR])


async def post_anchors(request: web.Request, body: Anchors) -> AnchorFaults:
    """Whether heads that were kept elsewhere are still part of the audit."""
    return await verifying.check_anchors(request.app[POOL], request[ACTOR], body.anchors)


async def _texts(request: web.Request, query: AuditQuery) -> AsyncIterator[str]:
    """At least one text, which may be empty; what is refused is refused before it."""
    in_csv = query.form == "csv"
    begun = False
    async for page in read_all(request.app[POOL], request[ACTOR], query):
        if in_csv:
            yield csv_lines(page) if begun else csv_header() + csv_lines(page)
        else:
            yield "".join(f"{entry.model_dump_json()}\n" for entry in page)
        begun = True
    if not begun:
        yield csv_header() if in_csv else ""
