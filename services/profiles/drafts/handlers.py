"""HTTP in, HTTP out: one call to a verb for each route."""

from uuid import UUID

from aiohttp import hdrs, web
from pydantic import Field

from libs.contracts.common import ClientId, Request
from libs.contracts.drafts import (
    Draft,
    DraftEdit,
    DraftList,
    DraftRequest,
    DraftState,
    EndRequest,
    ReviewRequest,
)
from libs.contracts.profiles import Updated
from libs.web import ACTOR
from services.profiles.drafts import deciding, drafting, reading
from services.profiles.handlers import ETAG, POOL


class DraftPath(Request):
    draft_id: UUID


class DraftsQuery(Request):
    client: ClientId | None = None
    profile: str | None = Field(default=None, max_length=100)
    state: DraftState | None = None
    limit: int = Field(default=100, ge=1, le=200)
    cursor: UUID | None = None


async def post_draft(request: web.Request, body: DraftRequest) -> Draft:
    """Keep an edit of a version for others to look at, without saving it."""
    return _tagged(request, await drafting.create(request.app[POOL], request[ACTOR], body))


async def get_drafts(request: web.Request, query: DraftsQuery) -> DraftList:
    """The drafts of all profiles that the actor may see, or of a client or a profile."""
    return await reading.list_drafts(
        request.app[POOL],
        request[ACTOR],
        query.client,
        query.profile,
        query.state,
        (query.limit, query.cursor),
    )


async def get_draft(request: web.Request, path: DraftPath) -> Draft:
    """What the draft says, what differs from its base, and what was said about it."""
    draft = await reading.get_draft(request.app[POOL], request[ACTOR], path.draft_id)
    return _tagged(request, draft)


async def put_draft(request: web.Request, path: DraftPath, body: DraftEdit) -> Draft:
    """Change what it says, or its base. Approvals of what it said before do not count then."""
    if_match = request.headers.get(hdrs.IF_MATCH)
    pool, actor = request.app[POOL], request[ACTOR]
    return _tagged(request, await drafting.rewrite(pool, actor, path.draft_id, body, if_match))


async def post_review(request: web.Request, path: DraftPath, body: ReviewRequest) -> Draft:
    """Comment, or approve or reject exactly what was looked at; nobody reviews their own."""
    pool, actor = request.app[POOL], request[ACTOR]
    return _tagged(request, await deciding.review(pool, actor, path.draft_id, body))


async def post_apply(request: web.Request, path: DraftPath, body: EndRequest) -> Updated:
    """Save the draft as the next version of the profile, active at once."""
    if_match = request.headers.get(hdrs.IF_MATCH)
    pool, actor = request.app[POOL], request[ACTOR]
    updated = await deciding.apply(pool, actor, path.draft_id, body.note, if_match)
    request[ETAG] = updated.etag
    return updated


async def post_withdraw(request: web.Request, path: DraftPath, body: EndRequest) -> Draft:
    """End the draft without applying it."""
    pool, actor = request.app[POOL], request[ACTOR]
    return _tagged(request, await deciding.withdraw(pool, actor, path.draft_id, body.note))


def _tagged(request: web.Request, draft: Draft) -> Draft:
    request[ETAG] = draft.etag
    return draft
