"""The few pages for people who open the gateway's address in a browser."""

from html import escape
from pathlib import Path

from aiohttp import web

from libs.problems import Problem
from services.gateway.repository import SignedIn

START_PAGE = (Path(__file__).parent / "web" / "start.html").read_text()
WHO = "<!-- who -->"
SIGN_IN = '<p><a href="/api/login">Sign in</a></p>'
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def start_page(who: str = "") -> web.Response:
    """What stands behind this address; `who` is HTML about whoever looks at it."""
    return _page(START_PAGE.replace(WHO, who), 200)


def about(signed_in: SignedIn) -> str:
    """Who is signed in and with which roles; somebody without one is told what to do."""
    actor = signed_in.actor
    who = f"<p>You are signed in as <b>{escape(actor.name)}</b>"
    if actor.admin:
        return f"{who}, an admin.</p>"
    if actor.clients:
        roles = ", ".join(
            f"{escape(client)} ({role.value})" for client, role in sorted(actor.clients.items())
        )
        return f"{who}: {roles}.</p>"
    return (
        f"{who}, and have no brand client yet: ask an admin for access. "
        f"Your id at the identity provider is <code>{escape(signed_in.subject)}</code>.</p>"
    )


def failed_page(problem: Problem) -> web.Response:
    """A sign-in that did not work, for a person who has followed a redirect to here."""
    head, _, _ = START_PAGE.partition("<h1>")
    text = f"<h1>You are not signed in</h1>\n<p>{escape(problem.detail)}</p>\n"
    return _page(
        f"{head}{text}<p><a href='/api/login'>Sign in again</a></p>\n</html>", problem.status
    )


def _page(text: str, status: int) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS
    )
