"""Campaigns in a real database. A test names only what it is about."""

from typing import Any

from libs.contracts.campaigns import CampaignFile
from libs.contracts.profiles import Resolved
from libs.ids import uuid7
from libs.postgres import Pool, transaction
from services.qc.campaigns import cells, rows
from services.qc.campaigns.rows import CampaignRow
from tests.qc.factories import NOON, profile


def campaign_row(**fields: Any) -> CampaignRow:
    resolved = Resolved(client_id="diageo", binding="floating", profile=profile())
    known: dict[str, Any] = {
        "client_id": "diageo",
        "campaign_id": uuid7(),
        "name": "Summer",
        "state": "open",
        "user_id": "uma",
        "user_name": "Uma",
        "user_email": "uma@agency.example",
        "request_id": "request-1",
        "profiles": [resolved],
        "wishes": {},
        "can_wait": False,
        "webhook_url": None,
        "created_at": NOON,
    }
    return CampaignRow.model_validate(known | fields)


async def stored(pool: Pool, files: int = 2, **fields: Any) -> CampaignRow:
    """A campaign with files `1.png` and so on; running when `state` says so."""
    row = campaign_row(**fields)
    async with transaction(pool, [row.client_id]) as db:
        await rows.add_campaign(db, row)
        names = [f"{number}.png" for number in range(1, files + 1)]
        told = [CampaignFile(name=name, sha256="ab" * 32, bytes=10) for name in names]
        await rows.add_files(db, row, 0, told)
        if row.state != "open":
            await cells.add_cells(db, row)
            await rows.set_state(db, row, row.state, NOON)
    return row
