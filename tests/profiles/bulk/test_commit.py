"""Committing and undoing bulk edits: all or nothing, and once."""

import asyncio
from collections import Counter

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.bulk.test_plan import BULK, NEW, OLD, SWAP, plan, using
from tests.profiles.conftest import ADMIN, EDITOR, Answer, Api, Json
from tests.profiles.factories import draft, draft_for

NAMES = ("one", "two", "three")


async def three(api: Api) -> str:
    """Three profiles of diageo with the old model, and the plan to swap it."""
    for name in NAMES:
        await api.create(draft_for("diageo", name=name, checks=using(OLD)), EDITOR)
    answer = await plan(api, SWAP, actor=EDITOR, note="It shuts down.")
    assert answer.status == 201, answer.json
    bulk_id: str = answer.json["bulk_id"]
    return bulk_id


async def step(api: Api, bulk_id: str, name: str) -> Answer:
    return await api.call("POST", f"{BULK}/{bulk_id}/{name}", EDITOR)


async def model_of(api: Api, slug: str) -> str:
    resolved = await api.get(f"/v1/clients/diageo/resolve/{slug}")
    model: str = resolved.json["profile"]["checks"]["call"]["models"][0]
    return model


async def audit(owner: Pool) -> list[Json]:
    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT object_id, action, actor, details FROM audit_event "
            "WHERE object_id = ANY ($1) AND action <> 'profile.create' ORDER BY at",
            list(NAMES),
        )
    return [dict(row) for row in rows]


async def test_a_commit_saves_all_and_an_undo_brings_all_back(api: Api) -> None:
    bulk_id = await three(api)

    committed = await step(api, bulk_id, "commit")

    assert (committed.status, committed.json["state"], committed.json["changed"]) == (
        200,
        "committed",
        True,
    )
    assert {item["profile_id"] for item in committed.json["items"]} == {f"{n}_v2" for n in NAMES}
    assert {await model_of(api, name) for name in NAMES} == {NEW}

    undone = await step(api, bulk_id, "undo")

    assert (undone.status, undone.json["state"]) == (200, "undone")
    assert (undone.json["committed_by"], undone.json["undone_by"]) == ("dora", "dora")
    assert {await model_of(api, name) for name in NAMES} == {OLD}
    for name in NAMES:
        history = (await api.get(f"/v1/profiles/{name}/versions")).json["versions"]
        assert [(line["version"], line["active"]) for line in history] == [(2, False), (1, True)]


async def test_the_audit_binds_the_changes_of_one_bulk_edit_together(api: Api, owner: Pool) -> None:
    bulk_id = await three(api)
    await step(api, bulk_id, "commit")
    await step(api, bulk_id, "undo")

    events = await audit(owner)

    assert Counter(event["action"] for event in events) == {"profile.bulk": 3, "profile.undo": 3}
    assert {event["details"]["bulk_edit"] for event in events} == {bulk_id}
    assert {event["details"]["note"] for event in events} == {"It shuts down."}


async def test_the_plan_made_and_the_plan_committed_are_the_same(api: Api) -> None:
    bulk_id = await three(api)
    planned = (await api.get(f"{BULK}/{bulk_id}", EDITOR)).json
    await step(api, bulk_id, "commit")

    for item, before in zip(
        (await api.get(f"{BULK}/{bulk_id}", EDITOR)).json["items"], planned["items"], strict=True
    ):
        made = item.pop("profile_id")
        told = (await api.get(f"/v1/profiles/{before['base_profile_id']}/diff/{made}")).json
        assert told["differences"] == before["differences"]
        assert item == {key: value for key, value in before.items() if key != "profile_id"}


@pytest.mark.parametrize("name", ["commit", "undo"])
async def test_each_step_happens_once_however_often_it_is_sent(
    api: Api, owner: Pool, name: str
) -> None:
    bulk_id = await three(api)
    if name == "undo":
        await step(api, bulk_id, "commit")
    before = len(await audit(owner))

    answers = await asyncio.gather(*(step(api, bulk_id, name) for _ in range(6)))

    assert [answer.status for answer in answers] == [200] * 6
    assert Counter(answer.json["changed"] for answer in answers) == {True: 1, False: 5}
    assert len(await audit(owner)) == before + 3


async def test_a_base_that_moved_stops_the_whole_commit(api: Api, owner: Pool) -> None:
    bulk_id = await three(api)
    await api.save("two", EDITOR, pass_threshold=12)

    shown = (await api.get(f"{BULK}/{bulk_id}", EDITOR)).json
    refused = await step(api, bulk_id, "commit")

    assert {item["profile"] for item in shown["items"] if item["stale"]} == {"two"}
    assert (refused.status, refused.json["code"]) == (409, "bulk_stale")
    assert refused.json["profiles"] == ["two"]
    assert {await model_of(api, name) for name in NAMES} == {OLD}
    assert [event["action"] for event in await audit(owner)] == ["profile.save"]
    assert (await api.get(f"{BULK}/{bulk_id}", EDITOR)).json["state"] == "planned"


async def test_a_profile_archived_or_opened_to_others_since_stops_the_commit(api: Api) -> None:
    bulk_id = await three(api)
    await api.save("one", ADMIN, visible_to_clients=["diageo", "loreal"])
    await api.call("DELETE", "/v1/profiles/two", EDITOR)

    refused = await api.call("POST", f"{BULK}/{bulk_id}/commit", ADMIN)

    assert (refused.status, refused.json["profiles"]) == (409, ["one", "two"])


async def test_an_undo_is_refused_when_somebody_saved_since(api: Api) -> None:
    bulk_id = await three(api)
    await step(api, bulk_id, "commit")
    await api.save("three_v2", EDITOR, pass_threshold=12)

    refused = await step(api, bulk_id, "undo")

    assert (refused.status, refused.json["code"]) == (409, "bulk_stale")
    assert refused.json["profiles"] == ["three"]
    assert {await model_of(api, name) for name in NAMES} == {NEW}


async def test_only_what_was_committed_is_undone_and_what_was_undone_stays(api: Api) -> None:
    bulk_id = await three(api)

    early = await step(api, bulk_id, "undo")
    await step(api, bulk_id, "commit")
    await step(api, bulk_id, "undo")
    again = await step(api, bulk_id, "commit")

    assert (early.status, early.json["code"]) == (409, "bulk_not_committed")
    assert (again.status, again.json["code"]) == (409, "bulk_undone")


async def test_a_commit_that_fails_halfway_leaves_nothing(api: Api, owner: Pool) -> None:
    bulk_id = await three(api)
    async with transaction(owner) as db:
        await db.execute(
            "ALTER TABLE activation ADD CONSTRAINT broken CHECK "
            "(NOT (slug = 'two' AND reason = 'bulk')) NOT VALID"
        )
    try:
        failed = await step(api, bulk_id, "commit")
    finally:
        async with transaction(owner) as db:
            await db.execute("ALTER TABLE activation DROP CONSTRAINT broken")

    assert failed.status == 500
    assert {await model_of(api, name) for name in NAMES} == {OLD}
    assert await audit(owner) == []
    assert (await step(api, bulk_id, "commit")).json["changed"] is True


async def test_two_plans_for_the_same_profiles_do_not_both_commit(api: Api) -> None:
    first = await three(api)
    second = (await plan(api, SWAP, actor=EDITOR)).json["bulk_id"]

    answers = await asyncio.gather(*(step(api, one, "commit") for one in (first, second)))

    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_saves_and_commits_at_once_leave_dense_versions(api: Api) -> None:
    bulk_id = await three(api)

    await asyncio.gather(
        *(api.save(name, EDITOR, pass_threshold=n) for name in NAMES for n in range(1, 5)),
        step(api, bulk_id, "commit"),
    )

    for name in NAMES:
        history = (await api.get(f"/v1/profiles/{name}/versions")).json["versions"]
        numbers = [line["version"] for line in history]
        assert numbers == list(range(len(numbers), 0, -1))


async def test_a_client_that_wants_approval_stops_the_commit(api: Api, owner: Pool) -> None:
    bulk_id = await three(api)
    async with transaction(owner) as db:
        await db.execute(
            "UPDATE client SET approval_required = true, revision = revision + 1 "
            "WHERE client_id = 'diageo'"
        )

    shown = (await api.get(f"{BULK}/{bulk_id}", EDITOR)).json["items"]
    refused = await step(api, bulk_id, "commit")

    assert {item["state"] for item in shown} == {"refused"}
    assert (refused.status, refused.json["code"]) == (409, "approval_needed")


async def test_a_plan_and_its_steps_stay_as_they_were_written(
    api: Api, run: Pool, owner: Pool
) -> None:
    bulk_id = await three(api)
    await step(api, bulk_id, "commit")

    for table in ("bulk_edit", "bulk_item", "bulk_step", "bulk_result"):
        for pool, clients in ((run, ["loreal"]), (run, [])):
            async with transaction(pool, clients) as db:
                assert await db.fetchval(f"SELECT count(*) FROM {table}") == 0
        async with transaction(run, ["diageo"]) as db:
            assert await db.fetchval(f"SELECT count(*) FROM {table}") > 0
        with pytest.raises(Exception, match="permission denied"):
            async with transaction(run) as db:
                await db.execute(f"DELETE FROM {table}")
        with pytest.raises(Exception, match="stay as they were"):
            async with transaction(owner) as db:
                await db.execute(f"DELETE FROM {table}")


async def test_a_transaction_cannot_plan_for_others(api: Api, run: Pool) -> None:
    for clients in ("{loreal}", "{diageo,loreal}", "{*}"):
        with pytest.raises(Exception, match="row-level security"):
            async with transaction(run, ["diageo"]) as db:
                await db.execute(
                    "INSERT INTO bulk_edit (bulk_id, clients, selection, operations, unchanged, "
                    "created_by) VALUES (gen_random_uuid(), $1::text::text[], '{}', '[]', 0, 'x')",
                    clients,
                )


async def test_a_shared_draft_swap_reaches_every_client(api: Api) -> None:
    await api.create(draft(name="All", checks=using(OLD)))

    bulk_id = (await plan(api, SWAP)).json["bulk_id"]
    committed = await api.call("POST", f"{BULK}/{bulk_id}/commit", ADMIN)

    item = next(one for one in committed.json["items"] if one["profile"] == "all")
    assert set(item["repointed_clients"]) == {"diageo", "general", "loreal", "unilever"}
