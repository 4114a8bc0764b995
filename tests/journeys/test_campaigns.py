"""Campaigns through the gateway: many files, several profiles, to the matrix."""

import asyncio
import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from deploy.database import Dsns
from libs.contracts.campaigns import CampaignOrder
from libs.problems import Conflict, Invalid, Unsupported
from tests.fake_providers import FakeProviders, Scripted
from tests.house import House, open_house
from tests.journeys.campaigning import (
    PROFILE,
    filled,
    pictures,
    png,
    png_file,
    to_the_end,
    verdicts,
    zip_of,
)
from tests.journeys.following import entries_of
from tests.trust import Trust

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORMULA = "=cmd|' C calc'!A0.png"


async def test_files_and_an_archive_against_two_profiles_become_a_matrix(
    house_without_keys: House, tmp_path: Path
) -> None:
    files = {"fr/b.png": png("blue"), "fr/broken.png": b"no picture", "notes.txt": b"x"}
    profiles = [PROFILE, "general_key_visual"]
    async with house_without_keys.signed_in() as api:
        campaign = await api.make_campaign(CampaignOrder(client="diageo", profiles=profiles))
        one = campaign.campaign_id
        await api.add_campaign_file(one, png_file(tmp_path / "a.png"), "de/a.png")
        added = await api.add_campaign_archive(one, zip_of(tmp_path / "x.zip", files))
        await api.start_campaign(one)
        matrix, events = await to_the_end(api, one)
        analysis = await api.analysis(matrix.rows[0].cells[0].analysis_id or one)
        again = [event async for event in api.campaign_events(one, after=events[-3].seq)]
        [listed] = await api.campaigns("diageo")

    assert [(out.name, out.why) for out in added.left_out] == [
        ("notes.txt", "no creative by its name")
    ]
    assert verdicts(matrix) == {
        "de/a.png": ["incomplete", "incomplete"],
        "fr/b.png": ["incomplete", "incomplete"],
        "fr/broken.png": ["failed", "failed"],
    }
    broken = matrix.rows[2].cells[0]
    assert (broken.code, broken.tries, broken.analysis_id) == ("unknown_type", 0, None)
    assert "image_resolution" in matrix.rows[0].cells[0].failed_checks
    assert (listed.state, listed.cells.ended, listed.cells.could_not_run) == ("done", 6, 2)
    assert (analysis.creative.file_name, analysis.profile_id) == ("a.png", PROFILE)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[0].kind, events[-1].kind, events[-1].done) == ("started", "finished", 6)
    assert sorted(event.done for event in events if event.kind == "cell_ended") == [*range(1, 7)]
    assert again == events[-2:], "a listener that comes back misses nothing and hears nothing twice"


async def test_what_is_sent_again_is_there_once(house_without_keys: House, tmp_path: Path) -> None:
    file, other = png_file(tmp_path / "a.png"), png_file(tmp_path / "b.png", "blue")
    async with house_without_keys.signed_in() as api:
        campaign = await filled(api, tmp_path, {"a.png": png()})
        one = campaign.campaign_id
        known = await api.add_campaign_file(one, file, "a.png")
        with pytest.raises(Conflict, match=r"another file 'a\.png'"):
            await api.add_campaign_file(one, other, "a.png")
        with pytest.raises(Invalid, match="leads out of its folder"):
            await api.add_campaign_file(one, file, "../a.png")
        with pytest.raises(Unsupported, match="archive"):
            await api.add_campaign_file(one, tmp_path / "files.zip", "x.png")
        await asyncio.gather(*(api.add_campaign_file(one, other, f"{n % 3}.png") for n in range(9)))
        started = [await api.start_campaign(one) for _ in range(2)]
        with pytest.raises(Conflict, match="make a new one"):
            await api.add_campaign_file(one, other, "c.png")
        files = await api.campaign_files(one)

    assert (known.known, known.added, known.files) == (1, [], 1)
    assert [told.name for told in files] == ["0.png", "1.png", "2.png", "a.png"]
    assert [told.cells.total for told in started] == [4, 4]


async def test_hostile_archive_leaves_nothing_behind(
    house_without_keys: House, tmp_path: Path
) -> None:
    files = {"good.png": png(), "../../evil.png": png("blue")}
    async with house_without_keys.signed_in() as api:
        campaign = await api.make_campaign(CampaignOrder(client="diageo", profiles=[PROFILE]))
        with pytest.raises(Invalid, match="leads out of its folder"):
            await api.add_campaign_archive(campaign.campaign_id, zip_of(tmp_path / "x.zip", files))
        (tmp_path / "no.zip").write_bytes(png())
        with pytest.raises(Invalid, match="no ZIP"):
            await api.add_campaign_archive(campaign.campaign_id, tmp_path / "no.zip")
        assert await api.campaign_files(campaign.campaign_id) == []
        with pytest.raises(Conflict, match="no file yet"):
            await api.start_campaign(campaign.campaign_id)

    assert not list(tmp_path.parent.rglob("evil.png"))


async def test_cancelled_campaign_starts_nothing_more_and_can_be_taken_up(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders
) -> None:
    fake.answer_with(Scripted(delay_s=120.0, times=0))
    async with (
        open_house(dsns, trust, tmp_path, fake, campaign_in_flight=2) as house,
        house.signed_in() as api,
    ):
        campaign = await filled(api, tmp_path, pictures(6))
        one = campaign.campaign_id
        await api.start_campaign(one)
        async with asyncio.timeout(60):
            while not fake.calls:
                await asyncio.sleep(0.1)
        await api.cancel_campaign(one)
        assert (await api.cancel_campaign(one)).state in ("cancelling", "cancelled")
        cancelled, events = await to_the_end(api, one)
        fake.reset()
        assert await api.retry_campaign(one) == 6
        matrix, _ = await to_the_end(api, one)

    assert cancelled.campaign.state == "cancelled"
    assert events[-1].state == "cancelled"
    assert cancelled.campaign.cells.cancelled == 6, "also what was being asked"
    assert cancelled.campaign.unknown_calls > 0
    assert matrix.campaign.state == "done"
    assert matrix.campaign.cells.cancelled == 0 and matrix.campaign.cells.ended == 6


async def test_what_broke_is_run_again_and_the_cost_of_both_tries_is_told(
    house: House, fake: FakeProviders, tmp_path: Path
) -> None:
    fake.answer_with(Scripted(status=401, provider="google", times=0))
    fake.answer_with(Scripted(status=401, provider="openai", contains="minors", times=0))
    async with house.signed_in() as api:
        campaign = await filled(api, tmp_path, {"a.png": png(), "b.png": b"broken"})
        one = campaign.campaign_id
        await api.start_campaign(one)
        before, _ = await to_the_end(api, one)
        asked = len(fake.calls)
        fake.reset()
        retried = await api.retry_campaign(one)
        after, events = await to_the_end(api, one)
        assert 0 < len(fake.calls) < asked, "only what broke is asked again"
        assert await api.retry_campaign(one) == 1, "b.png is broken for ever"
        await to_the_end(api, one)
        ended = await filled(api, tmp_path, {"c.png": png()})
        await api.start_campaign(ended.campaign_id)
        await to_the_end(api, ended.campaign_id)
        with pytest.raises(Conflict, match="Nothing of the campaign failed"):
            await api.retry_campaign(ended.campaign_id)

    first, second = before.rows[0].cells[0], after.rows[0].cells[0]
    assert first.broken_checks and not second.broken_checks
    assert (retried, first.tries, second.tries) == (2, 1, 2)
    assert first.analysis_id and second.analysis_id and first.analysis_id != second.analysis_id
    entries = await entries_of(house, first.analysis_id)
    entries += await entries_of(house, second.analysis_id)
    total = sum(entry.cost_usd or 0 for entry in entries)
    assert after.campaign.cost_usd == second.cost_usd == total
    assert [event.kind for event in events].count("retried") == 1


async def test_tables_hold_text_and_numbers_and_no_formula(
    house_without_keys: House, tmp_path: Path
) -> None:
    async with house_without_keys.signed_in() as api:
        campaign = await filled(api, tmp_path, {FORMULA: png(), "b.png": b"@SUM(1)"}, name="=1+1")
        await api.start_campaign(campaign.campaign_id)
        await to_the_end(api, campaign.campaign_id)
        table = (await api.campaign_table(campaign.campaign_id, "csv")).decode("utf-8-sig")
        book = await api.campaign_table(campaign.campaign_id, "xlsx")

    lines = list(csv.DictReader(io.StringIO(table)))
    assert [line["File"] for line in lines] == [f"'{FORMULA}", "b.png"]
    assert [line["Verdict"] for line in lines] == ["incomplete", "could not run"]
    assert float(lines[0]["Score"]) < 100 and "image_resolution" in lines[0]["Failed Checks"]
    sheets = openpyxl.load_workbook(io.BytesIO(book))
    assert sheets.sheetnames == ["Matrix", "Results", "Findings"]
    assert sheets["Matrix"]["A2"].value == FORMULA
    assert sheets["Matrix"]["B3"].value == "could not run"
    assert {c.data_type for sheet in sheets for row in sheet.rows for c in row} <= {"s", "n"}
    assert any(row[2].value == "image_resolution" for row in sheets["Findings"].rows)
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())
