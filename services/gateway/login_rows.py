"""SQL of signing in at an identity provider: sign-ins under way, and who comes of them."""

from dataclasses import dataclass, field
from datetime import datetime

from libs.postgres import Connection
from services.gateway.domain.identity import Identity


@dataclass(frozen=True, slots=True)
class OpenLogin:
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    next_path: str


async def add_login(
    db: Connection, state_sha256: bytes, login: OpenLogin, expires_at: datetime, max_open: int
) -> bool:
    """False when so many are under way that somebody is making them up."""
    added = await db.fetchval(
        """
        INSERT INTO login (state_sha256, nonce, code_verifier, next_path, expires_at)
        SELECT $1, $2, $3, $4, $5
         WHERE (SELECT count(*) FROM (SELECT FROM login LIMIT $6) AS open) < $6
        RETURNING true
        """,
        state_sha256,
        login.nonce,
        login.code_verifier,
        login.next_path,
        expires_at,
        max_open,
    )
    return added is not None


async def take_login(db: Connection, state_sha256: bytes, now: datetime) -> OpenLogin | None:
    """Delete a sign-in that is under way and give it: of two at once, one gets it."""
    row = await db.fetchrow(
        """
        DELETE FROM login WHERE state_sha256 = $1 AND expires_at > $2
        RETURNING nonce, code_verifier, next_path
        """,
        state_sha256,
        now,
    )
    return OpenLogin(row["nonce"], row["code_verifier"], row["next_path"]) if row else None


async def forget_logins(db: Connection, before: datetime) -> None:
    await db.execute("DELETE FROM login WHERE expires_at <= $1", before)


async def put_person(db: Connection, new_user_id: str, identity: Identity) -> str:
    """The user id of that issuer's subject; name and e-mail become what they are now."""
    user_id: str = await db.fetchval(
        """
        INSERT INTO person (user_id, issuer, subject, name, email)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (issuer, subject) DO UPDATE SET name = excluded.name, email = excluded.email
        RETURNING user_id
        """,
        new_user_id,
        identity.issuer,
        identity.subject,
        identity.name,
        identity.email,
    )
    return user_id


async def make_admin(db: Connection, user_id: str, issuer: str, only_first: bool) -> bool:
    """False when they are one already, or when they may only be the first and are not."""
    made = await db.fetchval(
        """
        UPDATE person SET admin = true
         WHERE user_id = $1 AND NOT admin
           AND NOT ($3 AND EXISTS (SELECT FROM person WHERE issuer = $2 AND admin))
        RETURNING user_id
        """,
        user_id,
        issuer,
        only_first,
    )
    return made is not None
