"""SQL about replays; what they are made of has a file of its own."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from libs.contracts.profiles import Profile
from libs.contracts.replays import ReplayState
from libs.postgres import Connection
from services.qc.driven import Driven, DrivenRow

COLUMNS = """client_id, replay_id, state, user_id, user_name, user_email, request_id, source,
             profile, budget_usd, created_at, finished_at, lease"""


class ReplayRow(DrivenRow):
    """One row of `replay`."""

    replay_id: UUID
    state: ReplayState
    source: Literal["version", "edit", "draft"]
    profile: Profile
    budget_usd: Decimal

    @property
    def key(self) -> UUID:
        return self.replay_id


REPLAYS = Driven("replay", COLUMNS, ReplayRow)


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
