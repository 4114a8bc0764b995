"""HTTP in, HTTP out."""

from aiohttp import hdrs, web

from libs.contracts.finding import Archived
from libs.web import ACTOR
from services.profiles.archiving.archive import set_in_use
from services.profiles.handlers import ETAG, POOL, ProfilePath


async def post_profile_archive(request: web.Request, path: ProfilePath) -> Archived:
    """Take the profile out of use: no list has it and no analysis runs it; its versions stay."""
    return await _set(request, path, in_use=False)


async def delete_profile(request: web.Request, path: ProfilePath) -> Archived:
    """The same as to archive it: nothing is ever deleted."""
    return await _set(request, path, in_use=False)


async def post_profile_restore(request: web.Request, path: ProfilePath) -> Archived:
    """Take an archived profile into use again, as it was."""
    return await _set(request, path, in_use=True)


async def _set(request: web.Request, path: ProfilePath, in_use: bool) -> Archived:
    if_match = request.headers.get(hdrs.IF_MATCH)
    pool, actor = request.app[POOL], request[ACTOR]
    archived = await set_in_use(pool, actor, path.profile_id, in_use, if_match)
    request[ETAG] = archived.etag
    return archived
