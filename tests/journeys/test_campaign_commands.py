"""`aiqc campaign`: what a person types, and what it prints."""

import io
import json
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from deploy.database import Dsns
from libs.problems import Conflict, Invalid
from services.qc.campaigns.commands import CampaignCommands, Wanted
from services.qc.campaigns.following import print_table
from tests.house import House, open_house
from tests.journeys.campaigning import PROFILE, filled, pictures, png, png_file, zip_of
from tests.trust import Trust

NOTED = pytest.CaptureFixture[str]


def commands(house: House) -> tuple[CampaignCommands, Console]:
    screen = Console(width=200, record=True, force_terminal=False)
    return CampaignCommands(house.signed_in, screen, Console(stderr=True)), screen


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "creatives"
    png_file(folder / "de" / "a.png")
    png_file(folder / "fr" / "a.png", "blue")
    (folder / "notes.txt").write_text("no creative")
    zip_of(tmp_path / "more.zip", {"it/a.png": png("green"), "it/x.png": b"broken"})
    return folder


async def test_folder_and_archive_are_run_to_a_matrix(
    house_without_keys: House, folder: Path, tmp_path: Path, capsys: NOTED
) -> None:
    campaign, screen = commands(house_without_keys)
    table = tmp_path / "matrix.csv"

    code = await campaign.run(
        [folder, tmp_path / "more.zip"],
        client="diageo",
        profile=[f"{PROFILE},general_key_visual"],
        wanted=Wanted(name="Summer", output=table),
    )
    shown = screen.export_text()
    noted = capsys.readouterr().err

    assert code == 3, "one file is no picture"
    for name in ("de/a.png", "fr/a.png", "it/a.png", "it/x.png", "general_key_visual"):
        assert name in shown, shown
    assert "done: 4 files × 2 profiles: 6 incomplete, 2 could not run; cost $0.00" in shown
    assert "it/x.png: This looks like a text file" in shown
    assert "Skipped 1 file" in noted and f"Wrote {table}." in noted
    assert table.read_text("utf-8-sig").count("\n") == 5


def test_table_in_a_pipe_is_wide_and_in_a_terminal_as_wide_as_that() -> None:
    name = "godot__godotcon_brussels_banner_2018_" * 3
    for is_terminal in (False, True):
        console = Console(file=io.StringIO(), width=80, force_terminal=is_terminal, record=True)
        table = Table("file", "cost")
        table.add_row(name, "$0.1")
        print_table(table, console)
        assert (name in console.export_text()) is not is_terminal


async def test_estimate_tells_the_cost_and_makes_no_campaign(
    house: House, folder: Path, tmp_path: Path, capsys: NOTED
) -> None:
    assert house.fake
    campaign, screen = commands(house)
    sources, profiles = [folder, tmp_path / "more.zip"], [PROFILE, "general_key_visual"]
    wanted = Wanted(estimate=True)
    code = await campaign.run(sources, client="diageo", profile=profiles, wanted=wanted)
    shown = screen.export_text()
    wanted = Wanted(estimate=True, json=True, can_wait=True)
    assert await campaign.run([folder], client="diageo", profile=profiles, wanted=wanted) == 0
    printed = capsys.readouterr().out
    told = json.loads(printed[printed.index("\n{\n") : printed.rindex("\n}") + 2])
    assert await campaign.list() == 0

    assert code == 3, "one file cannot be read"
    assert "about $0." in shown and "for 3 files × 2 profiles" in shown
    for name in ("de/a.png", "fr/a.png", "it/a.png", "all", "by rule of thumb", "0 answered"):
        assert name in shown, shown
    assert "cannot be read: it/x.png: This looks like a text file" in shown
    assert [file["file"] for file in told["files"]] == ["de/a.png", "fr/a.png"]
    assert told["can_wait"] and Decimal(told["cost_usd"]) == Decimal(told["waiting_usd"]) > 0
    assert "There are no campaigns" in capsys.readouterr().out
    assert house.fake.calls == []


async def test_file_that_is_refused_is_told_and_shows_in_the_exit_code(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, capsys: NOTED
) -> None:
    folder = tmp_path / "creatives"
    png_file(folder / "a.png")
    (folder / "large.png").write_bytes(png() + bytes(1 << 20))
    async with open_house(dsns, trust, tmp_path, max_upload_bytes=1 << 20) as house:
        campaign, screen = commands(house)
        code = await campaign.run([folder], client="diageo", profile=[PROFILE])

    assert code == 3
    assert "not taken: large.png: A file may have at most 1 MB" in capsys.readouterr().err
    assert "done: 1 file × 1 profile: 1 incomplete" in screen.export_text()


async def test_campaign_in_which_nothing_failed_is_not_retried(
    house_without_keys: House, tmp_path: Path
) -> None:
    campaign, _ = commands(house_without_keys)
    async with house_without_keys.signed_in() as api:
        one = await filled(api, tmp_path, {"a.png": png()}, name="Whole")

    assert await campaign.resume("whole") == 2
    with pytest.raises(Conflict, match="nothing to retry"):
        await campaign.retry(str(one.campaign_id))


async def test_what_broke_off_is_resumed_and_only_what_lacks_is_sent(
    house_without_keys: House, folder: Path, capsys: NOTED
) -> None:
    campaign, screen = commands(house_without_keys)
    async with house_without_keys.signed_in() as api:
        one = await filled(api, folder, {"de/a.png": png()}, name="Autumn")
        await campaign.show("autumn")

        code = await campaign.resume("Autumn", [folder])
        files = await api.campaign_files(one.campaign_id)

    assert code == 2
    assert [file.name for file in files] == ["de/a.png", "fr/a.png"]
    assert "open: 1 file × 1 profile" in screen.export_text()
    with pytest.raises(Invalid, match="aiqc campaign list"):
        await campaign.show("Winter")


async def test_many_are_listed_cancelled_and_told_as_json(
    house_without_keys: House, tmp_path: Path, capsys: NOTED
) -> None:
    campaign, screen = commands(house_without_keys)
    async with house_without_keys.signed_in() as api:
        one = await filled(api, tmp_path, pictures(2), name="[red]Odd\x1b[2J")
    await campaign.list()
    shown = screen.export_text()
    await campaign.cancel(str(one.campaign_id))
    cancelled = capsys.readouterr().out
    await campaign.list(client="diageo", json=True)
    told = capsys.readouterr().out.splitlines()[-1]
    await campaign.show(str(one.campaign_id), json=True)

    assert "[red]Odd" in shown and "\x1b" not in shown
    assert "cancelled: 2 files × 1 profile" in cancelled
    assert [listed["state"] for listed in json.loads(told)] == ["cancelled"]


async def test_table_that_cannot_be_written_is_told_before_anything_runs(
    house_without_keys: House, folder: Path
) -> None:
    campaign, _ = commands(house_without_keys)

    for name in ("matrix.txt", "matrix", "no/such/folder/matrix.csv"):
        wanted = Wanted(output=Path(name))
        with pytest.raises(Invalid, match=r"must end in|no folder"):
            await campaign.run([folder], client="diageo", profile=[PROFILE], wanted=wanted)
    async with house_without_keys.signed_in() as api:
        assert await api.campaigns() == []


async def test_broken_archive_is_told_and_the_campaign_stays_open(
    house_without_keys: House, tmp_path: Path
) -> None:
    campaign, _ = commands(house_without_keys)
    path = zip_of(tmp_path / "bad.zip", {"../a.png": png()})
    assert zipfile.is_zipfile(path)

    with pytest.raises(Invalid, match="leads out of its folder"):
        await campaign.run([path], client="diageo", profile=[PROFILE])
    async with house_without_keys.signed_in() as api:
        assert [one.state for one in await api.campaigns()] == ["open"]
