"""A profile of a client that wants changes approved, and people who write and approve."""

from typing import Any

import pytest

from libs.contracts.access import Actor, Role
from libs.postgres import Pool
from tests.factories import user
from tests.profiles.activations.conftest import want_approval
from tests.profiles.conftest import ADMIN, EDITOR, Answer, Api
from tests.profiles.factories import draft_for

SLUG = "my_profile"
OTHER = user("otto", {"diageo": Role.EDITOR})


@pytest.fixture
async def guarded(api: Api, owner: Pool) -> str:
    """A profile of diageo, which wants changes to be approved."""
    await api.create(draft_for("diageo"))
    await want_approval(owner, "diageo")
    return SLUG


async def make(
    api: Api, actor: Actor = EDITOR, profile_id: str = SLUG, title: str = "", **edit: Any
) -> dict[str, Any]:
    body = {"profile_id": profile_id, "title": title, "edit": edit or {"pass_threshold": 90}}
    answer = await api.call("POST", "/v1/drafts", actor, body)
    assert answer.status == 201, answer.json
    return answer.json


async def get(api: Api, draft: dict[str, Any], actor: Actor = ADMIN) -> dict[str, Any]:
    answer = await api.get(path(draft), actor)
    assert answer.status == 200, answer.json
    return answer.json


async def review(
    api: Api, draft: dict[str, Any], verdict: str = "approve", actor: Actor = OTHER, **body: Any
) -> Answer:
    said = {"verdict": verdict, "draft_hash": draft["draft_hash"], **body}
    return await api.call("POST", f"{path(draft)}/reviews", actor, said)


async def rewrite(
    api: Api, draft: dict[str, Any], actor: Actor = EDITOR, tag: str | None = None, **body: Any
) -> Answer:
    return await api.call("PUT", path(draft), actor, body, tag)


async def apply(
    api: Api, draft: dict[str, Any], actor: Actor = EDITOR, tag: str | None = None, note: str = ""
) -> Answer:
    return await api.call("POST", f"{path(draft)}/apply", actor, {"note": note}, tag)


async def withdraw(api: Api, draft: dict[str, Any], actor: Actor = EDITOR) -> Answer:
    return await api.call("POST", f"{path(draft)}/withdraw", actor, {"note": "not now"})


def path(draft: dict[str, Any]) -> str:
    return f"/v1/drafts/{draft['draft_id']}"


@pytest.fixture
async def three(api: Api) -> str:
    """A profile of diageo with versions 1, 2 and 3, of which the third is active."""
    await api.create(draft_for("diageo"))
    await api.save(SLUG, pass_threshold=86)
    await api.save(f"{SLUG}_v2", name="Renamed")
    return SLUG
