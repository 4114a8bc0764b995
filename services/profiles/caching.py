"""Conditional reads: who has the answer already gets 304 and no body.

Rights are checked before, each time, so nobody reads on from a cache what was hidden from
them since: answers may be kept, and must be asked for again.
"""

from hashlib import sha256

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from services.profiles.handlers import ETAG

KEPT = "private, no-cache"


async def send_etag(request: web.Request, response: web.StreamResponse) -> None:
    """The tag that a handler set."""
    if etag := request.get(ETAG):
        response.headers[hdrs.ETAG] = etag


@web.middleware
async def conditional(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every JSON that is read has a tag: that of its handler, else a hash of what it says."""
    response = await handler(request)
    if not _is_read(request, response):
        return response
    assert isinstance(response, web.Response) and isinstance(response.body, bytes)
    etag = request.get(ETAG) or f'"{sha256(response.body).hexdigest()[:32]}"'
    if _has_it(request.headers.getall(hdrs.IF_NONE_MATCH, []), etag):
        response = web.Response(status=304)
    response.headers[hdrs.ETAG] = etag
    response.headers[hdrs.CACHE_CONTROL] = KEPT
    return response


def _is_read(request: web.Request, response: web.StreamResponse) -> bool:
    return (
        request.method == "GET"
        and request.path.startswith("/v1/")
        and response.status == 200
        and response.content_type == "application/json"
        and isinstance(response, web.Response)
        and isinstance(response.body, bytes)
    )


def _has_it(if_none_match: list[str], etag: str) -> bool:
    """Weak tags count here, and `*` stands for any. Source: RFC 9110, section 13.1.2."""
    tags = [tag.strip().removeprefix("W/") for line in if_none_match for tag in line.split(",")]
    return etag in tags or "*" in tags
