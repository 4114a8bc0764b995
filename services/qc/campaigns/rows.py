"""SQL about campaigns and their files; cells have a file of their own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from libs.contracts.campaigns import CampaignFile, CampaignState
from libs.contracts.profiles import Resolved
from libs.postgres import Connection
from services.qc.driven import Driven, DrivenRow

COLUMNS = """client_id, campaign_id, name, state, user_id, user_name, user_email, request_id,
             profiles, wishes, can_wait, webhook_url, created_at, started_at, finished_at, lease"""


class CampaignRow(DrivenRow):
    """One row of `campaign`."""

    campaign_id: UUID
    name: str
    state: CampaignState
    profiles: list[Resolved]
    wishes: dict[str, str]
    can_wait: bool
    webhook_url: str | None
    started_at: datetime | None = None

    @property
    def key(self) -> UUID:
        return self.campaign_id


CAMPAIGNS = Driven("campaign", COLUMNS, CampaignRow)


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
