"""`aiqc profiles diff`, `export`, `import`, `schema`: what a person types, what it prints."""

import json
import re
from pathlib import Path

import pytest

from libs.problems import Conflict, Invalid
from services.profiles.diffs.commands import DiffCommands
from services.profiles.transfer.commands import TransferCommands
from tests.house import House

Printed = pytest.CaptureFixture[str]
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
PACK = {
    "name": "Pack",
    "visibility": "client_specific",
    "visible_to_clients": ["diageo"],
    "pass_threshold": 80,
    "checks": {"file_weight": {"kind": "exact"}},
}


def printed(capsys: Printed) -> list[str]:
    """Lines of the command; the services of the same process log to the same place."""
    return [line for line in capsys.readouterr().out.splitlines() if not LOGGED.match(line)]


def write(folder: Path, **files: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


async def test_a_folder_of_the_old_system_comes_in_and_goes_out_again(
    house_without_keys: House, tmp_path: Path, capsys: Printed
) -> None:
    files = TransferCommands(house_without_keys.signed_in)
    write(tmp_path / "old" / "profiles", pack=PACK, pack_v2=PACK | {"pass_threshold": 90})
    capsys.readouterr()

    assert await files.import_(tmp_path / "old", dry_run=True) == 0
    assert await files.import_(tmp_path / "old") == 0
    told = printed(capsys)
    assert await files.export(tmp_path / "out", profile="pack") == 0
    assert await files.export(tmp_path / "out", profile="pack") == 0
    out = printed(capsys)
    assert await files.import_(tmp_path / "out") == 0

    assert told == [
        "would be added: pack",
        "would be added: pack_v2",
        "2 would be added, 0 there already",
        "added: pack",
        "added: pack_v2",
        "2 added, 0 there already",
    ]
    assert out == [
        f"{tmp_path / 'out'}: 2 files, 2 of them new",
        f"{tmp_path / 'out'}: 2 files, 0 of them new",
    ]
    assert printed(capsys) == ["0 added, 2 there already"]
    assert json.loads((tmp_path / "out" / "pack_v2.json").read_text())["pass_threshold"] == 90


async def test_what_is_in_the_way_is_told_and_nothing_is_written_over(
    house_without_keys: House, tmp_path: Path, capsys: Printed
) -> None:
    files = TransferCommands(house_without_keys.signed_in)
    folder = write(tmp_path, pack=PACK, other=PACK | {"owner": "anna"})
    (folder / "broken.json").write_text("{")
    capsys.readouterr()

    assert await files.import_(folder, dry_run=True) == 1
    told = printed(capsys)
    with pytest.raises(Conflict, match="Nothing was imported"):
        await files.import_(folder)
    (folder / "diageo_packaging.json").write_text("mine")
    with pytest.raises(Invalid, match="other content"):
        await files.export(folder, profile="diageo_packaging")

    assert told[1].startswith("in the way: broken.json: EOF while parsing")
    assert told[2] == "in the way: other.json: owner: not known here; take it out."
    assert (folder / "diageo_packaging.json").read_text() == "mine"
    with pytest.raises(Invalid, match="no files like"):
        await files.import_(write(tmp_path / "empty"))


async def test_a_version_is_compared_with_what_it_was_made_from(
    house_without_keys: House, tmp_path: Path, capsys: Printed
) -> None:
    diffs = DiffCommands(house_without_keys.signed_in)
    files = TransferCommands(house_without_keys.signed_in)
    folder = write(tmp_path, pack=PACK, pack_v2=PACK | {"pass_threshold": 90})
    await files.import_(folder)
    capsys.readouterr()

    await diffs.diff("pack_v2")
    text = printed(capsys)
    await diffs.diff("pack_v2", "pack", format="json")
    back = json.loads("\n".join(printed(capsys)))
    await diffs.diff("pack", "pack_v2", format="html", output=tmp_path / "diff.html")

    assert text == [
        "pack → pack_v2: 1 difference, 1 can change results",
        "",
        "the profile itself",
        "  pass threshold 80 → 90: can change results",
    ]
    assert back["differences"][0]["sentence"] == "pass threshold 90 → 80: can change results"
    assert "pass threshold 80 → 90" in (tmp_path / "diff.html").read_text()
    with pytest.raises(Invalid, match="first version"):
        await diffs.diff("pack")


async def test_the_schema_is_printed(house_without_keys: House, capsys: Printed) -> None:
    await TransferCommands(house_without_keys.signed_in).schema()

    schema = json.loads("\n".join(printed(capsys)))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
