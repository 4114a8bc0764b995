"""HTTP in, HTTP out: read the request, call one function, answer."""

from pathlib import Path

from aiohttp import web

from libs.contracts.access import DevLogin, SessionView
from services.gateway.forward import Forwarder
from services.gateway.repository import SignedIn
from services.gateway.sessions import COOKIE, DEV, Sessions, guard

START_PAGE = (Path(__file__).parent / "web" / "start.html").read_bytes()

SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions")
FORWARDER: web.AppKey[Forwarder] = web.AppKey("forwarder")


async def post_session(request: web.Request, body: DevLogin) -> web.Response:
    """Sign in with the dev login, which exists on loopback only; sets the session cookie."""
    guard(request)
    token = await request.app[SESSIONS].begin(body.user, DEV)
    response = web.Response(status=204)
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", path="/")
    return response


async def get_session(request: web.Request) -> SessionView:
    """Who is signed in, and what they may do."""
    return _view(await request.app[SESSIONS].of(request))


async def delete_session(request: web.Request) -> web.Response:
    """Sign out; the session ends on the server too."""
    guard(request)
    await request.app[SESSIONS].end(request)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/")
    return response


async def forward(request: web.Request) -> web.StreamResponse:
    """Pass the request on to the service that owns the path, as whoever is signed in."""
    signed_in = await request.app[SESSIONS].of(request)
    return await request.app[FORWARDER].forward(request, signed_in.actor)


async def get_start(request: web.Request) -> web.StreamResponse:
    """What stands behind this address, for somebody who opens it in a browser."""
    return web.Response(
        body=START_PAGE,
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        },
    )


def _view(signed_in: SignedIn) -> SessionView:
    actor = signed_in.actor
    return SessionView(
        user_id=actor.subject,
        name=actor.name,
        email=actor.email,
        admin=actor.admin,
        clients=actor.clients,
        login="oidc" if signed_in.login == "oidc" else "dev",
    )
