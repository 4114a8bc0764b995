"""Every SQL statement of the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.contracts.access import Actor, Role
from libs.postgres import Connection


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever a session belongs to, as they are now: a role taken away is gone at once.

    `subject` is their id at the issuer, which only people who set things up need.
    """

    actor: Actor
    subject: str
    login: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    token_sha256: bytes
    user_id: str
    issuer: str
    login: str
    created_at: datetime
    expires_at: datetime


async def add_person(
    db: Connection, actor: Actor, issuer: str, clients: Mapping[str, Role]
) -> None:
    """Add a person with roles; somebody who is there already stays as they are."""
    added = await db.fetchval(
        """
        INSERT INTO person (user_id, issuer, subject, name, email, admin)
        VALUES ($1, $2, $1, $3, $4, $5)
        ON CONFLICT DO NOTHING
        RETURNING user_id
        """,
        actor.subject,
        issuer,
        actor.name,
        actor.email,
        actor.admin,
    )
    if added:
        await db.executemany(
            "INSERT INTO client_role (client_id, user_id, role) VALUES ($1, $2, $3)",
            [(client_id, actor.subject, role.value) for client_id, role in clients.items()],
        )


async def people(db: Connection, issuer: str) -> list[tuple[str, str]]:
    """(user id, name) of everybody that `issuer` knows."""
    rows = await db.fetch(
        "SELECT user_id, name FROM person WHERE issuer = $1 ORDER BY admin DESC, name", issuer
    )
    return [(row["user_id"], row["name"]) for row in rows]


async def add_session(db: Connection, session: NewSession) -> bool:
    """Sign a person of the issuer in; False when there is no such person."""
    added = await db.fetchval(
        """
        INSERT INTO session (token_sha256, user_id, login, created_at, seen_at, expires_at)
        SELECT $1, user_id, $4, $5, $5, $6 FROM person WHERE user_id = $2 AND issuer = $3
        RETURNING user_id
        """,
        session.token_sha256,
        session.user_id,
        session.issuer,
        session.login,
        session.created_at,
        session.expires_at,
    )
    return added is not None


async def signed_in(
    db: Connection, token_sha256: bytes, issuer: str, now: datetime, idle: timedelta
) -> SignedIn | None:
    row = await db.fetchrow(
        """
        SELECT p.user_id, p.subject, p.name, p.email, p.admin, s.login, s.seen_at,
               coalesce(
                   (SELECT jsonb_object_agg(r.client_id, r.role)
                      FROM client_role r WHERE r.user_id = p.user_id), '{}'::jsonb) AS clients
          FROM session s
          JOIN person p ON p.user_id = s.user_id
         WHERE s.token_sha256 = $1 AND p.issuer = $2 AND s.revoked_at IS NULL
           AND s.expires_at > $3 AND s.seen_at > $4
        """,
        token_sha256,
        issuer,
        now,
        now - idle,
    )
    if row is None:
        return None
    actor = Actor(
        subject=row["user_id"],
        kind="user",
        name=row["name"],
        email=row["email"],
        admin=row["admin"],
        clients=row["clients"],
    )
    return SignedIn(actor, row["subject"], row["login"], row["seen_at"])


async def touch_session(db: Connection, token_sha256: bytes, now: datetime) -> None:
    await db.execute("UPDATE session SET seen_at = $2 WHERE token_sha256 = $1", token_sha256, now)


async def revoke_session(db: Connection, token_sha256: bytes, now: datetime) -> None:
    await db.execute(
        "UPDATE session SET revoked_at = $2 WHERE token_sha256 = $1 AND revoked_at IS NULL",
        token_sha256,
        now,
    )


async def forget_sessions(db: Connection, before: datetime) -> None:
    """Delete sessions that ended before that instant."""
    await db.execute("DELETE FROM session WHERE expires_at < $1", before)
