"""`aiqc profiles search`, `uses`, `archive`, `restore` and `bulk`: what is typed and printed."""

import json
import re
from pathlib import Path

import pytest

from libs.problems import Conflict, Invalid
from services.profiles.bulk import typed
from services.profiles.bulk.commands import BulkCommands, Changes, Chosen
from services.profiles.finding.commands import FindingCommands
from tests.house import House

Printed = pytest.CaptureFixture[str]
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
BULK_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def printed(capsys: Printed) -> str:
    """What the command says; the services of the same process log to the same place."""
    lines = capsys.readouterr().out.splitlines()
    return "\n".join(line.rstrip() for line in lines if not LOGGED.match(line))


async def test_a_bulk_edit_is_planned_shown_committed_and_undone(
    house_without_keys: House, capsys: Printed
) -> None:
    commands = BulkCommands(house_without_keys.signed_in)
    stricter = Changes(threshold=82.5, set=("aspect_ratio.weight=2",))
    capsys.readouterr()

    await commands.plan(only=Chosen(client="diageo"), change=stricter, note="Stricter")
    planned = printed(capsys)
    bulk_id = BULK_ID.findall(planned)[0]
    await commands.commit(bulk_id)
    committed = printed(capsys)
    await commands.list()
    listed = printed(capsys)
    await commands.undo(bulk_id)
    undone = printed(capsys)

    assert planned.startswith(f"planned {bulk_id}: 2 profiles to change, 1 left out\n")
    assert "diageo_key_visual → its next version: can change results; moves diageo" in planned
    assert "  pass threshold 75 → 82.5: can change results" in planned
    assert "  general_key_visual: other clients use it too" in planned
    assert planned.endswith(
        f"Nothing is changed yet. To do it: aiqc profiles bulk commit {bulk_id}"
    )
    assert committed.startswith(f"committed {bulk_id}: 2 profiles changed")
    assert "diageo_key_visual → diageo_key_visual_v2: " in committed
    assert committed.endswith(f"To take it back: aiqc profiles bulk undo {bulk_id}")
    assert "committed  2" in listed and "Stricter" in listed
    assert undone.startswith(f"undone {bulk_id}: 2 profiles changed back")


async def test_profiles_are_found_archived_and_restored(
    house_without_keys: House, capsys: Printed
) -> None:
    commands = FindingCommands(house_without_keys.signed_in)
    capsys.readouterr()

    await commands.search("diag", "pack", json=True)
    found = {line["profile_id"] for line in json.loads(printed(capsys))["profiles"]}
    await commands.archive("diageo_packaging")
    await commands.search(state="archived")
    archived = printed(capsys)
    await commands.restore("diageo_packaging")
    await commands.restore("diageo_packaging")
    restored = printed(capsys)

    assert "diageo_packaging" in found and "unilever_packaging" not in found
    assert "Diageo packaging (archived)" in archived
    assert restored.splitlines() == [
        "diageo_packaging is in use again",
        "diageo_packaging was in use",
    ]


async def test_uses_are_told_of_a_profile_or_of_a_thing_and_not_of_both(
    house_without_keys: House, capsys: Printed
) -> None:
    commands = FindingCommands(house_without_keys.signed_in)
    capsys.readouterr()

    await commands.uses("diageo_packaging")
    of_a_profile = printed(capsys)
    await commands.uses(check="logo_visibility")
    of_a_check = printed(capsys)
    await commands.uses(model="openai/gpt-4o")

    assert "diageo  diageo_packaging  it is the active version" in of_a_profile
    assert "general_key_visual" in of_a_check and "floating clients" in of_a_check
    assert "Checks that name no model ask the default ones" in printed(capsys)
    with pytest.raises(Invalid):
        await commands.uses()
    with pytest.raises(Invalid):
        await commands.uses("diageo_packaging", check="logo_visibility")


async def test_a_commit_of_what_changed_meanwhile_says_what_changed(
    house_without_keys: House, capsys: Printed
) -> None:
    commands = BulkCommands(house_without_keys.signed_in)
    bulk_ids = []
    for threshold in (82.5, 83.5):
        capsys.readouterr()
        await commands.plan("diageo_packaging", change=Changes(threshold=threshold))
        bulk_ids.append(BULK_ID.findall(printed(capsys))[0])
    await commands.commit(bulk_ids[0])

    with pytest.raises(Conflict, match="diageo_packaging changed meanwhile"):
        await commands.commit(bulk_ids[1])


def test_operations_are_typed_as_pairs(tmp_path: Path) -> None:
    file = tmp_path / "check.json"
    file.write_text('{"kind": "judged", "prompt": "Is it there?"}')

    [swap] = typed.swaps(["openai/gpt-4o=openai/gpt-5.1"])
    [add] = typed.additions([f"legal_line={file}"])
    weight, gone, text = typed.settings(["a.weight=2", "a.min_px=null", "a.logo=Red Crest"])

    assert swap.model_dump() == {
        "op": "swap_model",
        "model": "openai/gpt-4o",
        "by": "openai/gpt-5.1",
    }
    assert add.model_dump()["check"]["prompt"] == "Is it there?"
    assert (weight.model_dump()["weight"], gone.model_dump()["parameters"]) == (2, {"min_px": None})
    assert text.model_dump()["parameters"] == {"logo": "Red Crest"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (Changes(threshold=300), "less than or equal to 100"),
        (Changes(threshold=80), "name a client, a check, a model or profiles"),
        (Changes(set=("weight=2",)), "CHECK.FIELD=VALUE"),
        (Changes(swap_model=("openai/gpt-4o",)), "OLD=NEW"),
        (Changes(swap_model=("a=b",)), "model"),
        (Changes(), "at least 1"),
        (Changes(set=("a.weight=heavy",)), "weight"),
    ],
)
async def test_what_cannot_be_read_is_told_before_anything_is_asked(
    changes: Changes, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        await BulkCommands(None).plan(change=changes)  # type: ignore[arg-type]
