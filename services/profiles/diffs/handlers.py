"""HTTP in, HTTP out."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from libs.contracts.common import Request
from libs.contracts.diff import ProfileDiff
from libs.web import ACTOR
from services.profiles.diffs.reading import diff_of
from services.profiles.domain.diff_page import diff_page
from services.profiles.handlers import POOL


class DiffPath(Request):
    profile_id: str = Field(max_length=100)
    other_id: str = Field(max_length=100)


class DiffQuery(Request):
    format: Literal["json", "html"] = "json"


async def get_diff(
    request: web.Request, path: DiffPath, query: DiffQuery
) -> ProfileDiff | web.Response:
    """What differs from the first version to the second, by check, field and word."""
    diff = await diff_of(request.app[POOL], request[ACTOR], path.profile_id, path.other_id)
    if query.format == "json":
        return diff
    return web.Response(
        text=diff_page(diff),
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        },
    )
