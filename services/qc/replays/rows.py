"""SQL about replays; what they are made of has a file of its own."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from libs.contracts.access import Actor
from libs.contracts.profiles import Profile
from libs.contracts.replays import ReplayState
from libs.postgres import Connection, Record

COLUMNS = """client_id, replay_id, state, user_id, user_name, user_email, request_id, source,
             profile, budget_usd, created_at, finished_at, lease"""


class ReplayRow(BaseModel):
    """One row of `replay`. `lease` is the token of whoever may drive it now."""

    client_id: str
    replay_id: UUID
    state: ReplayState
    user_id: str
    user_name: str
    user_email: str
    request_id: str
    source: Literal["version", "edit", "draft"]
    profile: Profile
    budget_usd: Decimal
    created_at: datetime
    finished_at: datetime | None = None
    lease: UUID | None = None

    @property
    def actor(self) -> Actor:
        """Whoever started it: its calls are theirs."""
        return Actor(subject=self.user_id, kind="user", name=self.user_name, email=self.user_email)


class LeaseLost(Exception):
    """Another process drives the replay now, or it has ended: write nothing more about it."""


async def add_replay(db: Connection, row: ReplayRow) -> None:
    await db.execute(
        """
        INSERT INTO replay (client_id, replay_id, user_id, user_name, user_email, request_id,
                            source, profile, budget_usd, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        row.client_id,
        row.replay_id,
        row.user_id,
        row.user_name,
        row.user_email,
        row.request_id,
        row.source,
        row.profile.model_dump(mode="json"),
        row.budget_usd,
        row.created_at,
    )


async def replay(db: Connection, replay_id: UUID, lock: bool = False) -> ReplayRow | None:
    """With `lock` nobody else changes it until the transaction ends."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM replay WHERE replay_id = $1 {'FOR UPDATE' if lock else ''}",
        replay_id,
    )
    return ReplayRow(**row) if row else None


async def replays(
    db: Connection, client_id: str | None, before: UUID | None, limit: int
) -> list[ReplayRow]:
    """The newest first, of one client or of all that the transaction sees."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM replay
         WHERE ($1::text IS NULL OR client_id = $1) AND ($2::uuid IS NULL OR replay_id < $2)
         ORDER BY replay_id DESC
         LIMIT $3
        """,
        client_id,
        before,
        limit,
    )
    return [ReplayRow(**row) for row in rows]


async def running(db: Connection, client_id: str) -> int:
    """Replays of the client that have not ended; nobody starts another until the end of this
    transaction.
    """
    await db.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('replays ' || $1, 0))", client_id
    )
    count: int = await db.fetchval(
        "SELECT count(*) FROM replay WHERE client_id = $1 AND finished_at IS NULL", client_id
    )
    return count


async def claim(db: Connection, lease: UUID, lease_for: timedelta) -> Record | None:
    """Take the replay that waits longest to be looked at; by the database's clock alone."""
    return await db.fetchrow(
        f"""
        UPDATE replay SET lease = $1, lease_until = clock_timestamp() + $2::interval
         WHERE (client_id, replay_id) = (
               SELECT client_id, replay_id FROM replay
                WHERE state IN ('running', 'cancelling') AND lease_until < clock_timestamp()
                ORDER BY lease_until
                LIMIT 1
                  FOR UPDATE SKIP LOCKED)
        RETURNING {COLUMNS}
        """,
        lease,
        lease_for,
    )


async def look_again(db: Connection, row: ReplayRow, after: timedelta) -> None:
    """Let go of the replay; somebody looks at it again after so long."""
    await db.execute(
        """
        UPDATE replay SET lease = NULL, lease_until = clock_timestamp() + $4::interval
         WHERE client_id = $1 AND replay_id = $2 AND lease = $3
        """,
        row.client_id,
        row.replay_id,
        row.lease,
        after,
    )


async def hold(db: Connection, row: ReplayRow) -> ReplayRow:
    """Lock the replay for this transaction, as it is now. Raises LeaseLost."""
    now = await replay(db, row.replay_id, lock=True)
    if now is None or now.lease != row.lease or now.finished_at:
        raise LeaseLost(str(row.replay_id))
    return now


async def set_state(db: Connection, row: ReplayRow, state: ReplayState, at: datetime) -> None:
    await db.execute(
        """
        UPDATE replay
           SET state = $3::text,
               finished_at = CASE WHEN $3::text IN ('done', 'cancelled') THEN $4::timestamptz END
         WHERE client_id = $1 AND replay_id = $2
        """,
        row.client_id,
        row.replay_id,
        state,
        at,
    )
