"""Reference assets and media plans through the gateway: kept, found, archived, guarded."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image

from libs.api.material import MaterialApi
from libs.contracts.brand import BrandData
from libs.problems import Conflict, Forbidden, Invalid, NotFound, Problem, Unsupported
from tests.house import House
from tests.journeys.material import picture, plan
from tests.qc.drawn_files import film


@pytest.fixture
async def house(house_without_keys: House) -> House:
    return house_without_keys


@pytest.fixture
async def api(house: House) -> AsyncIterator[MaterialApi]:
    async with house.signed_in() as api:
        yield api


async def test_file_of_each_version_is_a_safe_download(
    house: House, api: MaterialApi, tmp_path: Path
) -> None:
    file = picture(tmp_path / "Crème “1”.png")
    old = file.read_bytes()
    logo = await api.add_asset(file, "diageo", "logo", "Crest")
    await api.add_asset(picture(file, colour="red"), "diageo", "logo", "Crest")

    assert await api.asset_file(logo.asset_id, 1) == old
    assert await api.asset_file(logo.asset_id) == file.read_bytes() != old
    listed = await api.asset_versions(logo.asset_id)
    assert (listed.current, [one.version for one in listed.versions]) == (2, [2, 1])
    with pytest.raises(NotFound, match="1 to 2"):
        await api.asset_file(logo.asset_id, 3)
    url = api._url / f"api/reference-assets/{logo.asset_id}/file"
    async with api._session.get(url) as response:
        headers = response.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''Cr%C3%A8me")
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_video_is_a_reference_and_no_logo(api: MaterialApi, tmp_path: Path) -> None:
    file = film(tmp_path / "Spot.mp4", [Image.new("RGB", (64, 64), "navy")] * 5)

    with pytest.raises(Invalid, match="upload a picture"):
        await api.add_asset(file, "diageo", "logo", "Spot")
    assert (await api.add_asset(file, "diageo", "reference", "Spot")).version == 1


async def test_plan_with_a_wrong_row_is_not_kept_unless_the_row_is_to_be_skipped(
    api: MaterialApi, tmp_path: Path
) -> None:
    rows = [("Story", "Meta", "DE", "108x192", "PNG", "1 MB"), ("Feed", "Meta", "DE", "1080×")]
    file = plan(tmp_path / "Summer.xlsx", *rows)

    with pytest.raises(Invalid) as refused:
        await api.add_plan(file, "diageo")
    nothing = await api.plans("diageo")
    kept = await api.add_plan(file, "diageo", skip_bad_rows=True)

    assert "row 5, column Size: “1080×” is not a size like 1080x1920" in refused.value.detail
    assert nothing.media_plans == []
    assert [row.row for row in kept.left_out] == [5]
    assert (kept.name, kept.placement_count, kept.active) == ("Summer", 1, False)


async def test_plan_is_downloaded_as_it_came_and_archived(api: MaterialApi, tmp_path: Path) -> None:
    file = plan(tmp_path / "Summer.xlsx", ("Story", "Meta", "DE", "108x192"))
    first = await api.add_plan(file, "diageo")
    again = await api.add_plan(file, "diageo")
    await api.activate_plan(first.plan_id)

    assert again.plan_id == first.plan_id
    assert await api.plan_file(first.plan_id) == file.read_bytes()
    archived = await api.archive_plan(first.plan_id)
    assert (archived.active, archived.archived_at is not None) == (False, True)
    with pytest.raises(Conflict):
        await api.activate_plan(first.plan_id)
    told = await api.plans("diageo")
    assert told.media_plans == []
    assert [line.plan_id for line in told.activations] == [None, first.plan_id]


async def test_plans_and_activations_at_once_leave_dense_versions_and_one_active_plan(
    api: MaterialApi, tmp_path: Path
) -> None:
    files = [
        plan(tmp_path / f"{n}.xlsx", (f"Story {n}", "Meta", "DE", "108x192")) for n in range(4)
    ]

    kept = await asyncio.gather(*(api.add_plan(file, "diageo", "Summer") for file in files))
    await asyncio.gather(*(api.activate_plan(one.plan_id) for one in kept))

    assert sorted(one.version for one in kept) == [1, 2, 3, 4]
    told = await api.plans("diageo")
    assert [one.plan_id for one in told.media_plans if one.active] == [told.activations[0].plan_id]
    assert len(told.activations) == 4


async def test_tags_and_filters(api: MaterialApi, tmp_path: Path) -> None:
    file = picture(tmp_path / "bottle.png")
    bottle = await api.add_asset(file, "diageo", "product", tags="Pack, web")
    await api.add_asset(file, "diageo", "brand_asset", "Seal")

    await api.tag_asset(bottle.asset_id, ["print"])

    async def names(**filters: str) -> set[str]:
        return {one.name for one in await api.assets("diageo", **filters)}

    assert bottle.tags == ["pack", "web"]
    assert await names() == {"bottle", "Seal"}
    assert await names(kind="product") == await names(tag="print") == {"bottle"}
    assert await names(name="sea") == {"Seal"}
    assert await names(archived="true") == await names(tag="web") == set()


@pytest.mark.parametrize(
    ("name", "content", "kind", "code"),
    [
        ("plan.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Invalid, "no_plan"),
        ("plan.xlsx", b"PK\x03\x04", Invalid, "damaged_workbook"),
        ("plan.csv", b"Dear all,\nno plan today", Invalid, "no_plan_header"),
        ("plan.csv", b"", Invalid, "empty_file"),
    ],
)
async def test_file_that_is_no_plan_is_refused_in_words(
    api: MaterialApi, tmp_path: Path, name: str, content: bytes, kind: type[Problem], code: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(kind) as refused:
        await api.add_plan(file, "diageo")

    assert refused.value.code == code


async def test_asset_that_is_no_picture_or_of_no_kind_is_refused(
    api: MaterialApi, tmp_path: Path
) -> None:
    text = tmp_path / "logo.png"
    text.write_text("Dear team, please find attached")

    with pytest.raises(Unsupported):
        await api.add_asset(text, "diageo", "logo")
    with pytest.raises(Invalid, match="logo, reference, brand_asset, product"):
        await api.add_asset(picture(tmp_path / "a.png"), "diageo", "mascot")
    with pytest.raises(Invalid, match="Tags"):
        await api.add_asset(picture(tmp_path / "a.png"), "diageo", "logo", tags="two words")
    with pytest.raises(NotFound):
        await api.add_asset(picture(tmp_path / "a.png"), "nobody", "logo")
    assert await api.assets("diageo") == []


async def test_what_is_foreign_looks_absent_and_a_viewer_only_looks(
    house: House, api: MaterialApi, tmp_path: Path
) -> None:
    logo = await api.add_asset(picture(tmp_path / "a.png"), "loreal", "logo")
    file = plan(tmp_path / "a.xlsx", ("Story", "Meta", "DE", "108x192"))
    kept = await api.add_plan(file, "loreal")
    async with house.signed_in("editor") as editor:
        stranger = await refusals(editor, logo.asset_id, kept.plan_id)
        with pytest.raises(NotFound):
            await editor.assets("loreal")
    async with house.signed_in("viewer") as viewer:
        onlooker = await refusals(viewer, logo.asset_id, kept.plan_id)
        listed = await viewer.assets("loreal")

    assert [one.asset_id for one in listed] == [logo.asset_id]
    assert stranger == [NotFound] * 5
    assert onlooker == [Forbidden] * 5


async def refusals(api: MaterialApi, asset_id: UUID, plan_id: UUID) -> list[type[object]]:
    calls = [
        api.archive_asset(asset_id),
        api.tag_asset(asset_id, ["a"]),
        api.activate_plan(plan_id),
        api.archive_plan(plan_id),
        api.set_brand("loreal", BrandData()),
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return [type(answer) for answer in answers]


async def test_old_way_of_keeping_a_logo_still_works(house: House, tmp_path: Path) -> None:
    async with house.signed_in() as api:
        asset = await api.add_logo(picture(tmp_path / "logo.png"), "diageo")
        async with api._session.get(
            api._url / "api/reference-assets", params={"client": "diageo"}
        ) as response:
            wire = json.loads(await response.read())

    assert (asset.kind, asset.name) == ("logo", "logo")
    old = {"asset_id", "client_id", "kind", "name", "sha256", "created_at"}
    assert old <= wire["reference_assets"][0].keys()
