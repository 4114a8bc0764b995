"""Who is signed in: a random cookie whose hash is a row that can be revoked."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from aiohttp import web

from libs import telemetry
from libs.contracts.access import Actor, Role
from libs.postgres import Pool, transaction
from libs.problems import Forbidden, NotFound, Unauthenticated
from services.gateway import repository
from services.gateway.domain.access import is_cross_site, is_own_host
from services.gateway.repository import SignedIn

COOKIE = "sid"
DEV = "dev"
TOUCH_EVERY = timedelta(minutes=1)


def dev_people() -> list[tuple[Actor, dict[str, Role]]]:
    """The people of the dev login: one admin, and one of each role below."""
    return [
        (_person("admin", "Ada Admin", admin=True), {}),
        (_person("editor", "Eli Editor"), {"diageo": Role.EDITOR, "general": Role.EDITOR}),
        (_person("reviewer", "Rui Reviewer"), {"unilever": Role.REVIEWER}),
        (_person("viewer", "Vera Viewer"), {"loreal": Role.VIEWER}),
    ]


def _person(user_id: str, name: str, admin: bool = False) -> Actor:
    return Actor(
        subject=user_id, kind="user", name=name, email=f"{user_id}@dev.invalid", admin=admin
    )


class Sessions:
    def __init__(self, pool: Pool, life: timedelta, idle: timedelta) -> None:
        self._pool = pool
        self._life = life
        self._idle = idle

    async def seed_dev_people(self) -> None:
        async with transaction(self._pool) as db:
            for actor, clients in dev_people():
                await repository.add_person(db, actor, DEV, clients)

    async def begin(self, user_id: str, issuer: str) -> str:
        """Sign a known person in; return the token for the cookie. Raises NotFound."""
        now, token = datetime.now(UTC), secrets.token_urlsafe(32)
        async with transaction(self._pool) as db:
            await repository.forget_sessions(db, now - timedelta(days=30))
            if not await repository.add_session(
                db, _sha256(token), user_id, issuer, now, self._life
            ):
                known = ", ".join(user for user, _ in await repository.people(db, issuer))
                raise NotFound("unknown_user", f"Nobody has that id; the dev login knows: {known}.")
        return token

    async def of(self, request: web.Request) -> SignedIn:
        """Whoever sent `request`. Raises Unauthenticated, or Forbidden across sites."""
        guard(request)
        token = request.cookies.get(COOKIE)
        if not token:
            raise Unauthenticated("not_signed_in", "Sign in first: POST /api/session.")
        now, digest = datetime.now(UTC), _sha256(token)
        async with transaction(self._pool) as db:
            found = await repository.signed_in(db, digest, now, self._idle)
            if found is None:
                raise Unauthenticated("session_ended", "The session has ended: sign in again.")
            if now - found.seen_at > TOUCH_EVERY:
                await repository.touch_session(db, digest, now)
        telemetry.bind(actor=found.actor.subject)
        return found

    async def end(self, request: web.Request) -> None:
        if token := request.cookies.get(COOKIE):
            async with transaction(self._pool) as db:
                await repository.revoke_session(db, _sha256(token), datetime.now(UTC))


def guard(request: web.Request) -> None:
    """Raise Forbidden for what a foreign page made a browser send."""
    if not is_own_host(request.host):
        raise Forbidden("foreign_host", "The dev login answers to localhost and 127.0.0.1 only.")
    headers = request.headers
    if is_cross_site(
        request.method, headers.get("Sec-Fetch-Site"), headers.get("Origin"), request.host
    ):
        raise Forbidden("cross_site", "This request came from a page of another site.")


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()
