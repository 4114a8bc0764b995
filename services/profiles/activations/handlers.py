"""HTTP in, HTTP out: one call to a verb for each route."""

from uuid import UUID

from aiohttp import hdrs, web
from pydantic import Field

from libs.contracts.activations import (
    Activated,
    ActivateRequest,
    ActivationList,
    Live,
    Schedule,
    ScheduleList,
    ScheduleRequest,
)
from libs.contracts.common import ClientId, Moment, Request
from libs.web import ACTOR
from services.profiles.activations import moving, past, scheduling
from services.profiles.handlers import ETAG, POOL, ProfilePath


class LivePath(Request):
    client_id: ClientId
    slug: str = Field(max_length=100)


class SchedulePath(Request):
    profile_id: str = Field(max_length=100)
    schedule_id: UUID


class LiveQuery(Request):
    at: Moment | None = None


class ActivationsQuery(Request):
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=100)


async def post_activate(
    request: web.Request, path: ProfilePath, body: ActivateRequest
) -> Activated:
    """Make exactly this version the active one: a rollback, or the way forward again."""
    if_match = request.headers.get(hdrs.IF_MATCH)
    pool, actor = request.app[POOL], request[ACTOR]
    activated = await moving.activate(pool, actor, path.profile_id, body.note, if_match)
    request[ETAG] = activated.etag
    return activated


async def get_activations(
    request: web.Request, path: ProfilePath, query: ActivationsQuery
) -> ActivationList:
    """Where the active pointer of the profile was, the newest first."""
    pool, actor = request.app[POOL], request[ACTOR]
    return await moving.list_activations(pool, actor, path.profile_id, query.limit, query.cursor)


async def get_live(request: web.Request, path: LivePath, query: LiveQuery) -> Live:
    """What the client's analyses ran at an instant: pins and audience of then count."""
    pool, actor = request.app[POOL], request[ACTOR]
    return await past.live_at(pool, actor, path.client_id, path.slug, query.at)


async def post_schedule(request: web.Request, path: ProfilePath, body: ScheduleRequest) -> Schedule:
    """Plan to make this version the active one at an instant."""
    return await scheduling.schedule(request.app[POOL], request[ACTOR], path.profile_id, body)


async def get_schedules(request: web.Request, path: ProfilePath) -> ScheduleList:
    """The moves of the profile that are to come, and what became of earlier ones."""
    return await scheduling.list_schedules(request.app[POOL], request[ACTOR], path.profile_id)


async def delete_schedule(request: web.Request, path: SchedulePath) -> Schedule:
    """Cancel a move that is to come."""
    return await scheduling.cancel(
        request.app[POOL], request[ACTOR], path.profile_id, path.schedule_id
    )
