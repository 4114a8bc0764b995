"""Writing drafts, over HTTP and into a real database."""

from typing import Any

import pytest

from libs.contracts.access import Actor, Role
from libs.postgres import Pool, transaction
from tests.factories import user
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.drafts.conftest import (
    OTHER,
    SLUG,
    apply,
    get,
    make,
    review,
    rewrite,
    withdraw,
)
from tests.profiles.factories import draft_for, judged


async def test_a_draft_changes_nothing_and_tells_what_it_would(api: Api, guarded: str) -> None:
    made = await make(api, title="Stricter", pass_threshold=90, name="Renamed")

    told = await get(api, made, VIEWER)

    assert (told["state"], told["approval"], told["outdated"]) == ("open", "needed", False)
    assert (told["title"], told["authors"]) == ("Stricter", ["dora"])
    assert (told["base_profile_id"], told["content"]["pass_threshold"]) == (SLUG, 90)
    assert list(told["content"]["checks"]) == ["call_to_action", "image_resolution"]
    assert told["change_class"] == "scoring"
    assert {one["path"] for one in told["differences"]} == {"name", "pass_threshold"}
    assert len((await api.get(f"/v1/profiles/{SLUG}/versions")).json["versions"]) == 1


async def test_what_a_draft_says_hashes_like_the_version_that_it_becomes(
    api: Api, guarded: str
) -> None:
    made = await make(api)
    await review(api, made)

    applied = await apply(api, made)

    version = (await api.get(f"/v1/profiles/{applied.json['profile_id']}")).json
    assert version["content_hash"] == made["content_hash"] == made["draft_hash"]
    assert version["scoring_hash"] == made["scoring_hash"]


async def test_a_draft_without_a_change_is_refused(api: Api, guarded: str) -> None:
    for edit in ({}, {"pass_threshold": 85.0}):
        body = {"profile_id": SLUG, "edit": edit}
        answer = await api.call("POST", "/v1/drafts", EDITOR, body)
        assert (answer.status, answer.json["code"]) == (422, "no_changes")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"profile_id": SLUG, "edit": {"checks": {}}}, 422),
        ({"profile_id": SLUG, "edit": {"nmae": "x"}}, 422),
        ({"profile_id": SLUG, "edit": {"description": "a\x00b"}}, 422),
        ({"profile_id": SLUG, "title": "a\nb", "edit": {"name": "x"}}, 422),
        ({"profile_id": f"{SLUG}_v7", "edit": {"name": "x"}}, 404),
        ({"profile_id": "Ä", "edit": {"name": "x"}}, 404),
        ({"profile_id": SLUG, "edit": {"visible_to_clients": ["diageo", "acme"]}}, 404),
    ],
)
async def test_a_bad_draft_is_refused(
    api: Api, guarded: str, body: dict[str, Any], status: int
) -> None:
    assert (await api.call("POST", "/v1/drafts", EDITOR, body)).status == status


@pytest.mark.parametrize(("actor", "status"), [(VIEWER, 403), (STRANGER, 404), (OTHER, 201)])
async def test_who_may_draft(api: Api, guarded: str, actor: Actor, status: int) -> None:
    body = {"profile_id": SLUG, "edit": {"name": "x"}}

    assert (await api.call("POST", "/v1/drafts", actor, body)).status == status


async def test_a_strangers_draft_looks_absent(api: Api, guarded: str, run: Pool) -> None:
    made = await make(api)

    answers = [
        await api.get(f"/v1/drafts/{made['draft_id']}", STRANGER),
        await rewrite(api, made, STRANGER, title="mine"),
        await review(api, made, actor=STRANGER),
        await apply(api, made, STRANGER),
        await withdraw(api, made, STRANGER),
    ]

    assert {(one.status, one.json["code"]) for one in answers} == {(404, "unknown_draft")}
    assert (await api.get("/v1/drafts", STRANGER)).json["drafts"] == []
    assert (await api.get("/v1/drafts?client=diageo", STRANGER)).status == 404
    async with transaction(run, ["loreal"]) as db:
        assert await db.fetchval("SELECT count(*) FROM draft") == 0
        assert await db.fetchval("SELECT count(*) FROM draft_review") == 0


async def test_a_viewer_reads_a_draft_and_changes_none(api: Api, guarded: str) -> None:
    made = await make(api)

    assert (await api.get(f"/v1/drafts/{made['draft_id']}", VIEWER)).status == 200
    for answer in (
        await rewrite(api, made, VIEWER, title="x"),
        await review(api, made, actor=VIEWER),
        await apply(api, made, VIEWER),
        await withdraw(api, made, VIEWER),
    ):
        assert answer.status == 403


async def test_an_edit_changes_what_the_draft_says(api: Api, guarded: str) -> None:
    made = await make(api, pass_threshold=90)

    edited = await rewrite(api, made, OTHER, edit={"name": "Renamed"})
    again = await rewrite(api, made, OTHER, edit={"name": "Renamed"})

    assert (edited.json["content"]["pass_threshold"], edited.json["content"]["name"]) == (
        90,
        "Renamed",
    )
    assert edited.json["authors"] == ["dora", "otto"]
    assert edited.json["draft_hash"] != made["draft_hash"]
    assert edited.headers["ETag"] == again.headers["ETag"] != made["etag"]


async def test_a_stale_edit_of_a_draft_is_refused(api: Api, guarded: str) -> None:
    made = await make(api)
    await rewrite(api, made, title="Other")

    answer = await rewrite(api, made, tag=made["etag"], edit={"name": "Mine"})

    assert (answer.status, answer.json["code"]) == (412, "stale_draft")


async def test_a_new_base_keeps_what_the_draft_changes(api: Api) -> None:
    await api.create(draft_for("diageo"))
    made = await make(api, pass_threshold=90)
    await api.save(SLUG, name="Renamed")
    assert (await get(api, made))["outdated"] is True

    moved = (await rewrite(api, made, profile_id=f"{SLUG}_v2")).json

    assert (moved["outdated"], moved["base_profile_id"]) == (False, f"{SLUG}_v2")
    assert (moved["content"]["name"], moved["content"]["pass_threshold"]) == ("Renamed", 90)
    assert [one["path"] for one in moved["differences"]] == ["pass_threshold"]


async def test_a_new_base_that_changed_the_same_is_a_conflict(api: Api) -> None:
    await api.create(draft_for("diageo"))
    made = await make(api, pass_threshold=90)
    await api.save(SLUG, pass_threshold=10)

    answer = await rewrite(api, made, profile_id=f"{SLUG}_v2")

    assert (answer.status, answer.json["code"]) == (409, "draft_conflict")
    assert answer.json["conflicts"][0]["path"] == "pass_threshold"


async def test_a_base_of_another_profile_is_refused(api: Api, guarded: str) -> None:
    made = await make(api)

    answer = await rewrite(api, made, ADMIN, profile_id="general_key_visual")

    assert (answer.status, answer.json["code"]) == (422, "other_profile")


async def test_drafts_are_listed_by_client_profile_and_state_in_pages(
    api: Api, guarded: str
) -> None:
    await api.create(draft_for("loreal", name="Theirs"))
    ours = [await make(api, pass_threshold=n) for n in (1, 2, 3)]
    await make(api, ADMIN, "theirs")
    await withdraw(api, ours[0])

    async def ids(query: str) -> list[str]:
        listed = (await api.get(f"/v1/drafts?{query}")).json
        return [one["draft_id"] for one in listed["drafts"]]

    assert len(await ids("")) == 4
    assert await ids("client=diageo&state=open") == [ours[2]["draft_id"], ours[1]["draft_id"]]
    assert await ids(f"profile={SLUG}&state=withdrawn") == [ours[0]["draft_id"]]
    first = (await api.get("/v1/drafts?limit=3")).json
    assert await ids(f"limit=3&cursor={first['next_cursor']}") == [ours[0]["draft_id"]]
    assert (await api.get("/v1/drafts?state=lost")).status == 422
    assert (await api.get("/v1/drafts?profile=a%20b")).status == 404


async def test_a_draft_of_an_archived_profile_waits(api: Api, guarded: str, owner: Pool) -> None:
    made = await make(api)
    async with transaction(owner) as db:
        await db.execute(
            "UPDATE profile SET archived_at = now(), archived_by = 'x', revision = revision + 1 "
            "WHERE slug = 'my_profile'"
        )

    answer = await review(api, made)

    assert (answer.status, answer.json["code"]) == (409, "profile_archived")


async def test_a_draft_may_say_who_uses_the_profile(api: Api, guarded: str) -> None:
    both = user("bea", {"diageo": Role.EDITOR, "loreal": Role.EDITOR})
    made = await make(api, both, visible_to_clients=["loreal", "diageo"])
    assert made["visible_to_clients"] == ["diageo", "loreal"]
    assert (await get(api, made, VIEWER))["visible_to_clients"] == ["diageo"]
    await review(api, made)

    applied = await apply(api, made, both)

    assert applied.json["message"] == "Visibility updated; still version 1"
    told = await get(api, made)
    assert (told["state"], told["applied_profile_id"]) == ("applied", SLUG)
    assert (await api.get(f"/v1/profiles/{SLUG}", STRANGER)).status == 200


async def test_every_change_of_a_draft_leaves_one_audit_row(
    api: Api, guarded: str, owner: Pool
) -> None:
    made = await make(api)
    edited = (await rewrite(api, made, edit={"checks": {"cta": judged()}})).json
    await review(api, edited, "comment", note="why?")
    await review(api, edited)
    await apply(api, edited)

    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT revision, action, actor, details FROM audit_event "
            "WHERE object_kind = 'draft' ORDER BY revision"
        )
    assert [(row["revision"], row["action"], row["actor"]) for row in rows] == [
        (1, "draft.create", "dora"),
        (2, "draft.edit", "dora"),
        (3, "draft.comment", "otto"),
        (4, "draft.approve", "otto"),
        (5, "draft.apply", "dora"),
    ]
    assert rows[-1]["details"]["approved_by"] == ["otto"]
