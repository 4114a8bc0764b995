"""`aiqc drafts …` and the lifecycle commands of `aiqc profiles …`, as a person runs them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from libs.api.call import Caller
from libs.api.lifecycle import LifecycleApi
from libs.contracts.access import Actor
from libs.postgres import Pool
from libs.problems import Problem
from services.profiles.activations.commands import ActivationCommands
from services.profiles.drafts.commands import DecisionCommands, DraftCommands
from tests.profiles.conftest import EDITOR, Api
from tests.profiles.drafts.conftest import OTHER, SLUG
from tests.trust import Trust

PEOPLE = {"dora": EDITOR, "otto": OTHER}


class Direct(Caller):
    """The registry without a gateway before it: only the first word of the path differs."""

    async def fetch(self, method: str, path: str, *rest: Any, **named: Any) -> bytes:
        return await super().fetch(method, path.replace("/api/", "/v1/", 1), *rest, **named)


@pytest.fixture
def connect(api: Api, trust: Trust) -> Any:
    @asynccontextmanager
    async def as_user(name: str) -> AsyncIterator[LifecycleApi]:
        actor: Actor = PEOPLE[name]
        async with ClientSession() as session:
            url = URL(str(api.http.make_url("/")))
            person = LifecycleApi(session, url)
            bearer = trust.bearer("profiles", actor).removeprefix("Bearer ")
            person._caller = Direct(session, url, lambda: bearer)
            yield person

    return as_user


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the command printed, without the log of the service under test."""
    return [line for line in capsys.readouterr().out.splitlines() if "[info" not in line]


async def test_a_draft_from_its_file_to_the_version_and_back(
    api: Api, guarded: str, connect: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, decide, move = (
        DraftCommands(connect),
        DecisionCommands(connect),
        ActivationCommands(connect),
    )
    edit = tmp_path / "edit.json"
    edit.write_text(json.dumps({"pass_threshold": 95}))

    await write.create(SLUG, edit, title="Stricter", as_user="dora")
    made = told(capsys)
    draft: Any = made[0].split()[1]
    assert made[0].endswith(f"of {SLUG}: Stricter")
    assert made[1] == "  needed; written by dora"
    assert "95" in made[3]
    with pytest.raises(Problem, match="title"):
        await write.create(SLUG, edit, title="Str\x1b[31micter", as_user="dora")
    with pytest.raises(Problem, match="somebody else"):
        await decide.approve(draft, as_user="dora")
    await decide.approve(draft, note="fine", as_user="otto")
    assert told(capsys)[-1].endswith("approve by otto: fine")
    await write.list(as_user="otto")
    assert told(capsys) == [f"{draft}  {SLUG}  approved  Stricter (dora)"]

    await decide.apply(draft, as_user="dora")
    assert "Profile updated to version 2" in told(capsys)[0]
    assert await move.activate(SLUG, note="too strict", as_user="dora") == 0
    assert told(capsys) == [
        f"{SLUG} is active instead of {SLUG}_v2",
        "it can give other results",
    ]
    await move.history(SLUG, as_user="dora")
    assert "activate by dora  too strict" in told(capsys)[0]
    assert await move.live("diageo", SLUG, as_user="dora") == 0
    assert told(capsys)[0].startswith(f"{SLUG} (floating) since 2")
    assert await move.live("diageo", SLUG, at="2020-01-01", as_user="dora") == 1


async def test_a_schedule_is_made_listed_and_cancelled(
    api: Api, three: str, connect: Any, capsys: pytest.CaptureFixture[str], owner: Pool
) -> None:
    move = ActivationCommands(connect)
    with pytest.raises(Problem, match="like 2026-12-24T06:00:00Z"):
        await move.schedule(SLUG, at="tomorrow", as_user="dora")
    year = 1 + int((await owner.fetchval("SELECT now()")).year)

    await move.schedule(SLUG, at=f"{year}-01-01T06:00", as_user="dora")
    [line] = told(capsys)
    assert line.endswith(f"{year}-01-01 06:00:00  {SLUG} after {SLUG}_v3  pending")
    schedule: Any = line.split()[0]
    await move.unschedule(SLUG, schedule, as_user="otto")
    await move.schedules(SLUG, as_user="otto")

    assert [line.split()[-1] for line in told(capsys)] == ["cancelled", "cancelled"]


async def test_a_broken_file_is_named_with_the_place(
    connect: Any, tmp_path: Path, guarded: str
) -> None:
    edit = tmp_path / "edit.json"
    edit.write_text('{"pass_threshold": 101}')

    with pytest.raises(Problem, match=r"edit\.json: pass_threshold"):
        await DraftCommands(connect).create(SLUG, edit, as_user="dora")
