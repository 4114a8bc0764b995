"""HTTP in, HTTP out: read the request, call one function, answer."""

from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, Field
from yarl import URL

from libs.contracts.access import DevLogin, SessionView
from libs.problems import NotFound, Problem, Unauthenticated
from services.gateway import logins, pages
from services.gateway.forward import Forwarder
from services.gateway.logins import Callback, Logins
from services.gateway.repository import SignedIn
from services.gateway.sessions import COOKIE, Sessions

SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions")
LOGINS: web.AppKey[Logins | None] = web.AppKey("logins")
FORWARDER: web.AppKey[Forwarder] = web.AppKey("forwarder")


class LoginQuery(BaseModel):
    """`next` is the path to come back to; what is no path of this site means `/`."""

    next: str = Field(default="/", max_length=2000)


async def post_session(request: web.Request, body: DevLogin) -> web.Response:
    """Sign in with the dev login, which exists on loopback only; sets the session cookie."""
    sessions = request.app[SESSIONS]
    sessions.guard(request)
    token = await sessions.begin_dev(body.user)
    response = web.Response(status=HTTPStatus.NO_CONTENT)
    sessions.set_cookie(response, COOKIE, token)
    return response


async def get_session(request: web.Request) -> SessionView:
    """Who is signed in, and what they may do."""
    return _view(await request.app[SESSIONS].of(request))


async def delete_session(request: web.Request) -> web.Response:
    """Sign out; the session ends on the server too."""
    sessions = request.app[SESSIONS]
    sessions.guard(request)
    await sessions.end(request)
    response = web.Response(status=HTTPStatus.NO_CONTENT)
    sessions.drop_cookie(response, COOKIE)
    return response


async def get_login(request: web.Request, query: LoginQuery) -> web.Response:
    """Send the browser to the identity provider, to come back signed in."""
    sessions = request.app[SESSIONS]
    sessions.guard(request)
    state, url = await _logins(request).begin(query.next)
    response = _redirect(url)
    sessions.set_cookie(response, logins.COOKIE, state, int(logins.LIFE.total_seconds()))
    return response


async def get_login_callback(request: web.Request, query: Callback) -> web.Response:
    """Where the identity provider sends the browser back to; sets the session cookie."""
    sessions = request.app[SESSIONS]
    sessions.guard(request)
    try:
        cookie = sessions.cookie(request, logins.COOKIE)
        token, next_path = await _logins(request).finish(query, cookie)
        await sessions.end(request)
    except Problem as problem:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return pages.failed_page(problem)
    response = _redirect(URL(next_path, encoded=True))
    sessions.set_cookie(response, COOKIE, token)
    sessions.drop_cookie(response, logins.COOKIE)
    return response


async def forward(request: web.Request) -> web.StreamResponse:
    """Pass the request on to the service that owns the path, as whoever is signed in."""
    signed_in = await request.app[SESSIONS].of(request)
    return await request.app[FORWARDER].forward(request, signed_in.actor)


async def get_start(request: web.Request) -> web.StreamResponse:
    """What stands behind this address, for somebody who opens it in a browser."""
    if request.app[LOGINS] is None:
        return pages.start_page()
    try:
        return pages.start_page(pages.about(await request.app[SESSIONS].of(request)))
    except Unauthenticated:
        return pages.start_page(pages.SIGN_IN)


def _logins(request: web.Request) -> Logins:
    found = request.app[LOGINS]
    if found is None:
        raise NotFound(
            "no_identity_provider", "No identity provider is set up: use POST /api/session."
        )
    return found


def _redirect(url: URL) -> web.Response:
    headers = {
        "Location": str(url),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(status=HTTPStatus.FOUND, headers=headers)


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
