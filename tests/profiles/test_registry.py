"""Changing the registry, over HTTP and into a real database."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for, judged


async def test_creating_answers_in_the_old_form(api: Api) -> None:
    answer = await api.call("POST", "/v1/profiles", ADMIN, draft())

    assert answer.status == 201
    assert answer.json == {
        "status": "success",
        "message": 'Profile "My profile" created',
        "profile_id": "my_profile",
        "visibility": "all",
        "version": 1,
        "etag": '"my_profile.1"',
    }
    assert answer.headers["ETag"] == '"my_profile.1"'


async def test_saving_answers_in_the_old_form(api: Api) -> None:
    await api.create(draft())

    answer = await api.save("my_profile", if_match='"my_profile.1"', pass_threshold=90)

    assert answer.status == 200
    assert answer.json == {
        "status": "success",
        "message": 'Profile updated to version 2. Original kept as "my_profile"',
        "profile_id": "my_profile_v2",
        "previous_profile_id": "my_profile",
        "version": 2,
        "changed": True,
        "change_class": "scoring",
        "repointed_clients": ["diageo", "general", "loreal", "unilever"],
        "pinned_clients": [],
        "etag": '"my_profile_v2.2"',
        "warnings": [],
    }


async def test_a_save_inherits_what_it_leaves_out_from_the_version_in_the_path(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", name="Renamed", pass_threshold=90)

    await api.save("my_profile", description="From the first")

    third = (await api.get("/v1/profiles/my_profile_v3")).json
    assert (third["name"], third["pass_threshold"]) == ("My profile", 85)
    assert third["description"] == "From the first"
    assert third["previous_version"] == "my_profile"


async def test_a_save_without_a_change_makes_no_version(api: Api, owner: Pool) -> None:
    await api.create(draft())
    reordered = dict(reversed(draft()["checks"].items()))

    same = await api.save("my_profile", **draft(pass_threshold=85.0, checks=reordered))
    empty = await api.save("my_profile")

    for answer in (same, empty):
        assert answer.status == 200
        assert answer.json["message"] == "No changes; still version 1"
        assert (answer.json["changed"], answer.json["profile_id"]) == (False, "my_profile")
    assert [event["revision"] for event in await audit_of(owner, "my_profile")] == [1]


async def test_the_same_save_sent_twice_makes_one_version(api: Api) -> None:
    await api.create(draft())

    first = await api.save("my_profile", pass_threshold=90)
    again = await api.save("my_profile", pass_threshold=90)

    assert (first.json["profile_id"], first.json["changed"]) == ("my_profile_v2", True)
    assert (again.json["profile_id"], again.json["changed"]) == ("my_profile_v2", False)


async def test_an_old_version_saved_again_is_a_new_version(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)

    back = await api.save("my_profile", pass_threshold=85)

    assert back.json["profile_id"] == "my_profile_v3"
    first = (await api.get("/v1/profiles/my_profile")).json
    third = (await api.get("/v1/profiles/my_profile_v3")).json
    assert third["content_hash"] == first["content_hash"]


async def test_a_save_on_an_old_version_without_if_match_warns(api: Api, owner: Pool) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)

    answer = await api.save("my_profile", name="Renamed")

    assert answer.status == 200
    assert "my_profile was not the active version" in answer.json["warnings"][0]
    assert (await audit_of(owner, "my_profile"))[-1]["details"]["stale_base"] is True


async def test_a_stale_if_match_is_refused_and_writes_nothing(api: Api) -> None:
    await api.create(draft())
    loaded = await api.get("/v1/profiles/my_profile")
    await api.save("my_profile", pass_threshold=90)

    answer = await api.save("my_profile", if_match=loaded.headers["ETag"], name="Mine")

    assert answer.status == 412
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json["code"] == "stale_save"
    assert "my_profile_v2 is the active version by now, made so by ada" in answer.json["detail"]
    versions = await api.get("/v1/profiles/my_profile/versions")
    assert len(versions.json["versions"]) == 2


async def test_a_fresh_if_match_saves_without_a_warning(api: Api) -> None:
    await api.create(draft())
    etag = (await api.save("my_profile", pass_threshold=90)).headers["ETag"]

    answer = await api.save("my_profile_v2", if_match=etag, name="Mine")

    assert (answer.status, answer.json["version"], answer.json["warnings"]) == (200, 3, [])
    assert answer.json["previous_profile_id"] == "my_profile_v2"


async def test_racing_namesakes_become_one_profile(api: Api) -> None:
    answers = await asyncio.gather(
        *(api.call("POST", "/v1/profiles", ADMIN, draft()) for _ in range(8))
    )

    assert Counter(answer.status for answer in answers) == {201: 1, 409: 7}


async def test_a_name_that_is_taken_is_a_conflict(api: Api) -> None:
    await api.create(draft())

    answer = await api.call("POST", "/v1/profiles", ADMIN, draft(name="my PROFILE"))

    assert (answer.status, answer.json["code"]) == (409, "profile_exists")


async def test_a_profile_named_like_a_version_takes_no_version_id(api: Api) -> None:
    await api.create(draft())

    assert await api.create(draft(name="My profile v2")) == "my_profile_v2_p"
    assert (await api.save("my_profile", name="X")).json["profile_id"] == "my_profile_v2"


@pytest.mark.parametrize("profile_id", ["my_profile_v2", "my_profile_v1", "my_profile_v02", "Ä"])
async def test_a_version_that_never_was_cannot_be_saved(api: Api, profile_id: str) -> None:
    await api.create(draft())

    assert (await api.save(profile_id, name="Mine")).status == 404


async def test_who_may_use_a_profile_changes_without_a_version(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", EDITOR, pass_threshold=90)

    answer = await api.save(
        "my_profile_v2", ADMIN, visible_to_clients=["loreal"], if_match='"my_profile_v2.2"'
    )

    assert answer.json["message"] == "Visibility updated; still version 2"
    assert (answer.json["changed"], answer.json["version"]) == (True, 2)
    assert answer.json["etag"] == '"my_profile_v2.3"'
    for version in ("my_profile", "my_profile_v2"):
        assert (await api.get(f"/v1/profiles/{version}", EDITOR)).status == 404
        assert (await api.get(f"/v1/profiles/{version}", STRANGER)).status == 200


async def test_every_change_leaves_one_audit_row(api: Api, owner: Pool) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", EDITOR, pass_threshold=90)
    await api.save("my_profile_v2", ADMIN, visible_to_clients=["loreal"])
    await api.save("my_profile_v2", VIEWER, name="not allowed")

    created, saved, shared = await audit_of(owner, "my_profile")

    assert [e["action"] for e in (created, saved, shared)] == [
        "profile.create",
        "profile.save",
        "profile.visibility",
    ]
    assert [e["actor"] for e in (created, saved, shared)] == ["dora", "dora", "ada"]
    assert created["before_hash"] is None
    assert created["after_hash"] == saved["before_hash"] != saved["after_hash"]
    assert saved["after_hash"] == shared["before_hash"] != shared["after_hash"]
    assert saved["details"] == {
        "version": 2,
        "based_on": 1,
        "stale_base": False,
        "unguarded": True,
        "content_hash": (await api.get("/v1/profiles/my_profile_v2", STRANGER)).json[
            "content_hash"
        ],
    }
    assert shared["details"]["before"]["visible_to_clients"] == ["diageo"]
    assert all(len(e["request_id"]) >= 8 for e in (created, saved, shared))


async def test_every_move_of_the_active_pointer_is_kept(api: Api, owner: Pool) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", EDITOR, pass_threshold=90)
    await api.save("my_profile_v2", EDITOR, visible_to_clients=["diageo"], name="Mine")

    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT version, reason, activated_by FROM activation WHERE slug = 'my_profile' "
            "ORDER BY activated_at"
        )

    assert [tuple(row) for row in rows] == [
        (1, "create", "dora"),
        (2, "save", "dora"),
        (3, "save", "dora"),
    ]


async def test_the_order_of_checks_and_every_number_come_back_as_they_were_sent(api: Api) -> None:
    parameters = {"ratio": 1.0, "list": [1, 2.50, 1e-7], "deep": {"z": 1, "a": 2}}
    checks = {f"check_{n}": judged(parameters=parameters) for n in (3, 1, 2)}
    await api.create(draft(checks=checks))

    stored = (await api.get("/v1/profiles/my_profile")).json["checks"]

    assert list(stored) == ["check_3", "check_1", "check_2"]
    assert list(stored["check_1"]["parameters"]["deep"]) == ["z", "a"]
    assert stored["check_1"]["parameters"] == parameters


async def audit_of(owner: Pool, slug: str) -> list[dict[str, Any]]:
    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT * FROM audit_event WHERE object_id = $1 ORDER BY revision", slug
        )
    return [dict(row) for row in rows]
