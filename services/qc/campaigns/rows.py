"""SQL about campaigns and their files; cells have a file of their own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from libs.contracts.access import Actor
from libs.contracts.campaigns import CampaignFile, CampaignState
from libs.contracts.profiles import Resolved
from libs.postgres import Connection, Record

COLUMNS = """client_id, campaign_id, name, state, user_id, user_name, user_email, request_id,
             profiles, wishes, can_wait, webhook_url, created_at, started_at, finished_at, lease"""


class CampaignRow(BaseModel):
    """One row of `campaign`. `lease` is the token of whoever may drive it now."""

    client_id: str
    campaign_id: UUID
    name: str
    state: CampaignState
    user_id: str
    user_name: str
    user_email: str
    request_id: str
    profiles: list[Resolved]
    wishes: dict[str, str]
    can_wait: bool
    webhook_url: str | None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lease: UUID | None = None

    @property
    def actor(self) -> Actor:
        """Whoever made the campaign: its analyses are theirs."""
        return Actor(subject=self.user_id, kind="user", name=self.user_name, email=self.user_email)


class LeaseLost(Exception):
    """Another process drives the campaign now, or it has ended: write nothing more about it."""


async def add_campaign(db: Connection, row: CampaignRow) -> None:
    await db.execute(
        """
        INSERT INTO campaign (client_id, campaign_id, name, user_id, user_name, user_email,
                              request_id, profiles, wishes, can_wait, webhook_url, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        row.client_id,
        row.campaign_id,
        row.name,
        row.user_id,
        row.user_name,
        row.user_email,
        row.request_id,
        [resolved.model_dump(mode="json") for resolved in row.profiles],
        row.wishes,
        row.can_wait,
        row.webhook_url,
        row.created_at,
    )


async def campaign(db: Connection, campaign_id: UUID, lock: bool = False) -> CampaignRow | None:
    """With `lock` nobody else changes it until the transaction ends."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM campaign WHERE campaign_id = $1 {'FOR UPDATE' if lock else ''}",
        campaign_id,
    )
    return CampaignRow(**row) if row else None


async def campaigns(
    db: Connection, client_id: str | None, before: UUID | None, limit: int
) -> list[CampaignRow]:
    """The newest first, of one client or of all that the transaction sees."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM campaign
         WHERE ($1::text IS NULL OR client_id = $1) AND ($2::uuid IS NULL OR campaign_id < $2)
         ORDER BY campaign_id DESC
         LIMIT $3
        """,
        client_id,
        before,
        limit,
    )
    return [CampaignRow(**row) for row in rows]


async def claim(db: Connection, lease: UUID, lease_for: timedelta) -> Record | None:
    """Take the campaign that waits longest to be looked at; by the database's clock alone."""
    return await db.fetchrow(
        f"""
        UPDATE campaign SET lease = $1, lease_until = clock_timestamp() + $2::interval
         WHERE (client_id, campaign_id) = (
               SELECT client_id, campaign_id FROM campaign
                WHERE state IN ('running', 'cancelling') AND lease_until < clock_timestamp()
                ORDER BY lease_until
                LIMIT 1
                  FOR UPDATE SKIP LOCKED)
        RETURNING {COLUMNS}
        """,
        lease,
        lease_for,
    )


async def look_again(db: Connection, row: CampaignRow, after: timedelta) -> None:
    """Let go of the campaign; somebody looks at it again after so long."""
    await db.execute(
        """
        UPDATE campaign SET lease = NULL, lease_until = clock_timestamp() + $4::interval
         WHERE client_id = $1 AND campaign_id = $2 AND lease = $3
        """,
        row.client_id,
        row.campaign_id,
        row.lease,
        after,
    )


async def hold(db: Connection, row: CampaignRow) -> CampaignRow:
    """Lock the campaign for this transaction, as it is now. Raises LeaseLost."""
    now = await campaign(db, row.campaign_id, lock=True)
    if now is None or now.lease != row.lease or now.state not in ("running", "cancelling"):
        raise LeaseLost(str(row.campaign_id))
    return now


async def set_state(db: Connection, row: CampaignRow, state: CampaignState, at: datetime) -> None:
    """`at` is when it was started, or when it ended."""
    await db.execute(
        """
        UPDATE campaign
           SET state = $3::text,
               started_at = CASE WHEN $3::text = 'running' AND started_at IS NULL
                                 THEN $4::timestamptz ELSE started_at END,
               finished_at = CASE WHEN $3::text IN ('done', 'cancelled') THEN $4::timestamptz END
         WHERE client_id = $1 AND campaign_id = $2
        """,
        row.client_id,
        row.campaign_id,
        state,
        at,
    )


async def files(db: Connection, row: CampaignRow) -> list[CampaignFile]:
    """The files in the order of their names."""
    return list((await numbered_files(db, row)).values())


async def numbered_files(db: Connection, row: CampaignRow) -> dict[int, CampaignFile]:
    """The files by their number, in the order of their names."""
    rows = await db.fetch(
        """
        SELECT file_no, name, sha256, bytes FROM campaign_file
         WHERE client_id = $1 AND campaign_id = $2
         ORDER BY name
        """,
        row.client_id,
        row.campaign_id,
    )
    return {one["file_no"]: CampaignFile.model_validate(dict(one)) for one in rows}


async def add_files(
    db: Connection, row: CampaignRow, after: int, files: Sequence[CampaignFile]
) -> None:
    """Number the files after the `after` that are there."""
    await db.executemany(
        """
        INSERT INTO campaign_file (client_id, campaign_id, file_no, name, sha256, bytes)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [
            (row.client_id, row.campaign_id, number, file.name, file.sha256, file.bytes)
            for number, file in enumerate(files, after + 1)
        ],
    )
