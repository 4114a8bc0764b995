"""`aiqc profiles list, show, versions, create and save`: what a person types, and what it says."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.database import Dsns
from libs.problems import Forbidden, Invalid, NotFound
from services.profiles.saves.commands import SaveCommands
from tests.house import House, open_house
from tests.profiles.factories import draft, draft_for
from tests.trust import Trust

Printed = pytest.CaptureFixture[str]


@pytest.fixture
async def house(dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(dsns, trust, tmp_path) as house:
        yield house


@pytest.fixture
def commands(house: House) -> SaveCommands:
    return SaveCommands(house.signed_in)


def written(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps(content))
    return file


async def shown(commands: SaveCommands, profile_id: str, capsys: Printed) -> dict[str, Any]:
    """What `show` prints; the services of the same process log to the same place."""
    capsys.readouterr()
    await commands.show(profile_id)
    text = capsys.readouterr().out
    found: dict[str, Any] = json.loads(text[text.index("{\n") :])
    return found


async def test_what_show_prints_is_saved_as_it_is_and_changes_nothing(
    commands: SaveCommands, tmp_path: Path, capsys: Printed
) -> None:
    await commands.create(written(tmp_path, "new.json", draft()))
    file = written(tmp_path, "p.json", await shown(commands, "my_profile", capsys))

    assert await commands.save(file) == 0

    assert "No changes; still version 1" in capsys.readouterr().out


async def test_a_save_says_what_became_of_it(
    commands: SaveCommands, tmp_path: Path, capsys: Printed
) -> None:
    await commands.create(written(tmp_path, "new.json", draft_for("diageo", "general")))
    edit = written(tmp_path, "p.json", {"pass_threshold": 90})
    capsys.readouterr()

    assert await commands.save(edit, profile="my_profile", note="stricter") == 0

    said = capsys.readouterr().out
    assert "(can change results)\nsaved as my_profile_v2\n" in said
    assert "runs from now on for diageo, general" in said
    assert "warning" not in said
    await commands.versions("my_profile")
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert first.startswith("my_profile_v2") and "(active, other scores)" in first
    assert second.startswith("my_profile ") and "(" not in second


async def test_a_file_that_is_older_than_the_profile_is_refused_and_merged_only_when_asked(
    commands: SaveCommands, tmp_path: Path, capsys: Printed
) -> None:
    await commands.create(written(tmp_path, "new.json", draft()))
    loaded = await shown(commands, "my_profile", capsys)
    theirs = written(tmp_path, "theirs.json", loaded | {"pass_threshold": 90})
    mine = written(tmp_path, "mine.json", loaded | {"description": "Mine"})
    await commands.save(theirs)

    assert await commands.save(mine) == 1
    refused = capsys.readouterr().out
    assert len((await shown(commands, "my_profile_v2", capsys))["checks"]) == 2
    with pytest.raises(NotFound):
        await commands.show("my_profile_v3")
    assert await commands.save(mine, merge=True) == 0

    assert "Since then changed: pass_threshold." in refused
    assert "save again with --merge" in refused
    merged = await shown(commands, "my_profile_v3", capsys)
    assert (merged["pass_threshold"], merged["description"]) == (90, "Mine")


async def test_a_conflict_is_shown_in_three_forms_and_never_merged(
    commands: SaveCommands, tmp_path: Path, capsys: Printed
) -> None:
    await commands.create(written(tmp_path, "new.json", draft()))
    loaded = await shown(commands, "my_profile", capsys)
    await commands.save(written(tmp_path, "theirs.json", loaded | {"pass_threshold": 90}))
    mine = written(tmp_path, "mine.json", loaded | {"pass_threshold": 60})
    capsys.readouterr()

    assert await commands.save(mine, merge=True) == 1

    said = capsys.readouterr().out
    for line in ("  pass_threshold", "it was  85.0", "yours   60.0", "theirs  90.0"):
        assert line in said


async def test_lists_are_those_of_the_client(commands: SaveCommands, capsys: Printed) -> None:
    await commands.list(client="loreal")
    lines = capsys.readouterr().out
    await commands.list(client="loreal", json=True)
    as_json = capsys.readouterr().out

    assert "loreal_key_visual" in lines and "diageo_key_visual" not in lines
    found = json.loads(as_json[as_json.index("[{") :])
    assert {one["profile_id"] for one in found} == {"general_key_visual", "loreal_key_visual"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"nme": "X"}', "nme"),
        ('{"checks": {"cta": {"kind": "judged", "promt": "?"}}}', "checks.cta.promt"),
        ("{", "is no JSON"),
        ("[]", "no JSON object"),
    ],
)
async def test_a_file_that_is_no_profile_is_refused_with_its_place(
    commands: SaveCommands, tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "p.json"
    file.write_text(content)

    with pytest.raises(Invalid, match=said):
        await commands.save(file, profile="general_key_visual")


async def test_a_file_without_an_id_asks_for_one(commands: SaveCommands, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="--profile"):
        await commands.save(written(tmp_path, "p.json", {"name": "X"}))


async def test_who_may_not_save_is_told(commands: SaveCommands, tmp_path: Path) -> None:
    file = written(tmp_path, "p.json", {"name": "X"})

    with pytest.raises(Forbidden):
        await commands.save(file, profile="general_key_visual", as_user="editor")
