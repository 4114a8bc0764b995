"""Who approves a draft, what an approval is of, and what applying it does."""

import asyncio
from collections import Counter

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.activations.conftest import active, want_approval
from tests.profiles.conftest import ADMIN, EDITOR, Api
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
from tests.profiles.factories import draft, draft_for


async def test_an_approved_draft_becomes_the_active_version_once(api: Api, guarded: str) -> None:
    made = await make(api, title="Stricter")
    assert (await review(api, made)).json["approval"] == "approved"

    applied, again = await apply(api, made), await apply(api, made)

    assert applied.status == 200
    assert applied.json["message"] == f'Profile updated to version 2. Original kept as "{SLUG}"'
    assert (again.status, again.json["code"]) == (409, "draft_over")
    assert await active(api) == 2
    move = (await api.get(f"/v1/profiles/{SLUG}/activations")).json["activations"][0]
    assert (move["reason"], move["note"]) == ("approve", "Stricter")
    told = await get(api, made)
    assert (told["state"], told["applied_profile_id"], told["ended_by"]) == (
        "applied", f"{SLUG}_v2", "dora",
    )  # fmt: skip


async def test_without_an_approval_nothing_is_applied(api: Api, guarded: str) -> None:
    made = await make(api)
    await review(api, made, "comment", note="looks good")

    answer = await apply(api, made)

    assert (answer.status, answer.json["code"]) == (409, "approval_needed")
    assert await active(api) == 1


async def test_a_client_that_wants_no_approval_needs_none(api: Api) -> None:
    await api.create(draft_for("diageo"))
    made = await make(api)

    assert made["approval"] == "not_needed"
    assert (await apply(api, made)).status == 200


async def test_a_rejected_draft_is_not_applied_even_where_none_asks(api: Api) -> None:
    await api.create(draft_for("diageo"))
    made = await make(api)
    await review(api, made, "reject", note="no")

    answer = await apply(api, made)

    assert (answer.status, answer.json["code"]) == (409, "draft_rejected")


@pytest.mark.parametrize("actor", [EDITOR, ADMIN])
async def test_nobody_approves_what_they_wrote(api: Api, guarded: str, actor) -> None:  # type: ignore[no-untyped-def]
    made = await make(api, actor)

    answer = await review(api, made, actor=actor)

    assert (answer.status, answer.json["code"]) == (403, "own_draft")
    assert (await review(api, made, "reject", actor)).status == 403
    assert (await review(api, made, "comment", actor, note="please look")).status == 201


async def test_whoever_edits_a_draft_cannot_approve_it_any_more(api: Api, guarded: str) -> None:
    made = await make(api, pass_threshold=90)
    await review(api, made)
    await rewrite(api, made, OTHER, edit={"name": "Renamed"})
    back = (await rewrite(api, made, OTHER, edit={"name": "My profile"})).json

    assert back["draft_hash"] == made["draft_hash"]
    assert back["approval"] == "needed"
    assert (await review(api, back)).json["code"] == "own_draft"
    assert (await apply(api, back)).json["code"] == "approval_needed"


async def test_an_edit_voids_the_approval(api: Api, guarded: str) -> None:
    made = await make(api)
    await review(api, made)

    edited = (await rewrite(api, made, edit={"pass_threshold": 10})).json

    assert (edited["approval"], edited["reviews"][0]["counts"]) == ("needed", False)
    assert (await apply(api, edited)).json["code"] == "approval_needed"
    assert await active(api) == 1


async def test_another_title_keeps_the_approval(api: Api, guarded: str) -> None:
    made = await make(api)
    await review(api, made)

    assert (await rewrite(api, made, title="Better words")).json["approval"] == "approved"


async def test_an_approval_is_of_what_was_looked_at(api: Api, guarded: str) -> None:
    made = await make(api)
    edited = (await rewrite(api, made, edit={"pass_threshold": 10})).json

    late = await review(api, made)
    blind = await review(api, made, draft_hash=None)

    assert (late.status, late.json["code"]) == (409, "draft_changed")
    assert late.json["draft_hash"] == edited["draft_hash"]
    assert (blind.status, blind.json["code"]) == (422, "hash_needed")


async def test_one_no_outweighs_a_yes_until_it_is_taken_back(api: Api, guarded: str) -> None:
    made = await make(api)
    await review(api, made, actor=ADMIN)
    rejected = await review(api, made, "reject", note="too strict")
    assert rejected.json["approval"] == "rejected"
    assert (await apply(api, made)).json["code"] == "draft_rejected"

    await review(api, made, "approve")

    assert (await apply(api, made)).status == 200


async def test_an_outdated_draft_is_not_applied(api: Api, guarded: str, owner: Pool) -> None:
    made = await make(api, pass_threshold=90)
    await review(api, made)
    await want_approval(owner, "diageo", False)
    await api.save(SLUG, name="Renamed")
    await want_approval(owner, "diageo")

    outdated = await apply(api, made)
    moved = (await rewrite(api, made, profile_id=f"{SLUG}_v2")).json

    assert (outdated.status, outdated.json["code"]) == (409, "draft_outdated")
    assert moved["approval"] == "needed"
    await review(api, moved)
    assert (await apply(api, moved)).json["profile_id"] == f"{SLUG}_v3"


async def test_of_racing_applies_one_wins(api: Api, guarded: str) -> None:
    made = await make(api)
    await review(api, made)

    answers = await asyncio.gather(*(apply(api, made) for _ in range(8)))

    assert Counter(answer.status for answer in answers) == {200: 1, 409: 7}
    assert len((await api.get(f"/v1/profiles/{SLUG}/versions")).json["versions"]) == 2


async def test_of_two_drafts_of_one_version_the_second_waits(api: Api, guarded: str) -> None:
    first, second = await make(api, pass_threshold=1), await make(api, name="Renamed")
    await review(api, first)
    await review(api, second)

    answers = await asyncio.gather(apply(api, first), apply(api, second))

    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_a_withdrawn_draft_is_over(api: Api, guarded: str) -> None:
    made = await make(api)
    withdrawn = await withdraw(api, made, OTHER)

    assert (withdrawn.json["state"], withdrawn.json["ended_by"]) == ("withdrawn", "otto")
    for answer in (
        await rewrite(api, made, title="x"),
        await review(api, made),
        await apply(api, made),
        await withdraw(api, made),
    ):
        assert (answer.status, answer.json["code"]) == (409, "draft_over")


async def test_the_last_client_to_want_it_counts_for_all(api: Api, owner: Pool) -> None:
    await api.create(draft())
    made = await make(api, ADMIN)
    assert made["approval"] == "not_needed"
    await want_approval(owner, "loreal")

    assert (await apply(api, made, ADMIN)).json["code"] == "approval_needed"


async def test_a_client_that_is_added_has_its_say(api: Api, owner: Pool) -> None:
    await api.create(draft_for("diageo"))
    await want_approval(owner, "loreal")
    made = await make(api, ADMIN, visible_to_clients=["diageo", "loreal"])

    assert made["approval"] == "needed"
    assert (await apply(api, made, ADMIN)).json["code"] == "approval_needed"


async def test_the_database_itself_refuses_self_approval(api: Api, guarded: str, run: Pool) -> None:
    made = await make(api)
    add = (
        "INSERT INTO draft_review (draft_id, revision, verdict, draft_hash, reviewed_by) "
        "VALUES ($1::text::uuid, 9, 'approve', $2, $3)"
    )
    for who, hashed in (("dora", made["draft_hash"]), ("otto", "0" * 64)):
        with pytest.raises(Exception, match="an author cannot review"):
            async with transaction(run, ["diageo"]) as db:
                await db.execute(add, made["draft_id"], hashed, who)
    end = (
        "UPDATE draft SET state = 'applied', applied_version = 1, ended_at = now(), "
        "ended_by = 'dora', revision = revision + 1"
    )
    for clients in (["diageo"], None):
        with pytest.raises(Exception, match="nobody but its authors approved"):
            async with transaction(run, clients) as db:
                await db.execute(end)


@pytest.mark.parametrize(
    "change",
    [
        "authors = '{otto}', revision = revision + 1",
        "title = 'same revision'",
        "draft_hash = repeat('0', 64), modified_by = 'otto', revision = revision + 1",
    ],
)
async def test_the_database_keeps_a_drafts_authors_and_count(
    api: Api, guarded: str, run: Pool, change: str
) -> None:
    await make(api)

    with pytest.raises(Exception, match="its authors stay authors"):
        async with transaction(run) as db:
            await db.execute(f"UPDATE draft SET {change}")


async def test_reviews_and_ended_drafts_stay_as_they_are(api: Api, guarded: str, run: Pool) -> None:
    made = await make(api)
    await review(api, made)
    await withdraw(api, made)

    for statement in (
        "UPDATE draft_review SET verdict = 'reject'",
        "DELETE FROM draft_review",
        "DELETE FROM draft",
        "UPDATE draft SET created_by = 'x'",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with transaction(run) as db:
                await db.execute(statement)
    with pytest.raises(Exception, match="a draft that has ended"):
        async with transaction(run) as db:
            await db.execute("UPDATE draft SET title = 'x', revision = revision + 1")
    async with transaction(run, ["loreal"]) as db:
        assert await db.execute("UPDATE draft SET title = 'x'") == "UPDATE 0"
