"""What a client gives once: assets, plans, brand data, and a creative checked against them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import xlsxwriter
from PIL import Image

from libs.api.material import MaterialApi
from libs.contracts.brand import BrandData
from libs.contracts.profiles import Created
from libs.contracts.qc import Analysis
from libs.problems import Conflict, Forbidden, Invalid, NotFound, Problem, Unsupported
from tests.house import House
from tests.journeys.following import by_id, ended

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


@pytest.fixture
async def house(house_without_keys: House) -> House:
    return house_without_keys


@pytest.fixture
async def api(house: House) -> AsyncIterator[MaterialApi]:
    async with house.signed_in() as api:
        yield api


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


async def test_from_plan_and_logo_to_the_result(api: MaterialApi, tmp_path: Path) -> None:
    profile = await new_profile(api)
    first = await api.add_asset(picture(tmp_path / "Red crest.png"), "diageo", "logo")
    again = await api.add_asset(tmp_path / "Red crest.png", "diageo", "logo", "red  Crest")
    second = await api.add_asset(
        picture(tmp_path / "new.png", colour="maroon"), "diageo", "logo", "Red crest", "print,web"
    )
    rows = [("Story", "Meta", "DE", "108x192", "PNG", "1 MB"), ("Feed", "Meta", "DE", "1080×")]
    file = plan(tmp_path / "Summer.xlsx", *rows)
    with pytest.raises(Invalid) as refused:
        await api.add_plan(file, "diageo")
    nothing = await api.plans("diageo")
    kept = await api.add_plan(file, "diageo", skip_bad_rows=True)
    await api.activate_plan(kept.plan_id)
    await api.set_brand("diageo", BrandData(words=("Smirnoff",)))

    creative = picture(tmp_path / "story.png")
    analysis = await check(api, creative, profile, placement="story", market="DE")

    assert (first.name, first.version, second.version) == ("Red crest", 1, 2)
    assert (again.name, again.version, again.asset_id) == ("Red crest", 1, first.asset_id)
    assert second.tags == ["print", "web"]
    assert "row 5, column Size: “1080×” is not a size like 1080x1920" in refused.value.detail
    assert nothing.media_plans == []
    assert [(p.name, p.market) for p in kept.placements] == [("Story", "de")]
    assert [row.row for row in kept.left_out] == [5]
    fit = by_id(analysis)["format"]
    assert (fit.state, fit.measurements["fits"]) == ("passed", ["Story"])
    given = analysis.given
    assert (given.placement, given.market, given.plan) == ("Story", "de", "Summer, version 1")
    assert given.brand_version == 1
    assert [(a.name, a.version) for a in given.assets] == [("Red crest", 2)]
    used = await api.asset_used_by(second.asset_id)
    assert [(use.analysis_id, use.version) for use in used.analyses] == [(analysis.analysis_id, 2)]
    assert "logo" in {use.check_id for use in used.checks}


async def test_creative_that_fits_nothing_is_told_the_nearest(
    api: MaterialApi, tmp_path: Path
) -> None:
    profile = await new_profile(api)
    rows = [("Story", "Meta", "", "108x192", "JPG"), ("Banner", "Display", "", "300x250")]
    kept = await api.add_plan(plan(tmp_path / "a.xlsx", *rows), "diageo")
    creative = picture(tmp_path / "a.png", (108, 193))

    before = by_id(await check(api, creative, profile))["format"]
    await api.activate_plan(kept.plan_id)
    after = by_id(await check(api, creative, profile))["format"]

    assert (before.state, before.score) == ("missing_input", None)
    assert (after.state, after.measurements["nearest"]) == ("failed", "Story")
    assert {finding.rule for finding in after.findings} == {"108 x 192 px", "JPEG"}


@pytest.mark.parametrize(
    ("given", "code", "word"),
    [
        ({"placement": "Stroy"}, "unknown_placement", "Did you mean “Story”?"),
        ({"placement": "Story", "market": "fr"}, "unknown_placement", "“de”"),
        ({"market": "Germany"}, "bad_market", "de or us-ca"),
        ({"reference": "KV"}, "unknown_reference", "upload one"),
        ({"previous": "7"}, "unknown_previous", "previous"),
        ({"previous": str(uuid4())}, "unknown_previous", "previous"),
    ],
)
async def test_what_the_upload_names_and_does_not_exist_is_told_at_once(
    api: MaterialApi, tmp_path: Path, given: dict[str, str], code: str, word: str
) -> None:
    profile = await new_profile(api)
    kept = await api.add_plan(
        plan(tmp_path / "a.xlsx", ("Story", "Meta", "DE", "108x192")), "diageo"
    )
    await api.activate_plan(kept.plan_id)

    with pytest.raises(Problem) as refused:
        await api.analyse(picture(tmp_path / "a.png"), "diageo", profile, given)

    assert refused.value.code == code
    assert word in refused.value.detail


async def test_reference_and_previous_version_reach_the_checks(
    api: MaterialApi, tmp_path: Path
) -> None:
    profile = await new_profile(
        api, reference_comparison={"kind": "exact"}, version_comparison={"kind": "exact"}
    )
    creative = picture(tmp_path / "kv.png", (640, 640))
    for name in ("Approved", "Other"):
        colour = "navy" if name == "Approved" else "maroon"
        file = picture(tmp_path / f"{name}.png", (640, 640), colour)
        await api.add_asset(file, "diageo", "reference")

    unnamed = await check(api, creative, profile)
    named = await check(
        api, creative, profile, reference="approved", previous=str(unnamed.analysis_id)
    )

    states = {check_id: result.state for check_id, result in by_id(unnamed).items()}
    assert states["reference_comparison"] == "missing_input"
    assert by_id(named)["reference_comparison"].state == "passed"
    assert by_id(named)["version_comparison"].state != "missing_input"
    assert (named.given.reference, named.given.previous) == ("Approved", unnamed.analysis_id)
    assert [asset.name for asset in named.given.assets] == ["Approved"]


async def test_previous_version_of_another_client_is_unknown(
    api: MaterialApi, tmp_path: Path
) -> None:
    creative = picture(tmp_path / "kv.png")
    foreign = await api.analyse(creative, "loreal", "general_key_visual")

    with pytest.raises(NotFound):
        await api.analyse(creative, "diageo", "general_key_visual", {"previous": str(foreign)})


async def test_archived_asset_is_not_used_and_comes_back(api: MaterialApi, tmp_path: Path) -> None:
    profile = await new_profile(api)
    logo = await api.add_asset(picture(tmp_path / "logo.png"), "diageo", "logo")
    creative = picture(tmp_path / "kv.png")

    await api.archive_asset(logo.asset_id)
    without = await check(api, creative, profile)
    await api.archive_asset(logo.asset_id, undo=True)
    with_it = await check(api, creative, profile)

    assert without.given.assets == []
    assert [asset.asset_id for asset in with_it.given.assets] == [logo.asset_id]


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
