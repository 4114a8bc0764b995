"""A client's pictures and plans, drawn for the journeys, and a creative checked against them."""

from pathlib import Path

import xlsxwriter
from PIL import Image

from libs.api.material import MaterialApi
from libs.contracts.profiles import Created
from libs.contracts.qc import Analysis
from tests.journeys.following import ended

PROFILE = {
    "name": "Plan fit",
    "visibility": "client_specific",
    "visible_to_clients": ["diageo"],
    "checks": {
        "format": {"kind": "exact", "measure": "media_plan_format"},
        "logo": {"kind": "exact", "measure": "logo_visibility"},
        "file_weight": {"kind": "exact"},
    },
}


def picture(path: Path, size: tuple[int, int] = (108, 192), colour: str = "navy") -> Path:
    image = Image.new("RGB", size, colour)
    image.paste("white", (10, 10, 40, 50))
    image.save(path)
    return path


def plan(path: Path, *rows: tuple[object, ...]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Plan")
    header = ("Placement", "Channel", "Market", "Size", "File type", "Max weight")
    for at, row in enumerate((("Summer 2026",), (), header, *rows)):
        sheet.write_row(at, 0, row)
    book.close()
    return path


async def new_profile(api: MaterialApi, **checks: object) -> str:
    body = PROFILE | ({"checks": checks} if checks else {})
    async with api._session.post(api._url / "api/profiles", json=body) as response:
        return Created.model_validate_json(await response.read()).profile_id


async def check(api: MaterialApi, file: Path, profile: str, **given: str) -> Analysis:
    analysis_id = await api.analyse(file, "diageo", profile, given)
    return await ended(api, analysis_id)
