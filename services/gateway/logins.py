"""Signing in at the identity provider, from the click to the session.

    browser ── /api/login ──► state, nonce, verifier kept; cookie with the state
            ◄─ redirect ───── to the provider, with the hashes of PKCE
            ── /api/login/callback?code&state ──► state used up, code redeemed, session begun

A sign-in belongs to the browser that began it, is used once, and is over after ten minutes.
"""

import hmac
import re
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import BaseModel, Field
from yarl import URL

from libs.ids import uuid7
from libs.postgres import Connection, Pool, transaction
from libs.problems import Forbidden, TooMany, Unauthenticated
from services.gateway import login_rows
from services.gateway.domain.access import local_path
from services.gateway.domain.identity import Identity, is_named_by_email, is_named_by_subject
from services.gateway.login_rows import OpenLogin
from services.gateway.oidc import OidcProvider
from services.gateway.sessions import Sessions, sha256

log = structlog.get_logger()

COOKIE = "login"
LIFE = timedelta(minutes=10)
MAX_OPEN = 20_000
_ERROR = re.compile(r"[a-z_]{1,64}")


class Callback(BaseModel):
    """What the provider sends the browser back with; it may add more."""

    state: str = Field(default="", max_length=500)
    code: str = Field(default="", max_length=4000)
    error: str = Field(default="", max_length=500)
    iss: str | None = Field(default=None, max_length=500)


class Logins:
    def __init__(
        self,
        pool: Pool,
        provider: OidcProvider,
        sessions: Sessions,
        issuer: str,
        admins: Collection[str],
    ) -> None:
        self._pool = pool
        self._provider = provider
        self._sessions = sessions
        self._issuer = issuer
        self._admins = admins

    async def begin(self, next_path: str) -> tuple[str, URL]:
        """The state for the browser's cookie, and where to send it. Raises TooMany."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url = await self._provider.authorize_url(state, nonce, verifier)
        now = datetime.now(UTC)
        login = OpenLogin(nonce, verifier, local_path(next_path))
        async with transaction(self._pool) as db:
            await login_rows.forget_logins(db, now)
            if not await login_rows.add_login(db, sha256(state), login, now + LIFE, MAX_OPEN):
                raise TooMany("too_many_logins", "Too many people are signing in just now.", 60)
        return state, url

    async def finish(self, callback: Callback, cookie: str | None) -> tuple[str, str]:
        """The session's token, and the path to go on to. Raises a Problem for everything odd."""
        login = await self._take(callback.state, cookie)
        if callback.iss not in (None, self._issuer):
            raise Forbidden("foreign_issuer", "This answer is another identity provider's.")
        if callback.error or not callback.code:
            error = callback.error if _ERROR.fullmatch(callback.error) else "no code"
            log.warning("the identity provider did not sign somebody in", error=error)
            raise Forbidden(
                "sign_in_refused", f"The identity provider did not sign you in ({error})."
            )
        now = datetime.now(UTC)
        identity = await self._provider.identity(
            callback.code, login.code_verifier, login.nonce, now
        )
        async with transaction(self._pool) as db:
            user_id = await login_rows.put_person(db, str(uuid7()), identity)
            await self._make_first_admin(db, user_id, identity)
            token = await self._sessions.begin(db, user_id)
        if token is None:
            raise Unauthenticated("unknown_user", "This account is not known here.")
        log.info("signed in", user=user_id)
        return token, login.next_path

    async def _take(self, state: str, cookie: str | None) -> OpenLogin:
        """Use the sign-in up. Raises Forbidden for one of another browser, or of the past."""
        same = cookie is not None and hmac.compare_digest(
            state.encode(errors="surrogateescape"), cookie.encode(errors="surrogateescape")
        )
        login = None
        if same and state:
            async with transaction(self._pool) as db:
                login = await login_rows.take_login(db, sha256(state), datetime.now(UTC))
        if login is None:
            raise Forbidden(
                "unknown_login",
                "This sign-in was not begun in this browser, was used already, or took more than "
                "ten minutes: begin again at /api/login.",
            )
        return login

    async def _make_first_admin(self, db: Connection, user_id: str, identity: Identity) -> None:
        """GATEWAY_ADMINS by subject always holds; by e-mail only while nobody is an admin.

        A subject is one person for ever. An address passes to somebody else one day, and must
        not make an admin of them then.
        """
        by_subject = is_named_by_subject(identity, self._admins)
        if not by_subject and not is_named_by_email(identity, self._admins):
            return
        if await login_rows.make_admin(db, user_id, identity.issuer, only_first=not by_subject):
            log.warning("made an admin, as GATEWAY_ADMINS says", user=user_id)
