"""HTTP for importing the logs of older trackers: the body is a log, as it is."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from libs.contracts.imports import Imported, ImportQuery
from libs.postgres import transaction
from libs.problems import BadRequest, TooLarge, Unsupported
from libs.web import BODY_TIMEOUT_S
from services.usage.handlers import POOL, RATE_CARDS, RECORDER
from services.usage.importing import Importer

MAX_USAGE_JSON_BYTES = 32 << 20


async def post_import(request: web.Request, query: ImportQuery) -> Imported:
    """Import an old log of any size: the body is its bytes, uncompressed.

    A line counts once, ever, so an import that broke off is simply done again. Lines that
    cannot count are named in the answer and hinder nothing.
    """
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Unsupported("encoded_body", "Send the log without Content-Encoding.")
    pool = request.app[POOL]
    async with transaction(pool) as db:
        card = await request.app[RATE_CARDS].current(db)
    importer = Importer(pool, request.app[RECORDER], card.provider, query)
    if query.kind == "jsonl":
        return await importer.logs(_chunks(request))
    return await importer.usage_json(await _whole(request))


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                chunk = await request.content.readany()
        except TimeoutError as error:
            raise BadRequest("body_stalled", "The log did not arrive in time.") from error
        if not chunk:
            return
        yield chunk


async def _whole(request: web.Request) -> bytes:
    content = bytearray()
    async for chunk in _chunks(request):
        content += chunk
        if len(content) > MAX_USAGE_JSON_BYTES:
            raise TooLarge(
                "usage_json_too_large",
                f"A usage.json may have {MAX_USAGE_JSON_BYTES >> 20} MiB; a log with a JSON "
                "object in each line may have any size: send it with kind=jsonl.",
            )
    return bytes(content)
