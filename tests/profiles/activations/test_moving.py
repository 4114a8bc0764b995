"""Moving the active pointer back and forward, and reading where it was."""

import asyncio
from collections import Counter

import pytest

from libs.contracts.access import Role
from libs.postgres import Pool, transaction
from tests.factories import user
from tests.profiles.activations.conftest import active, pin, want_approval
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for


async def activate(api: Api, version: str, actor=ADMIN, if_match=None, note=""):  # type: ignore[no-untyped-def]
    path = f"/v1/profiles/{version}/activate"
    return await api.call("POST", path, actor, {"note": note}, if_match)


async def test_a_rollback_moves_the_pointer_and_makes_no_version(api: Api, three: str) -> None:
    answer = await activate(api, "my_profile_v2", EDITOR, note="v3 failed everything")

    assert answer.status == 200
    assert answer.json["message"] == "my_profile_v2 is active instead of my_profile_v3"
    assert (answer.json["changed"], answer.json["comparable"]) == (True, True)
    assert answer.headers["ETag"] == '"my_profile_v2.4"'
    assert await active(api) == 2
    versions = (await api.get("/v1/profiles/my_profile/versions")).json["versions"]
    assert [v["version"] for v in versions if v["active"]] == [2]
    assert len(versions) == 3


async def test_the_slug_activates_version_1(api: Api, three: str) -> None:
    answer = await activate(api, "my_profile")

    assert (answer.json["version"], answer.json["comparable"]) == (1, False)
    assert await active(api) == 1


async def test_the_version_after_a_rollback_gets_a_new_number_and_its_base(
    api: Api, three: str
) -> None:
    await activate(api, "my_profile_v2")

    saved = await api.save("my_profile_v2", pass_threshold=50)

    assert saved.json["profile_id"] == "my_profile_v4"
    assert (await api.get("/v1/profiles/my_profile_v4")).json["previous_version"] == (
        "my_profile_v2"
    )


async def test_activating_what_is_active_writes_nothing(api: Api, three: str, owner: Pool) -> None:
    answer = await activate(api, "my_profile_v3")

    assert (answer.status, answer.json["changed"]) == (200, False)
    assert answer.json["etag"] == '"my_profile_v3.3"'
    async with transaction(owner) as db:
        assert await db.fetchval("SELECT count(*) FROM activation WHERE slug = 'my_profile'") == 3


async def test_a_stale_tag_moves_nothing(api: Api, three: str) -> None:
    answer = await activate(api, "my_profile", if_match='"my_profile_v2.2"')

    assert (answer.status, answer.json["code"]) == (412, "stale_save")
    assert answer.json["current"]["etag"] == '"my_profile_v3.3"'
    assert await active(api) == 3


async def test_of_racing_moves_with_one_tag_one_wins(api: Api, three: str) -> None:
    answers = await asyncio.gather(
        *(activate(api, f"my_profile{v}", if_match='"my_profile_v3.3"') for v in ["", "_v2"] * 10)
    )

    assert Counter(answer.status for answer in answers) == {200: 1, 412: 19}


@pytest.mark.parametrize(
    ("actor", "status"), [(VIEWER, 403), (STRANGER, 404), (user("x", {"diageo": Role.EDITOR}), 200)]
)
async def test_who_may_move_it(api: Api, three: str, actor, status: int) -> None:  # type: ignore[no-untyped-def]
    assert (await activate(api, "my_profile", actor)).status == status


async def test_an_editor_of_one_client_moves_no_profile_of_two(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))
    await api.save("my_profile", pass_threshold=86)

    answer = await activate(api, "my_profile", EDITOR)

    assert (answer.status, answer.json["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("version", ["my_profile_v4", "my_profile_v1", "my_other", "Ä"])
async def test_a_version_that_is_not_there_is_not_activated(
    api: Api, three: str, version: str
) -> None:
    assert (await activate(api, version)).status == 404


async def test_a_pinned_client_stays_and_is_named(api: Api, owner: Pool) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=86)
    await pin(owner, "loreal", "my_profile", 2)

    answer = await activate(api, "my_profile")

    assert answer.json["pinned_clients"] == ["loreal"]
    assert await active(api, client="loreal") == 2
    assert await active(api, client="diageo") == 1


async def test_the_history_tells_every_move_with_its_end(api: Api, three: str) -> None:
    await activate(api, "my_profile", EDITOR, note="too strict")

    answer = (await api.get("/v1/profiles/my_profile/activations", VIEWER)).json
    moves = answer["activations"]

    assert [(m["profile_id"], m["reason"], m["activated_by"], m["note"]) for m in moves] == [
        ("my_profile", "activate", "dora", "too strict"),
        ("my_profile_v3", "save", "ada", ""),
        ("my_profile_v2", "save", "ada", ""),
        ("my_profile", "create", "ada", ""),
    ]
    assert moves[0]["ended_at"] is None
    assert [m["ended_at"] for m in moves[1:]] == [m["activated_at"] for m in moves[:-1]]
    assert [m["previous_profile_id"] for m in moves] == [
        "my_profile_v3", "my_profile_v2", "my_profile", None,
    ]  # fmt: skip


async def test_the_history_comes_in_pages(api: Api, three: str) -> None:
    path = "/v1/profiles/my_profile/activations?limit=2"

    first = (await api.get(path)).json
    second = (await api.get(f"{path}&cursor={first['next_cursor']}")).json

    assert [m["version"] for m in first["activations"] + second["activations"]] == [3, 2, 1]
    assert first["activations"][1]["previous_profile_id"] == "my_profile"
    assert second["next_cursor"] is None
    assert (await api.get(f"{path}&cursor=x")).status == 422
    assert (await api.get(f"{path}&cursor=9999999999999999999")).status == 422


async def test_a_strangers_history_looks_absent(api: Api, three: str) -> None:
    assert (await api.get("/v1/profiles/my_profile/activations", STRANGER)).status == 404
    assert (await api.get("/v1/profiles/my_profile_v9/activations")).status == 404


async def test_the_audit_says_who_moved_it_from_where(api: Api, three: str, owner: Pool) -> None:
    await activate(api, "my_profile", EDITOR, note="too strict")

    async with transaction(owner) as db:
        row = await db.fetchrow(
            "SELECT * FROM audit_event WHERE object_id = 'my_profile' ORDER BY revision DESC"
        )
    assert row
    assert (row["action"], row["actor"], row["revision"]) == ("profile.activate", "dora", 4)
    assert row["details"] == {"version": 1, "before": {"version": 3}, "note": "too strict"}


async def test_going_back_needs_no_approval_and_saving_does(
    api: Api, three: str, owner: Pool
) -> None:
    await want_approval(owner, "diageo")

    back = await activate(api, "my_profile")
    saved = await api.save("my_profile", pass_threshold=1)

    assert back.status == 200
    assert (saved.status, saved.json["code"]) == (409, "approval_needed")
    assert saved.json["clients"] == ["diageo"]
    assert "/v1/drafts" in saved.json["detail"]
    assert (await api.save("my_profile")).json["changed"] is False


async def test_a_profile_for_all_needs_approval_when_any_client_wants_it(
    api: Api, owner: Pool
) -> None:
    await api.create(draft())
    await want_approval(owner, "loreal")

    saved = await api.save("my_profile", pass_threshold=1)

    assert (saved.status, saved.json["clients"]) == (409, ["loreal"])


async def test_a_client_that_wants_approval_is_not_added_by_the_way(
    api: Api, three: str, owner: Pool
) -> None:
    await want_approval(owner, "loreal")

    added = await api.save("my_profile_v3", visible_to_clients=["diageo", "loreal"])
    opened = await api.save("my_profile_v3", visibility="all", visible_to_clients=[])

    assert (added.status, added.json["code"]) == (409, "approval_needed")
    assert (opened.status, opened.json["clients"]) == (409, ["loreal"])
    assert (
        await api.save("my_profile_v3", visible_to_clients=["diageo", "unilever"])
    ).status == 200
