"""What a person is told of checks that nobody can carry out, when a profile is written."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.database import Dsns
from services.profiles.bindings.commands import PreviewCommands
from services.profiles.saves.commands import SaveCommands
from services.profiles.transfer.commands import TransferCommands
from tests.house import House, open_house
from tests.profiles.factories import draft, exact, judged
from tests.trust import Trust

Printed = pytest.CaptureFixture[str]

GOOD = {"file_weight": exact(parameters={"max_bytes": 1_000_000}), "call_to_action": judged()}
BAD = {
    "file_wieght": exact(parameters={}),
    "image_resolution": exact(parameters={"min_short_side_px": "wide"}),
    "tone": judged(parameters={"compare_with": ["mood_board"]}),
}


@pytest.fixture
async def house(dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(dsns, trust, tmp_path) as house:
        yield house


def written(folder: Path, name: str, content: Any) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(json.dumps(content))
    return file


def warnings(capsys: Printed) -> list[str]:
    lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if line.startswith("warning:")]


async def test_checks_that_can_be_carried_out_raise_no_doubt(
    house: House, tmp_path: Path, capsys: Printed
) -> None:
    profiles = SaveCommands(house.signed_in)

    await profiles.create(written(tmp_path, "new.json", draft(checks=GOOD)))

    assert warnings(capsys) == []


async def test_each_check_that_comes_to_nothing_is_named_with_the_reason_and_saved(
    house: House, tmp_path: Path, capsys: Printed
) -> None:
    profiles = SaveCommands(house.signed_in)

    assert await profiles.create(written(tmp_path, "new.json", draft(checks=GOOD | BAD))) == 0

    wrong_name, wrong_number, wrong_kind = warnings(capsys)
    assert wrong_name.startswith(
        "warning: my_profile: check “file_wieght”: There is no exact check named “file_wieght”. "
        "Did you mean “file_weight”"
    )
    assert "“image_resolution”: Parameter min_short_side_px: " in wrong_number
    assert "“tone”: Parameter compare_with: is none of logo, reference" in wrong_kind
    assert await profiles.show("my_profile") == 0


async def test_a_save_looks_at_the_checks_only_when_it_changes_them(
    house: House, tmp_path: Path, capsys: Printed
) -> None:
    profiles = SaveCommands(house.signed_in)
    await profiles.create(written(tmp_path, "new.json", draft(checks=BAD)))
    warnings(capsys)

    await profiles.save(written(tmp_path, "a.json", {"name": "Mine"}), profile="my_profile")
    told_of_name = warnings(capsys)
    edit = written(tmp_path, "b.json", {"checks": GOOD | {"hue": exact(parameters={})}})
    await profiles.save(edit, profile="my_profile_v2")

    assert told_of_name == []
    [said] = warnings(capsys)
    assert said.startswith("warning: my_profile_v3: check “hue”: There is no exact check named")


async def test_a_preview_tells_it_before_also_as_json(
    house: House, tmp_path: Path, capsys: Printed
) -> None:
    await SaveCommands(house.signed_in).create(written(tmp_path, "new.json", draft(checks=GOOD)))
    edit = written(tmp_path, "edit.json", {"checks": BAD})
    preview = PreviewCommands(house.signed_in).preview
    capsys.readouterr()

    assert await preview("my_profile", edit) == 0
    in_words = warnings(capsys)
    await preview("my_profile", edit, json=True)

    text = capsys.readouterr().out
    told = json.loads(text[text.index("{\n") :])["warnings"]
    assert in_words == [f"warning: {one}" for one in told]
    assert len(told) == len(BAD)


async def test_an_import_tells_it_of_the_newest_version_of_what_is_new(
    house: House, tmp_path: Path, capsys: Printed
) -> None:
    folder = tmp_path / "files"
    written(folder, "pack.json", draft(name="Pack", checks=BAD))
    second = draft(name="Pack", version=2, previous_version="pack")
    written(folder, "pack_v2.json", second | {"checks": GOOD | {"hue": exact(parameters={})}})
    files = TransferCommands(house.signed_in)

    for dry_run in (True, False):
        assert await files.import_(folder, dry_run=dry_run) == 0
        [said] = warnings(capsys)
        assert said.startswith("warning: pack_v2: check “hue”: There is no exact check named")
    await files.import_(folder)
    assert warnings(capsys) == []


async def test_without_qc_a_profile_is_saved_and_the_doubt_is_said(
    house: House, tmp_path: Path, capsys: Printed
) -> None:
    await house.stop("qc")

    code = await SaveCommands(house.signed_in).create(written(tmp_path, "new.json", draft()))

    assert code == 0
    said = capsys.readouterr().out
    assert "my_profile" in said
    assert "warning: my_profile: whether its checks can be carried out is not known: " in said
    await house.start("qc")
