"""HTTP in, HTTP out: one call to a verb for each route of brand clients."""

from aiohttp import hdrs, web

from libs.contracts.clients import ClientDetails, ClientDraft, ClientEdit
from libs.web import ACTOR
from services.profiles.clients import managing
from services.profiles.handlers import ETAG, POOL, ClientPath


async def get_client(request: web.Request, path: ClientPath) -> ClientDetails:
    """One brand client, archived or not."""
    return _tagged(
        request, await managing.get_client(request.app[POOL], request[ACTOR], path.client_id)
    )


async def post_client(request: web.Request, body: ClientDraft) -> ClientDetails:
    """Make a brand client. Its id is given once, and for ever."""
    return _tagged(request, await managing.create_client(request.app[POOL], request[ACTOR], body))


async def put_client(request: web.Request, path: ClientPath, body: ClientEdit) -> ClientDetails:
    """Rename it, or say whether new versions take an approval. If-Match stops a stale change."""
    changed = await managing.change_client(
        request.app[POOL],
        request[ACTOR],
        path.client_id,
        body,
        request.headers.get(hdrs.IF_MATCH),
    )
    return _tagged(request, changed)


async def post_client_archive(request: web.Request, path: ClientPath) -> ClientDetails:
    """Do nothing new for it from now on. What there is stays, and can be read."""
    return _tagged(
        request, await managing.archive_client(request.app[POOL], request[ACTOR], path.client_id)
    )


async def post_client_restore(request: web.Request, path: ClientPath) -> ClientDetails:
    """Use it again, bound as it was."""
    return _tagged(
        request, await managing.restore_client(request.app[POOL], request[ACTOR], path.client_id)
    )


def _tagged(request: web.Request, client: ClientDetails) -> ClientDetails:
    request[ETAG] = client.etag
    return client
