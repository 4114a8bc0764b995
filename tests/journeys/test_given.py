"""A creative checked against what its client gave: from the upload to the result."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from libs.api.material import MaterialApi
from libs.contracts.brand import BrandData
from libs.problems import NotFound, Problem
from tests.house import House
from tests.journeys.following import by_id
from tests.journeys.material import check, new_profile, picture, plan


@pytest.fixture
async def house(house_without_keys: House) -> House:
    return house_without_keys


@pytest.fixture
async def api(house: House) -> AsyncIterator[MaterialApi]:
    async with house.signed_in() as api:
        yield api


async def test_from_plan_and_logo_to_the_result(api: MaterialApi, tmp_path: Path) -> None:
    profile = await new_profile(api)
    first = await api.add_asset(picture(tmp_path / "Red crest.png"), "diageo", "logo")
    again = await api.add_asset(tmp_path / "Red crest.png", "diageo", "logo", "red  Crest")
    second = await api.add_asset(
        picture(tmp_path / "new.png", colour="maroon"), "diageo", "logo", "Red crest", "print,web"
    )
    rows = [("Story", "Meta", "DE", "108x192", "PNG", "1 MB"), ("Feed", "Meta", "DE", "1080×")]
    file = plan(tmp_path / "Summer.xlsx", *rows)
    kept = await api.add_plan(file, "diageo", skip_bad_rows=True)
    await api.activate_plan(kept.plan_id)
    await api.set_brand("diageo", BrandData(words=("Smirnoff",)))

    creative = picture(tmp_path / "story.png")
    analysis = await check(api, creative, profile, placement="story", market="DE")

    assert (first.name, first.version, second.version) == ("Red crest", 1, 2)
    assert (again.name, again.version, again.asset_id) == ("Red crest", 1, first.asset_id)
    assert [(p.name, p.market) for p in kept.placements] == [("Story", "de")]
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
