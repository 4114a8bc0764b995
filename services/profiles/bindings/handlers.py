"""HTTP in, HTTP out: one call to a verb for each route of bindings."""

from aiohttp import hdrs, web
from pydantic import Field

from libs.contracts.bindings import Binding, BindingEdit, ClientProfiles, Preview
from libs.contracts.common import ClientId, Request
from libs.contracts.profiles import ProfileEdit
from libs.web import ACTOR
from services.profiles.bindings import pinning
from services.profiles.bindings.preview import preview
from services.profiles.handlers import ETAG, POOL, ClientPath, ProfilePath


class BindingPath(Request):
    client_id: ClientId
    slug: str = Field(max_length=100)


async def get_client_profiles(request: web.Request, path: ClientPath) -> ClientProfiles:
    """What the client may use, each as the version that its analyses run."""
    return await pinning.list_client_profiles(request.app[POOL], request[ACTOR], path.client_id)


async def get_binding(request: web.Request, path: BindingPath) -> Binding:
    """Whether the client floats on the profile or is pinned, and which version it runs."""
    return await pinning.get_binding(request.app[POOL], request[ACTOR], path.client_id, path.slug)


async def put_binding(request: web.Request, path: BindingPath, body: BindingEdit) -> Binding:
    """Pin the client to a version of the profile; version null lets it float."""
    return await pinning.set_binding(
        request.app[POOL], request[ACTOR], path.client_id, path.slug, body.version
    )


async def delete_binding(request: web.Request, path: BindingPath) -> Binding:
    """Let the client float: its analyses run the active version."""
    return await pinning.set_binding(
        request.app[POOL], request[ACTOR], path.client_id, path.slug, None
    )


async def post_preview(request: web.Request, path: ProfilePath, body: ProfileEdit) -> Preview:
    """What a PUT of this body would do, for whom, and what would refuse it."""
    previewed = await preview(
        request.app[POOL],
        request[ACTOR],
        path.profile_id,
        body,
        request.headers.get(hdrs.IF_MATCH),
    )
    request[ETAG] = previewed.etag
    return previewed
