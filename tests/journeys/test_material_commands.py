"""`aiqc assets`, `plan` and `brand`: what a person types, and what it prints."""

import json
import re
from pathlib import Path

import pytest

from libs.problems import Conflict, Invalid, NotFound
from services.profiles.brand_commands import BrandCommands
from services.qc.material_commands import AssetCommands, PlanCommands
from tests.house import House
from tests.journeys.material import picture, plan

Printed = pytest.CaptureFixture[str]
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


def printed(capsys: Printed) -> list[str]:
    """Lines of the command; the services of the same process log to the same place."""
    return [line for line in capsys.readouterr().out.splitlines() if not LOGGED.match(line)]


async def test_assets_are_added_listed_and_archived_by_name(
    house_without_keys: House, tmp_path: Path, capsys: Printed
) -> None:
    assets = AssetCommands(house_without_keys.signed_in)
    await assets.add(picture(tmp_path / "Red crest.png"), client="diageo", tags="print")
    await assets.add(picture(tmp_path / "b.png"), client="diageo", kind="product", name="Bottle")
    capsys.readouterr()

    await assets.list(client="diageo", tag="print")
    table = "\n".join(printed(capsys))
    await assets.archive("red CREST", client="diageo")
    await assets.list(client="diageo", json=True)
    archived, listed = printed(capsys)

    assert "Red crest" in table and "Bottle" not in table and "108 x 192" in table
    assert archived == "logo “Red crest” is archived"
    assert [asset["name"] for asset in json.loads(listed)] == ["Bottle"]
    with pytest.raises(NotFound, match="Did you mean “Bottle”"):
        await assets.archive("Botle", client="diageo")


async def test_asset_of_two_kinds_needs_the_kind(house_without_keys: House, tmp_path: Path) -> None:
    assets = AssetCommands(house_without_keys.signed_in)
    for kind in ("logo", "product"):
        await assets.add(picture(tmp_path / "x.png"), client="diageo", kind=kind)

    with pytest.raises(Conflict, match="--kind"):
        await assets.archive("x", client="diageo")
    assert await assets.archive("x", client="diageo", kind="logo") == 0


async def test_plans_are_added_with_what_was_left_out_and_activated_by_name(
    house_without_keys: House, tmp_path: Path, capsys: Printed
) -> None:
    plans = PlanCommands(house_without_keys.signed_in)
    rows = [("Story", "Meta", "DE", "108x192"), ("Feed", "Meta", "DE", "1080×"), ("Total",)]
    file = plan(tmp_path / "Summer.xlsx", *rows)

    with pytest.raises(Invalid, match="row 5, column Size"):
        await plans.add(file, client="diageo")
    await plans.add(file, client="diageo", skip_bad_rows=True)
    await plans.activate("summer", client="diageo")
    added = printed(capsys)
    await plans.list("Summer", client="diageo")
    placements = "\n".join(printed(capsys))

    assert added == [
        "kept “Summer”, version 1: 1 placement",
        "  left out: row 5, column Size: “1080×” is not a size like 1080x1920",
        "  no placement: row 6: “Total” is a total",
        "“Summer”, version 1, is the active plan: 1 placement",
    ]
    assert "Story" in placements and "108 x 192" in placements and "de" in placements
    with pytest.raises(NotFound, match="Did you mean “Summer”"):
        await plans.activate("Sumer", client="diageo")
    with pytest.raises(NotFound, match="no version 2"):
        await plans.activate("Summer", client="diageo", version=2)


async def test_brand_that_is_shown_can_be_set(
    house_without_keys: House, tmp_path: Path, capsys: Printed
) -> None:
    brand = BrandCommands(house_without_keys.signed_in)
    file = tmp_path / "brand.json"
    file.write_text('{"words": ["Smirnoff"]}')

    await brand.set("diageo", file)
    await brand.show("diageo")
    said, *lines = printed(capsys)
    file.write_text("\n".join(lines))
    await brand.set("diageo", file)

    assert said == "brand data of diageo: version 1"
    assert json.loads("".join(lines))["words"] == ["Smirnoff"]
    assert printed(capsys) == ["brand data of diageo: no change, version 1"]
    file.write_text('{"colours": [{"name": "Red", "hex": "red"}], "slogans": []}')
    with pytest.raises(Invalid, match=r"colours\.0\.hex.*slogans"):
        await brand.set("diageo", file)
