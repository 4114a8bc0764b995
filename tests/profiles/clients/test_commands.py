"""`aiqc clients` and `aiqc profiles preview`: what a person types, and what it prints."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from deploy.database import Dsns
from libs.problems import Conflict, Invalid, NotFound
from services.profiles.bindings.commands import PreviewCommands
from services.profiles.clients.commands import ClientCommands
from tests.house import House
from tests.trust import Trust

Printed = pytest.CaptureFixture[str]
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


@pytest.fixture
async def house(dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path) -> AsyncIterator[House]:
    """The gateway and the registry behind it."""
    house = House(dsns, trust, tmp_path)
    await house.start("profiles")
    await house.start("gateway")
    yield house
    await house.stop("gateway")
    await house.stop("profiles")


def printed(capsys: Printed) -> list[str]:
    """Lines of the command; the services of the same process log to the same place."""
    return [line for line in capsys.readouterr().out.splitlines() if not LOGGED.match(line)]


async def test_client_is_made_renamed_archived_and_restored(house: House, capsys: Printed) -> None:
    clients = ClientCommands(house.signed_in)
    capsys.readouterr()

    await clients.add("acme", name="Acme")
    await clients.rename("acme", "Acme & Sons")
    await clients.approval("acme", "on")
    await clients.archive("acme")
    await clients.archive("acme")
    await clients.list(archived=True)
    await clients.restore("acme")

    said = printed(capsys)
    assert said[:5] == [
        "made acme (Acme)",
        "acme is “Acme & Sons”, new versions are live at once",
        "acme is “Acme & Sons”, new versions take an approval",
        "acme is archived",
        "acme was archived already",
    ]
    assert [line.split()[0] for line in said[5:-1]] == ["client", "acme"]
    assert said[-1] == "acme is in use again"


async def test_pin_and_float_say_what_runs(house: House, capsys: Printed, tmp_path: Path) -> None:
    clients = ClientCommands(house.signed_in)
    capsys.readouterr()

    await clients.pin("diageo", "diageo_packaging")
    await clients.pin("diageo", "diageo_packaging")
    await clients.float("diageo", "diageo_packaging")
    await clients.profiles("diageo", json=True)

    pinned, again, floating, *listed = printed(capsys)
    assert pinned == "diageo is pinned to diageo_packaging (active: diageo_packaging)"
    assert again.startswith("diageo was pinned already")
    assert floating == "diageo floats on diageo_packaging: its analyses run diageo_packaging"
    assert len(json.loads("\n".join(listed))["profiles"]) == 3
    with pytest.raises(NotFound, match="no profile"):
        await clients.pin("diageo", "diageo_packaging_v9")


@pytest.mark.parametrize(("client", "name"), [("Acme", "Acme"), ("acme", " "), ("", "")])
async def test_what_is_no_client_is_said_in_a_sentence(
    house: House, client: str, name: str
) -> None:
    with pytest.raises(Invalid, match=r"client_id|name"):
        await ClientCommands(house.signed_in).add(client, name=name)
    with pytest.raises(Conflict, match="given once"):
        await ClientCommands(house.signed_in).add("diageo", name="Diageo")


async def test_preview_tells_who_moves_and_exits_1_when_it_would_be_refused(
    house: House, capsys: Printed, tmp_path: Path
) -> None:
    commands = PreviewCommands(house.signed_in)
    file = tmp_path / "edit.json"
    file.write_text('{"pass_threshold": 93, "version": 7, "created_by": "x"}')
    capsys.readouterr()

    can = await commands.preview("diageo_packaging", file)
    may_not = await commands.preview("general_key_visual", file, as_user="editor")

    said = printed(capsys)
    assert (can, may_not) == (0, 1)
    assert said[:2] == [
        "diageo_packaging → diageo_packaging_v2: can change results",
        "moves   diageo: diageo_packaging → diageo_packaging_v2",
    ]
    assert "Other brand clients use it too, which you may not see." in said
    assert said[-1].startswith("refused: You may use 'general_key_visual' but not change it")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"checkz": {}}', '{"pass_threshold": 101}'])
async def test_file_that_is_no_edit_is_refused(house: House, tmp_path: Path, text: str) -> None:
    file = tmp_path / "edit.json"
    file.write_text(text)

    with pytest.raises(Invalid, match=r"edit\.json"):
        await PreviewCommands(house.signed_in).preview("diageo_packaging", file)
