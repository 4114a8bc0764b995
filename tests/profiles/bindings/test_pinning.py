"""Pins: which version a client runs, who may decide it, and what happens to it later."""

import asyncio
from typing import Any

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Answer, Api
from tests.profiles.factories import draft, draft_for

PIN = "/v1/clients/diageo/bindings/my_profile"


async def pin(api: Api, version: int | None, path: str = PIN, actor: Any = EDITOR) -> Answer:
    return await api.call("PUT", path, actor, {"version": version})


async def running(api: Api, client: str = "diageo") -> tuple[int, str]:
    answer = await api.get(f"/v1/clients/{client}/resolve/my_profile")
    return answer.status, answer.json.get("profile", {}).get("profile_id", answer.json.get("code"))


async def two_versions(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)


async def audit_of_diageo(owner: Pool) -> list[Any]:
    async with transaction(owner) as db:
        return await db.fetch(
            "SELECT * FROM audit_event WHERE object_kind = 'client' AND object_id = 'diageo' "
            "ORDER BY revision"
        )


async def test_pinned_client_stays_until_it_floats_again(api: Api) -> None:
    await two_versions(api)

    pinned = await pin(api, 1)
    await api.save("my_profile_v2", pass_threshold=95)
    held = await running(api)
    floating = await api.call("DELETE", PIN, EDITOR)

    assert (pinned.status, pinned.json["binding"], pinned.json["profile_id"]) == (
        *(200, "pinned"),
        "my_profile",
    )
    assert (pinned.json["changed"], pinned.json["changed_by"]) == (True, "dora")
    assert held == (200, "my_profile")
    assert (floating.json["binding"], floating.json["profile_id"]) == ("floating", "my_profile_v3")
    assert await running(api) == (200, "my_profile_v3")


async def test_client_that_never_was_pinned_floats(api: Api) -> None:
    await two_versions(api)

    answer = await api.get(PIN, VIEWER)

    assert (answer.json["binding"], answer.json["version"], answer.json["changed_by"]) == (
        *("floating", 2),
        "",
    )


async def test_pin_is_a_change_of_the_client_and_none_of_the_profile(api: Api, owner: Pool) -> None:
    await two_versions(api)
    etag = (await api.get("/v1/profiles/my_profile_v2")).headers["ETag"]

    await pin(api, 1)
    again = await pin(api, 1)
    await pin(api, 2)
    await pin(api, None)

    assert again.json["changed"] is False
    assert (await api.get("/v1/profiles/my_profile_v2")).headers["ETag"] == etag
    made, *pins = await audit_of_diageo(owner)
    assert [(row["revision"], row["action"], row["details"]) for row in pins] == [
        (2, "client.pin", {"slug": "my_profile", "version": 1, "before": {"version": None}}),
        (3, "client.pin", {"slug": "my_profile", "version": 2, "before": {"version": 1}}),
        (4, "client.float", {"slug": "my_profile", "version": None, "before": {"version": 2}}),
    ]
    assert {row["actor"] for row in pins} == {"dora"}
    rows = [made, *pins]
    assert [row["before_hash"] for row in pins] == [row["after_hash"] for row in rows[:-1]]
    assert pins[-1]["after_hash"] == made["after_hash"]


async def test_racing_pins_leave_a_dense_history(api: Api, owner: Pool) -> None:
    await two_versions(api)

    answers = await asyncio.gather(*(pin(api, number) for number in (1, 2, None, 1, 2, 1)))

    assert {answer.status for answer in answers} == {200}
    rows = await audit_of_diageo(owner)
    assert [row["revision"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) - 1 == sum(answer.json["changed"] for answer in answers)


@pytest.mark.parametrize("version", [3, 999_999_999])
async def test_version_that_never_was_cannot_be_pinned(api: Api, version: int) -> None:
    await two_versions(api)

    answer = await pin(api, version)

    assert (answer.status, answer.json["code"]) == (404, "unknown_profile")


@pytest.mark.parametrize(
    "body", [{}, {"version": 0}, {"version": "two"}, {"version": 2**40}, {"pin": 1}]
)
async def test_what_is_no_version_is_refused(api: Api, body: dict[str, Any]) -> None:
    await two_versions(api)

    answer = await api.call("PUT", PIN, EDITOR, body)

    assert (answer.status, answer.json["code"]) == (422, "bad_request_body")


@pytest.mark.parametrize("slug", ["absent", "my_profile_v2", "%00", "Ä", "loreal_key_visual"])
async def test_pin_is_on_a_profile_that_the_client_may_use(api: Api, slug: str) -> None:
    await two_versions(api)

    for actor in (EDITOR, ADMIN):
        answer = await pin(api, 1, f"/v1/clients/diageo/bindings/{slug}", actor)
        assert (answer.status, answer.json["code"]) == (404, "unknown_profile")


async def test_it_takes_an_editor_of_the_client(api: Api) -> None:
    await two_versions(api)

    viewer, stranger = await pin(api, 1, actor=VIEWER), await pin(api, 1, actor=STRANGER)

    assert (viewer.status, viewer.json["code"]) == (403, "not_allowed")
    assert (stranger.status, stranger.json["code"]) == (404, "unknown_client")
    for path in (PIN, "/v1/clients/diageo/profiles"):
        assert (await api.get(path, STRANGER)).json["code"] == "unknown_client"
    assert (await api.get("/v1/clients/nobody/bindings/my_profile")).json[
        "code"
    ] == "unknown_client"


async def test_pin_sleeps_while_the_client_may_not_use_the_profile_and_then_holds(
    api: Api,
) -> None:
    await api.create(draft_for("diageo", "loreal"))
    await api.save("my_profile", pass_threshold=90)
    await pin(api, 1)

    await api.save("my_profile_v2", visible_to_clients=["loreal"])
    lost = await running(api)
    seen_by_editor = await api.get(PIN, EDITOR)
    seen_by_admin = await api.get(PIN, ADMIN)
    await api.save("my_profile_v2", visible_to_clients=["diageo", "loreal"])

    assert lost == (404, "unknown_profile")
    assert (seen_by_editor.status, seen_by_editor.json["code"]) == (404, "unknown_profile")
    assert (seen_by_admin.json["binding"], seen_by_admin.json["usable"]) == ("pinned", False)
    assert await running(api) == (200, "my_profile")


async def test_admin_lets_go_of_a_sleeping_pin(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))
    await pin(api, 1)
    await api.save("my_profile", visible_to_clients=["loreal"])

    answer = await api.call("DELETE", PIN, ADMIN)

    assert (answer.status, answer.json["binding"], answer.json["changed"]) == (
        200,
        "floating",
        True,
    )


async def test_list_of_a_client_says_what_resolve_would(api: Api) -> None:
    await two_versions(api)
    await pin(api, 1)

    listed = (await api.get("/v1/clients/diageo/profiles", VIEWER)).json["profiles"]

    assert [line["slug"] for line in listed] == [
        *("diageo_key_visual", "diageo_packaging", "general_key_visual", "my_profile"),
    ]
    for line in listed:
        resolved = (await api.get(f"/v1/clients/diageo/resolve/{line['slug']}")).json
        assert (line["profile_id"], line["binding"], line["content_hash"]) == (
            resolved["profile"]["profile_id"],
            resolved["binding"],
            resolved["profile"]["content_hash"],
        )
    assert (listed[-1]["version"], listed[-1]["active_profile_id"]) == (1, "my_profile_v2")


async def test_lists_of_a_client_follow_who_may_use_a_profile(api: Api) -> None:
    async def listed(client: str) -> tuple[bool, bool]:
        short = (await api.get(f"/v1/profiles?client={client}")).json["profiles"]
        bound = (await api.get(f"/v1/clients/{client}/profiles")).json["profiles"]
        return (
            any(line["profile_id"] == "my_profile" for line in short),
            any(line["slug"] == "my_profile" for line in bound),
        )

    await api.create(draft_for("diageo"))
    alone = [await listed("diageo"), await listed("loreal")]
    await api.save("my_profile", visible_to_clients=["loreal"])
    moved = [await listed("diageo"), await listed("loreal")]
    await api.save("my_profile", visibility="all")
    open_to_all = [await listed("diageo"), await listed("loreal")]

    there, absent = (True, True), (False, False)
    assert (alone, moved, open_to_all) == ([there, absent], [absent, there], [there, there])


async def test_run_role_cannot_delete_or_write_a_foreign_binding(api: Api, run: Pool) -> None:
    await two_versions(api)
    await pin(api, 1)

    with pytest.raises(Exception, match="permission denied"):
        async with transaction(run) as db:
            await db.execute("DELETE FROM client_binding")
    with pytest.raises(Exception, match="row-level security"):
        async with transaction(run, ["loreal"]) as db:
            await db.execute("INSERT INTO client_binding VALUES ('diageo', 'diageo_packaging', 1)")
    async with transaction(run, ["loreal"]) as db:
        tag = await db.execute("UPDATE client_binding SET pinned_version = 2")
    assert tag == "UPDATE 0"


async def test_client_that_wants_approval_is_pinned_to_what_was_live_only(
    api: Api, owner: Pool
) -> None:
    await two_versions(api)
    await api.call("PUT", "/v1/clients/diageo", ADMIN, {"approval_required": True})
    async with transaction(owner) as db:
        await db.execute(
            "UPDATE profile SET last_version = 3, revision = revision + 1 WHERE slug = 'my_profile'"
        )
        await db.execute(
            "INSERT INTO profile_version (slug, version, name, description, pass_threshold, checks,"
            " check_count, content_hash, scoring_hash, based_on, replaced, created_by) "
            "SELECT slug, 3, name, description, 99, checks, check_count, content_hash, "
            "scoring_hash, 1, 1, 'x' FROM profile_version WHERE slug = 'my_profile' AND version = 1"
        )

    never_live, live = await pin(api, 3), await pin(api, 1)

    assert (never_live.status, never_live.json["code"]) == (409, "approval_needed")
    assert live.status == 200
    loreal = await pin(api, 3, "/v1/clients/loreal/bindings/my_profile", ADMIN)
    assert loreal.status == 200
