"""HTTP in, HTTP out: one call to a verb for each route."""

from typing import Annotated

from aiohttp import hdrs, web
from pydantic import Field

from libs.contracts.brand import BrandData, ClientBrand
from libs.contracts.common import ClientId, Request
from libs.contracts.profiles import (
    ClientList,
    Created,
    Profile,
    ProfileDraft,
    ProfileEdit,
    ProfileList,
    Resolved,
    Updated,
    VersionList,
)
from libs.contracts.saves import Note
from libs.postgres import Pool
from libs.web import ACTOR
from services.profiles import brands, reading, registry
from services.profiles.domain.uses import Sought, State
from services.profiles.resolving import resolve

POOL: web.AppKey[Pool] = web.AppKey("pool")
STRICT: web.AppKey[bool] = web.AppKey("strict")
ETAG: web.RequestKey[str] = web.RequestKey("etag", str)
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"
Sentence = Annotated[str, Field(min_length=1, max_length=200, pattern=NOT_BLANK)]


class ProfilePath(Request):
    profile_id: str = Field(max_length=100)


class ClientPath(Request):
    client_id: ClientId


class ResolvePath(Request):
    client_id: ClientId
    profile_id: str = Field(max_length=100)


class SaveQuery(Request):
    note: Note = ""


class ClientsQuery(Request):
    archived: bool = False


class ProfilesQuery(Request):
    """`q` are beginnings of words; the rest is found as it is written."""

    client: ClientId | None = None
    q: Sentence | None = None
    check: Sentence | None = None
    model: Sentence | None = None
    asset: Sentence | None = None
    state: State = "active"


async def get_clients(request: web.Request, query: ClientsQuery) -> ClientList:
    """The brand clients that the actor may see: those in use, or those that are archived."""
    return await reading.list_clients(request.app[POOL], request[ACTOR], archived=query.archived)


async def get_profiles(request: web.Request, query: ProfilesQuery) -> ProfileList:
    """The profiles that the actor may see, or those that one client may use; or some of them."""
    sought = Sought(query.q, query.check, query.model, query.asset, query.state)
    return await reading.list_profiles(request.app[POOL], request[ACTOR], query.client, sought)


async def get_profile(request: web.Request, path: ProfilePath) -> Profile:
    """Exactly one version: a slug is the id of version 1."""
    profile = await reading.get_profile(request.app[POOL], request[ACTOR], path.profile_id)
    request[ETAG] = profile.etag
    return profile


async def get_versions(request: web.Request, path: ProfilePath) -> VersionList:
    """All versions of the profile that this version belongs to, the newest first."""
    return await reading.list_versions(request.app[POOL], request[ACTOR], path.profile_id)


async def post_profile(request: web.Request, body: ProfileDraft) -> Created:
    """Make a profile: version 1, active at once."""
    created = await registry.create(request.app[POOL], request[ACTOR], body)
    request[ETAG] = created.etag
    return created


async def put_profile(
    request: web.Request, path: ProfilePath, query: SaveQuery, body: ProfileEdit
) -> Updated:
    """Save the next version, based on this one. Send If-Match to be stopped when it is stale.

    The problem `stale_save` then has more members: `current`, `based_on`, `yours`, `theirs`,
    `conflicts` and, where the two changes do not touch, `merged`.
    """
    sent = registry.Sent(request.headers.get(hdrs.IF_MATCH), query.note, request.app[STRICT])
    updated = await registry.save(request.app[POOL], request[ACTOR], path.profile_id, body, sent)
    request[ETAG] = updated.etag
    return updated


async def get_resolved(request: web.Request, path: ResolvePath) -> Resolved:
    """The version that an analysis runs: a slug is the profile, whatever version is active."""
    return await resolve(request.app[POOL], request[ACTOR], path.client_id, path.profile_id)


async def get_brand(request: web.Request, path: ClientPath) -> ClientBrand:
    """What the client says once: the defaults of every check's parameters."""
    brand = await brands.get_brand(request.app[POOL], request[ACTOR], path.client_id)
    request[ETAG] = brand.etag
    return brand


async def put_brand(request: web.Request, path: ClientPath, body: BrandData) -> ClientBrand:
    """Save the next version of it. Send If-Match to be stopped when it is stale."""
    brand = await brands.save_brand(
        request.app[POOL],
        request[ACTOR],
        path.client_id,
        body,
        request.headers.get(hdrs.IF_MATCH),
    )
    request[ETAG] = brand.etag
    return brand
