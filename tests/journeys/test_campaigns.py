"""A campaign through the gateway: many files, several profiles, to the matrix."""

import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from aiohttp import ClientSession, CookieJar
from PIL import Image

from libs.api.campaigns import CampaignsApi
from libs.contracts.campaigns import CampaignEvent, CampaignOrder, Matrix
from tests.house import House

PROFILES = ["diageo_key_visual", "general_key_visual"]


@asynccontextmanager
async def signed_in(house: House, user: str = "admin") -> AsyncIterator[CampaignsApi]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        api = CampaignsApi(session, house.url("gateway"))
        await api.sign_in(user)
        yield api


def picture(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (300, 200), colour).save(path)
    return path


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def png(colour: str) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (320, 200), colour).save(target, "PNG")
    return target.getvalue()


async def followed(api: CampaignsApi, campaign_id: UUID) -> list[CampaignEvent]:
    return [event async for event in api.campaign_events(campaign_id)]


def verdicts(matrix: Matrix) -> dict[str, list[str]]:
    return {row.file: [cell.verdict or cell.state for cell in row.cells] for row in matrix.rows}


async def test_files_and_an_archive_against_two_profiles_become_a_matrix(
    house_without_keys: House, tmp_path: Path
) -> None:
    async with signed_in(house_without_keys) as api:
        campaign = await api.make_campaign(CampaignOrder(client="diageo", profiles=PROFILES))
        await api.add_campaign_file(campaign.campaign_id, picture(tmp_path / "a.png"), "de/a.png")
        files = {"fr__b.png": png("blue"), "fr__broken.png": b"no picture", "notes.txt": b"x"}
        added = await api.add_campaign_archive(
            campaign.campaign_id, zipped(tmp_path / "x.zip", **files)
        )
        await api.start_campaign(campaign.campaign_id)
        events = await followed(api, campaign.campaign_id)
        matrix = await api.campaign_matrix(campaign.campaign_id)

    assert [one.name for one in added.left_out] == ["notes.txt"]
    assert (added.files, matrix.campaign.state) == (3, "done")
    print(verdicts(matrix), matrix.campaign)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
