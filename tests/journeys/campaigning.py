"""What the journeys of campaigns do again and again."""

import asyncio
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from PIL import Image

from libs.api.campaigns import CampaignsApi
from libs.contracts.campaigns import Campaign, CampaignEvent, CampaignOrder, Matrix

PROFILE = "diageo_key_visual"


def png(colour: str = "red", width: int = 320, height: int = 200) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, "PNG")
    return target.getvalue()


def png_file(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(colour))
    return path


def zip_of(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def pictures(count: int) -> dict[str, bytes]:
    """Each another content."""
    return {f"{number:02}.png": png("red", 320 + number) for number in range(count)}


async def filled(
    api: CampaignsApi, folder: Path, files: Mapping[str, bytes], **order: object
) -> Campaign:
    """A campaign with these files, not started."""
    wanted = {"client": "diageo", "profiles": [PROFILE]} | order
    campaign = await api.make_campaign(CampaignOrder.model_validate(wanted))
    await api.add_campaign_archive(campaign.campaign_id, zip_of(folder / "files.zip", files))
    return campaign


async def to_the_end(api: CampaignsApi, campaign_id: UUID) -> tuple[Matrix, list[CampaignEvent]]:
    """Follow it, and wait until the ledger has told the cost."""
    async with asyncio.timeout(200):
        events = [event async for event in api.campaign_events(campaign_id)]
        while (await api.campaign(campaign_id)).cost_usd is None:
            await asyncio.sleep(0.2)
    return await api.campaign_matrix(campaign_id), events


def verdicts(matrix: Matrix) -> dict[str, list[str]]:
    """By file, of each profile the verdict, or what became of the cell instead."""
    return {row.file: [cell.verdict or cell.state for cell in row.cells] for row in matrix.rows}
