"""What a campaign would cost, told before it is made: near the ledger, and for nothing."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from libs.api.campaigns import CampaignsApi
from libs.contracts.campaigns import Campaign, CampaignOrder
from libs.contracts.estimates import CampaignEstimate
from libs.problems import BadRequest, Conflict, Forbidden, Invalid, NotFound, Problem, TooLarge
from tests.fake_providers import FakeProviders
from tests.house import House, open_house
from tests.journeys.campaigning import PROFILE, pictures, png, png_file, to_the_end, zip_of
from tests.journeys.following import entries_of
from tests.journeys.replaying import CHECKS, made

WITHIN = Decimal("0.15")
NAMED: dict[str, object] = {
    "mood": {
        "kind": "judged",
        "title": "Mood",
        "models": ["openai/gpt-5.1"],
        "prompt": "Does the picture look cheerful?",
    },
    "image_resolution": CHECKS["image_resolution"],
}


def order(*profiles: str, **fields: object) -> CampaignOrder:
    known = {"client": "diageo", "profiles": profiles or [PROFILE]}
    return CampaignOrder.model_validate(known | fields)


def written(folder: Path, files: dict[str, bytes]) -> list[tuple[str, Path]]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return [(name, folder / name) for name in files]


def tree(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


async def run(
    api: CampaignsApi, wanted: CampaignOrder, files: list[tuple[str, Path]], archive: Path | None
) -> Campaign:
    campaign = await api.make_campaign(wanted)
    for name, file in files:
        await api.add_campaign_file(campaign.campaign_id, file, name)
    if archive:
        await api.add_campaign_archive(campaign.campaign_id, archive)
    await api.start_campaign(campaign.campaign_id)
    await to_the_end(api, campaign.campaign_id)
    return await api.campaign(campaign.campaign_id)


async def in_ledger(house: House, api: CampaignsApi, campaign: Campaign) -> Decimal:
    matrix = await api.campaign_matrix(campaign.campaign_id)
    ids = [cell.analysis_id for row in matrix.rows for cell in row.cells]
    entries = [entry for id in ids if id for entry in await entries_of(house, id)]
    return sum((entry.cost_usd or Decimal(0) for entry in entries), Decimal(0))


async def test_estimate_of_a_campaign_agrees_with_the_ledger_afterwards(
    house: House, fake: FakeProviders, tmp_path: Path
) -> None:
    learned = written(tmp_path / "learned", {f"old/{n}": c for n, c in pictures(4).items()})
    new = {f"new{n}": png("blue", 400 + 40 * n) for n in range(9)}
    files = written(tmp_path, {f"de/{n}.png": c for n, c in list(new.items())[:6]})
    archive = zip_of(tmp_path / "m.zip", {f"fr/{n}.png": c for n, c in list(new.items())[6:]})
    async with house.signed_in() as api:
        named = await made(api, name="Named", checks=NAMED)
        await run(api, order(PROFILE, named), learned, None)
        before = (len(fake.calls), await api.campaigns(), tree(tmp_path))
        wanted, offered = order(PROFILE, named, can_wait=True), [*files, ("m.zip", archive)]
        expected = await api.estimate_campaign(wanted, offered)
        hurried = await api.estimate_campaign(order(PROFILE, named), offered)
        assert (len(fake.calls), await api.campaigns(), tree(tmp_path)) == before
        campaign = await run(api, wanted, files, archive)
        cost = await in_ledger(house, api, campaign)
        again = await api.estimate_campaign(order(PROFILE, named), files)

    assert cost == campaign.cost_usd and cost > 0
    assert expected.cost_usd and abs(expected.cost_usd / cost - 1) < WITHIN
    _assert_sums(expected)
    assert [file.file for file in expected.files] == [
        *(name for name, _ in files),
        *(f"fr/{name}.png" for name in list(new)[6:]),
    ]
    assert all(profile.learned_from for profile in expected.profiles)
    assert hurried.waiting_usd == expected.waiting_usd == expected.cost_usd
    assert hurried.cost_usd and hurried.cost_usd > expected.cost_usd
    assert again.cost_usd == again.asked == expected.answered == 0
    assert again.answered == sum(one.judged for one in again.profiles) * len(again.files)
    assert all(cell.earlier for file in again.files for cell in file.cells)


def _assert_sums(found: CampaignEstimate) -> None:
    of_files = [file.cost_usd or Decimal(0) for file in found.files]
    of_profiles = [profile.cost_usd or Decimal(0) for profile in found.profiles]
    assert sum(of_files) == sum(of_profiles) == found.cost_usd
    for file in found.files:
        assert sum(cell.cost_usd or Decimal(0) for cell in file.cells) == file.cost_usd


async def test_what_cannot_be_read_is_named_and_hinders_nothing_else(
    house: House, fake: FakeProviders, tmp_path: Path
) -> None:
    files = written(tmp_path, {"a.png": png(), "x/broken.png": b"no picture", "empty.png": b""})
    archive = zip_of(tmp_path / "m.zip", {"b.png": png("blue"), ".hidden": b"x", "c.png": b"none"})
    async with house.signed_in() as api:
        found = await api.estimate_campaign(order(), [*files, ("m.zip", archive)])

    assert [file.file for file in found.files] == ["a.png", "b.png"]
    assert {(one.file, one.code) for one in found.unreadable} == {
        ("x/broken.png", "unknown_type"),
        ("c.png", "unknown_type"),
        ("empty.png", "empty_file"),
    }
    reasons = [one.reason for one in found.unreadable if one.code == "unknown_type"]
    assert all("looks like a text file" in reason for reason in reasons)
    assert [(one.name, one.why) for one in found.left_out] == [(".hidden", "hidden")]
    assert found.cost_usd and found.cost_usd > 0 and fake.calls == []


async def test_without_a_key_it_costs_nothing_and_says_why(
    house_without_keys: House, tmp_path: Path
) -> None:
    async with house_without_keys.signed_in() as api:
        found = await api.estimate_campaign(order(), written(tmp_path, {"a.png": png()}))

    [profile] = found.profiles
    assert found.cost_usd == found.asked == 0
    assert len(profile.not_asked) == profile.judged > 0
    assert all("no provider" in why for why in profile.not_asked.values())


async def test_estimate_refuses_what_a_campaign_refuses(house: House, tmp_path: Path) -> None:
    file = png_file(tmp_path / "a.png")
    bad = zip_of(tmp_path / "bad.zip", {"../../a.png": png()})
    none = zip_of(tmp_path / "no.zip", {})
    async with house.signed_in() as api:
        refused: list[tuple[CampaignOrder, list[tuple[str, Path]], type[Problem], str]] = [
            (order("no_such"), [("a.png", file)], NotFound, "no_such"),
            (order(PROFILE, PROFILE), [("a.png", file)], Invalid, "named twice"),
            (order(placement="Story"), [("a.png", file)], Invalid, "no active media plan"),
            (order(webhook="http://10.0.0.1/"), [("a.png", file)], Invalid, "may not go"),
            (order(), [], Invalid, "field `file`"),
            (order(), [("bad.zip", bad)], Invalid, "leads out of its folder"),
            (order(), [("no.zip", none)], Invalid, "no creative in the archive"),
            (order(), [("../a.png", file)], Invalid, "leads out of its folder"),
            (order(), [("a.png", file), ("a.png", bad_copy(file))], Conflict, "rename one"),
        ]
        for wanted, files, problem, words in refused:
            with pytest.raises(problem, match=words):
                await api.estimate_campaign(wanted, files)
    async with house.signed_in("viewer") as viewer:
        with pytest.raises((Forbidden, NotFound)):
            await viewer.estimate_campaign(order(), [("a.png", file)])
    async with house.signed_in("reviewer") as stranger:
        with pytest.raises(NotFound):
            await stranger.estimate_campaign(order(client="loreal"), [("a.png", file)])


def bad_copy(file: Path) -> Path:
    copy = Path(shutil.copy(file, file.with_name("copy.png")))
    copy.write_bytes(png("blue"))
    return copy


async def test_too_many_files_are_the_same_problem_as_in_a_campaign(
    dsns: Any, trust: Any, tmp_path: Path
) -> None:
    files = written(tmp_path, pictures(3))
    archive = zip_of(tmp_path / "m.zip", pictures(3))
    more = zip_of(tmp_path / "more.zip", {f"x{name}": c for name, c in pictures(2).items()})
    limits: dict[str, Any] = {"campaign_files": 2, "max_upload_bytes": 1 << 20}
    async with (
        open_house(dsns, trust, tmp_path / "house", **limits) as house,
        house.signed_in() as api,
    ):
        for offered in (files, [("m.zip", archive)], [*files[:1], ("more.zip", more)]):
            with pytest.raises(TooLarge) as raised:
                await api.estimate_campaign(order(), offered)
            assert raised.value.code == "too_many_files"
        large = written(tmp_path, {"large.png": png() + bytes(1 << 20)})
        found = await api.estimate_campaign(order(), [*files[:1], *large])

    assert [(one.file, one.code) for one in found.unreadable] == [("large.png", "file_too_large")]
    assert not list((tmp_path / "house").rglob("upload-*")), "nothing is left behind"


async def test_body_that_is_no_order_is_refused_in_words(house: House, tmp_path: Path) -> None:
    async with house.signed_in() as api:
        for given, problem, words in (
            ("", BadRequest, "field `order`"),
            ("{", BadRequest, "field `order`"),
            ("[]", Invalid, "body"),
            (json.dumps({"client": "diageo"}), Invalid, "profiles"),
            (json.dumps({"client": "diageo", "profiles": ["a"], "x": 1}), Invalid, "x: Extra"),
        ):
            form = FormData({"order": given})
            form.add_field("file", png(), filename="a.png")
            with pytest.raises(problem, match=words):
                await api._send("/api/campaigns/estimate", form, CampaignEstimate)
