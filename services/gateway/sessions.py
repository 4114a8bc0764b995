"""Who is signed in: a random cookie whose hash is a row that can be revoked."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from aiohttp import web

from libs import telemetry
from libs.contracts.access import Actor, Role
from libs.postgres import Connection, Pool, transaction
from libs.problems import Forbidden, NotFound, Unauthenticated
from services.gateway import repository
from services.gateway.domain.access import Door
from services.gateway.repository import NewSession, SignedIn

COOKIE = "sid"
DEV = "dev"
OIDC = "oidc"
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
    """Of the people of one issuer: whoever another one knew is signed out by the change."""

    def __init__(
        self, pool: Pool, issuer: str, door: Door, life: timedelta, idle: timedelta
    ) -> None:
        self._pool = pool
        self._issuer = issuer
        self._door = door
        self._life = life
        self._idle = idle

    async def seed_dev_people(self) -> None:
        async with transaction(self._pool) as db:
            for actor, clients in dev_people():
                await repository.add_person(db, actor, DEV, clients)

    async def begin_dev(self, user_id: str) -> str:
        """Sign a person of the dev login in; return the token for the cookie. Raises NotFound."""
        if self._issuer != DEV:
            raise NotFound(
                "no_dev_login",
                "There is no dev login beside an identity provider: open /api/login in a browser.",
            )
        async with transaction(self._pool) as db:
            token = await self.begin(db, user_id)
            if token is None:
                known = ", ".join(user for user, _ in await repository.people(db, DEV))
                raise NotFound("unknown_user", f"Nobody has that id; the dev login knows: {known}.")
        return token

    async def begin(self, db: Connection, user_id: str) -> str | None:
        """Sign a person of this issuer in; the token for the cookie, None for a stranger."""
        now, token = datetime.now(UTC), secrets.token_urlsafe(32)
        await repository.forget_sessions(db, now - timedelta(days=30))
        login = DEV if self._issuer == DEV else OIDC
        session = NewSession(sha256(token), user_id, self._issuer, login, now, now + self._life)
        return token if await repository.add_session(db, session) else None

    async def of(self, request: web.Request) -> SignedIn:
        """Whoever sent `request`. Raises Unauthenticated, or Forbidden across sites."""
        self.guard(request)
        token = self.cookie(request, COOKIE)
        if not token:
            raise Unauthenticated("not_signed_in", f"Sign in first: {self._way_in}.")
        now, digest = datetime.now(UTC), sha256(token)
        async with transaction(self._pool) as db:
            found = await repository.signed_in(db, digest, self._issuer, now, self._idle)
            if found is None:
                raise Unauthenticated(
                    "session_ended", f"The session has ended: sign in again: {self._way_in}."
                )
            if now - found.seen_at > TOUCH_EVERY:
                await repository.touch_session(db, digest, now)
        telemetry.bind(actor=found.actor.subject)
        return found

    async def end(self, request: web.Request) -> None:
        if token := self.cookie(request, COOKIE):
            async with transaction(self._pool) as db:
                await repository.revoke_session(db, sha256(token), datetime.now(UTC))

    @property
    def _way_in(self) -> str:
        return "POST /api/session" if self._issuer == DEV else "GET /api/login, in a browser"

    def guard(self, request: web.Request) -> None:
        """Raise Forbidden for what a foreign page made a browser send."""
        if not self._door.is_own_host(request.host):
            where = self._door.origin or "localhost and 127.0.0.1 only"
            raise Forbidden("foreign_host", f"AI QC answers to {where}.")
        headers = request.headers
        if self._door.is_cross_site(
            request.method, headers.get("Sec-Fetch-Site"), headers.get("Origin"), request.host
        ):
            raise Forbidden("cross_site", "This request came from a page of another site.")

    def cookie(self, request: web.Request, name: str) -> str | None:
        return request.cookies.get(self._door.cookie_name(name))

    def set_cookie(
        self, response: web.Response, name: str, value: str, max_age_s: int | None = None
    ) -> None:
        """Out of reach of scripts and of other sites' forms, and sent over https where we are."""
        response.set_cookie(
            self._door.cookie_name(name),
            value,
            max_age=max_age_s,
            httponly=True,
            secure=self._door.is_secure,
            samesite="Lax",
            path="/",
        )

    def drop_cookie(self, response: web.Response, name: str) -> None:
        self.set_cookie(response, name, "", max_age_s=0)


def sha256(token: str) -> bytes:
    """What is kept of a secret that comes back."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()
