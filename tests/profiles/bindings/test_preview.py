"""The dry run of a save: what it says comes true, and it writes nothing."""

import json
from typing import Any

import pytest

from libs.contracts.access import Role
from libs.postgres import Pool, transaction
from tests.factories import user
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api, Json
from tests.profiles.factories import draft, draft_for, exact, judged

BOTH = user("bea", {"diageo": Role.EDITOR, "loreal": Role.EDITOR})
BASE = "/v1/profiles/my_profile"


async def preview(
    api: Api, path: str = BASE, actor: Any = ADMIN, if_match: str | None = None, **edit: Any
) -> Json:
    answer = await api.call("POST", f"{path}/preview", actor, edit, if_match)
    assert answer.status == 200, answer.json
    return answer.json


async def running(api: Api, *clients: str) -> dict[str, str]:
    """The version that each client runs; the code of the refusal when it runs none."""
    found = {}
    for client in clients:
        answer = (await api.get(f"/v1/clients/{client}/resolve/my_profile")).json
        found[client] = answer["profile"]["profile_id"] if "profile" in answer else answer["code"]
    return found


async def pin(api: Api, client: str, version: int) -> None:
    path = f"/v1/clients/{client}/bindings/my_profile"
    assert (await api.call("PUT", path, ADMIN, {"version": version})).status == 200


def by_client(runs: list[Json]) -> dict[str, str]:
    return {run["client_id"]: run["profile_id"] for run in runs}


async def test_what_a_preview_says_comes_true(api: Api) -> None:
    clients = ("diageo", "loreal", "unilever", "general")
    await api.create(draft_for("diageo", "loreal", "unilever"))
    await api.save("my_profile", pass_threshold=90)
    await pin(api, "loreal", 1)
    await pin(api, "unilever", 1)
    edit: Json = {"pass_threshold": 95, "visible_to_clients": ["diageo", "general", "loreal"]}

    said = await preview(api, f"{BASE}_v2", **edit)
    before = await running(api, *clients)
    saved = await api.save("my_profile_v2", **edit)
    after = await running(api, *clients)

    assert [(move["client_id"], move["previous_profile_id"]) for move in said["moves"]] == [
        ("diageo", before["diageo"])
    ]
    assert by_client(said["moves"]) == {"diageo": after["diageo"]}
    assert by_client(said["stays"]) == {"loreal": after["loreal"]} == {"loreal": "my_profile"}
    assert by_client(said["gains"]) == {"general": after["general"]}
    assert by_client(said["loses"]) == {"unilever": before["unilever"]}
    assert after["unilever"] == "unknown_profile"
    assert said["warnings"] == [
        "unilever stays pinned to my_profile: the pin holds again when unilever may use "
        "my_profile again."
    ]
    for field in ("profile_id", "version", "message"):
        assert said[field] == saved.json[field]
    assert (said["based_on"], said["active_profile_id"]) == ("my_profile_v2", "my_profile_v2")
    assert (said["changes"], said["problems"], said["others"]) == (True, [], False)


async def test_preview_writes_nothing(api: Api, owner: Pool) -> None:
    async def state() -> list[Any]:
        async with transaction(owner) as db:
            return [
                await db.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")
                for table in ("profile", "profile_version", "activation", "audit_event")
            ]

    await api.create(draft())
    before = await state()

    await preview(
        api, pass_threshold=90, visibility="client_specific", visible_to_clients=["diageo"]
    )

    assert await state() == before


@pytest.mark.parametrize(
    ("edit", "change_class", "moves"),
    [
        ({}, "none", False),
        ({"pass_threshold": 85.0}, "none", False),
        ({"name": "Another name", "description": "Words"}, "presentation", True),
        ({"pass_threshold": 86}, "scoring", True),
        ({"checks": {"call_to_action": judged(), "image_resolution": exact(title="X")}},
         "presentation", True),
        ({"checks": {"call_to_action": judged(title="X"), "image_resolution": exact()}},
         "scoring", True),
    ],
)  # fmt: skip
async def test_preview_tells_whether_a_result_can_change(
    api: Api, edit: Json, change_class: str, moves: bool
) -> None:
    await api.create(draft_for("diageo"))

    said = await preview(api, **edit)

    assert (said["change_class"], bool(said["moves"])) == (change_class, moves)
    assert said["changes"] is moves


async def test_class_is_told_against_what_is_active_not_against_the_base(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)

    said = await preview(api, name="Renamed")

    assert said["change_class"] == "scoring"
    assert "my_profile was not the active version" in said["warnings"][0]


async def test_profile_of_every_client_moves_every_client(api: Api) -> None:
    await api.create(draft())
    await pin(api, "loreal", 1)

    said = await preview(api, pass_threshold=90)

    assert list(by_client(said["moves"])) == ["diageo", "general", "unilever"]
    assert by_client(said["stays"]) == {"loreal": "my_profile"}


async def test_narrowing_a_profile_names_each_client_that_loses_it(api: Api) -> None:
    await api.create(draft())

    said = await preview(api, visibility="client_specific", visible_to_clients=["diageo"])

    assert list(by_client(said["loses"])) == ["general", "loreal", "unilever"]
    assert (said["moves"], said["change_class"], said["changes"]) == ([], "none", True)
    assert said["message"] == "Visibility updated; still version 1"


async def test_opening_to_all_while_clients_are_named_says_that_they_do_not_count(api: Api) -> None:
    await api.create(draft_for("diageo"))

    said = await preview(api, visibility="all", visible_to_clients=["loreal"])

    assert (said["visibility"], said["visible_to_clients"]) == ("all", [])
    assert "does not count with visibility all" in said["warnings"][0]


async def test_clients_whom_the_actor_may_not_see_are_not_named(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))
    await pin(api, "loreal", 1)

    said = await preview(api, actor=EDITOR, pass_threshold=90)

    assert list(by_client(said["moves"])) == ["diageo"]
    assert said["others"] is True
    assert "loreal" not in json.dumps(said)
    assert (await preview(api, actor=BOTH, pass_threshold=90))["others"] is False


@pytest.mark.parametrize(
    ("actor", "edit", "code"),
    [
        (VIEWER, {"name": "Mine"}, "not_allowed"),
        (EDITOR, {"visibility": "all"}, "admin_needed"),
        (EDITOR, {"visible_to_clients": ["loreal"]}, "unknown_client"),
        (ADMIN, {"visible_to_clients": ["acme"]}, "unknown_client"),
        (EDITOR, {"visible_to_clients": []}, "bad_profile"),
        (EDITOR, {"description": "NUL \0"}, "bad_profile"),
    ],
)
async def test_problem_in_a_preview_is_the_one_that_the_save_would_get(
    api: Api, actor: Any, edit: Json, code: str
) -> None:
    await api.create(draft_for("diageo"))

    said = await preview(api, actor=actor, **edit)
    saved = await api.save("my_profile", actor, **edit)

    assert [problem["code"] for problem in said["problems"]] == [code] == [saved.json["code"]]
    assert saved.status >= 400


async def test_client_that_wants_approval_is_told_before_the_save(api: Api) -> None:
    await api.create(draft_for("diageo"))
    await api.call("PUT", "/v1/clients/diageo", ADMIN, {"approval_required": True})

    said = await preview(api, pass_threshold=90)
    saved = await api.save("my_profile", pass_threshold=90)

    assert [problem["code"] for problem in said["problems"]] == ["approval_needed"]
    assert (saved.status, saved.json["code"]) == (409, "approval_needed")
    assert (await preview(api))["problems"] == []


async def test_stale_tag_is_told(api: Api) -> None:
    await api.create(draft())
    etag = (await preview(api, name="Mine"))["etag"]
    await api.save("my_profile", pass_threshold=90)

    stale = await preview(api, if_match=etag, name="Mine")
    fresh = await preview(api, if_match=stale["etag"], name="Mine")

    assert [problem["code"] for problem in stale["problems"]] == ["stale_save"]
    assert fresh["problems"] == []


@pytest.mark.parametrize("profile_id", ["my_profile", "my_profile_v2", "absent", "%00"])
async def test_foreign_profile_looks_absent(api: Api, profile_id: str) -> None:
    await api.create(draft_for("diageo"))

    answer = await api.call("POST", f"/v1/profiles/{profile_id}/preview", STRANGER, {})

    assert (answer.status, answer.json["code"]) == (404, "unknown_profile")


async def test_what_is_no_edit_is_refused_with_its_place(api: Api) -> None:
    await api.create(draft())

    answer = await api.call("POST", f"{BASE}/preview", ADMIN, {"pass_threshold": 101, "x": 1})

    assert (answer.status, answer.json["code"]) == (422, "bad_request_body")
    assert "pass_threshold" in answer.json["detail"]
