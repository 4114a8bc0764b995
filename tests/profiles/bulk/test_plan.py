"""Planning a bulk edit: nothing changes, and everything is told."""

from typing import Any

import pytest

from libs.contracts.access import Actor, Role
from libs.postgres import Pool, transaction
from tests.factories import user
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Answer, Api, Json
from tests.profiles.factories import draft, draft_for, judged

OLD, NEW = "openai/gpt-4o", "openai/gpt-5.1"
SWAP = {"op": "swap_model", "model": OLD, "by": NEW}
BULK = "/v1/bulk-edits"
BOTH = user("bea", {"diageo": Role.EDITOR, "loreal": Role.EDITOR})


async def plan(
    api: Api, *operations: Json, actor: Actor = ADMIN, note: str = "", **selection: Any
) -> Answer:
    body = {"selection": selection, "operations": list(operations), "note": note}
    return await api.call("POST", BULK, actor, body)


def threshold(value: float) -> Json:
    return {"op": "set_threshold", "pass_threshold": value}


def using(model: str) -> Json:
    return {"call": judged(models=[model])}


async def test_a_plan_tells_what_changes_and_who_moves_and_changes_nothing(
    api: Api, owner: Pool
) -> None:
    await api.create(draft_for("diageo", "loreal", name="Pack", checks=using(OLD)))
    await api.create(draft(name="Other", checks=using(NEW)))
    async with transaction(owner) as db:
        await db.execute(
            "INSERT INTO client_binding (client_id, slug, pinned_version) "
            "VALUES ('loreal', 'pack', 1)"
        )

    answer = await plan(api, SWAP, note="It shuts down.")

    assert (answer.status, answer.json["state"]) == (201, "planned")
    pack = next(item for item in answer.json["items"] if item["profile"] == "pack")
    assert (pack["state"], pack["change_class"], pack["base_profile_id"]) == (
        "change",
        "scoring",
        "pack",
    )
    assert [one["path"] for one in pack["differences"]] == ["checks.call.models"]
    assert pack["repointed_clients"] == ["diageo"]
    assert pack["pinned_clients"] == [{"client_id": "loreal", "version": 1}]
    assert "other" not in {item["profile"] for item in answer.json["items"]}
    assert (await api.get("/v1/profiles/pack/versions")).json["versions"][0]["version"] == 1


async def test_only_a_clients_own_profiles_are_taken_unless_shared_ones_are_asked_for(
    api: Api,
) -> None:
    await api.create(draft_for("diageo", name="Own"))
    await api.create(draft_for("diageo", "loreal", name="Shared"))

    careful = (await plan(api, threshold(91), client="diageo")).json
    bold = (await plan(api, threshold(91), client="diageo", include_shared=True)).json
    named = (await plan(api, threshold(91), client="diageo", profiles=["shared"])).json

    states = {item["profile"]: item["state"] for item in careful["items"]}
    assert (states["own"], states["shared"], states["general_key_visual"]) == (
        "change",
        "left_out",
        "left_out",
    )
    assert {item["state"] for item in bold["items"]} == {"change"}
    assert [item["state"] for item in named["items"]] == ["change"]


async def test_what_is_so_already_is_counted_and_not_planned(api: Api) -> None:
    await api.create(draft_for("diageo", name="Done", pass_threshold=91))
    await api.create(draft_for("diageo", name="Todo"))

    found = (await plan(api, threshold(91), profiles=["done", "todo"])).json
    nothing = await plan(api, threshold(91), profiles=["done"])

    assert ([item["profile"] for item in found["items"]], found["unchanged"]) == (["todo"], 1)
    assert (nothing.status, nothing.json["code"]) == (422, "nothing_to_change")


async def test_what_one_may_not_change_is_left_out(api: Api) -> None:
    await api.create(draft_for("diageo", name="Own", checks=using(OLD)), EDITOR)
    await api.create(draft_for("diageo", "loreal", name="Shared", checks=using(OLD)))
    await api.create(draft_for("loreal", name="Foreign", checks=using(OLD)))

    items = (await plan(api, SWAP, actor=EDITOR, profiles=["own", "shared"])).json["items"]
    unseen = await plan(api, SWAP, actor=EDITOR, profiles=["foreign"])
    useless = await plan(api, SWAP, actor=EDITOR, profiles=["shared"])

    assert {item["profile"]: item["state"] for item in items} == {
        "own": "change",
        "shared": "left_out",
    }
    assert (unseen.status, unseen.json["code"]) == (404, "unknown_profile")
    assert (useless.status, useless.json["code"]) == (422, "nothing_to_change")
    assert "1 are not yours to change" in useless.json["detail"]


async def test_an_outcome_that_cannot_be_is_refused_and_stops_the_commit(api: Api) -> None:
    await api.create(draft(name="One", checks={"only": judged()}))
    await api.create(draft(name="Two", checks={"only": judged(), "more": judged()}))

    made = (await plan(api, {"op": "remove_check", "check_id": "only"})).json
    committed = await api.call("POST", f"{BULK}/{made['bulk_id']}/commit")

    assert {item["profile"]: item["why"] for item in made["items"]} == {
        "one": "no check would be left",
        "two": "",
    }
    assert (committed.status, committed.json["code"]) == (409, "bulk_blocked")
    assert committed.json["profiles"] == ["one"]
    assert len((await api.get("/v1/profiles/two/versions")).json["versions"]) == 1


async def test_archived_profiles_are_not_planned(api: Api) -> None:
    await api.create(draft(name="Gone", checks=using(OLD)))
    await api.call("DELETE", "/v1/profiles/gone")

    everywhere = await plan(api, SWAP, check="call")
    named = await plan(api, SWAP, profiles=["gone"])

    assert (everywhere.status, everywhere.json["code"]) == (422, "nothing_to_change")
    assert (named.status, named.json["code"]) == (409, "profile_archived")


async def test_a_plan_takes_five_hundred_profiles_at_most(api: Api, owner: Pool) -> None:
    async with transaction(owner) as db:
        await db.execute(
            """
            INSERT INTO profile (slug, visibility, visible_to_clients, created_by)
            SELECT 'many_' || n, 'all', '{}', 'x' FROM generate_series(1, 501) AS n
            """
        )
        await db.execute(
            """
            INSERT INTO profile_version (slug, version, name, description, pass_threshold, checks,
                   check_count, content_hash, scoring_hash, created_by)
            SELECT 'many_' || n, 1, 'Many', '', 50, '{"many": {"kind": "exact"}}', 1,
                   repeat('a', 64), repeat('b', 64), 'x' FROM generate_series(1, 501) AS n
            """
        )

    too_many = await plan(api, threshold(91), check="many")
    fits = await plan(api, threshold(91), check="many", without=["many_7"])

    assert (too_many.status, too_many.json["code"]) == (422, "too_many_profiles")
    assert (fits.status, len(fits.json["items"])) == (201, 500)

    async with transaction(owner) as db:
        await db.execute(
            """
            UPDATE profile SET visibility = 'client_specific', visible_to_clients = '{diageo}',
                   revision = revision + 1
             WHERE slug LIKE 'many%' AND slug <> 'many_7'
            """
        )
    beside_shared = await plan(api, threshold(91), client="diageo", check="many")

    states = [item["state"] for item in beside_shared.json["items"]]
    assert (states.count("change"), states.count("left_out")) == (500, 1)


async def test_a_plan_is_seen_by_those_who_may_see_all_that_it_reaches(api: Api) -> None:
    await api.create(draft_for("diageo", name="Own", checks=using(OLD)))
    await api.create(draft_for("diageo", "loreal", name="Shared", checks=using(OLD)))
    own = (await plan(api, SWAP, profiles=["own"])).json["bulk_id"]
    shared = (await plan(api, SWAP, profiles=["own", "shared"])).json["bulk_id"]
    everyone = (await plan(api, threshold(91), profiles=["general_key_visual"])).json["bulk_id"]

    async def seen(actor: Actor) -> set[str]:
        listed = (await api.get(BULK, actor)).json["bulk_edits"]
        for bulk_id in (own, shared, everyone):
            shown = await api.get(f"{BULK}/{bulk_id}", actor)
            assert shown.status == (200 if bulk_id in {b["bulk_id"] for b in listed} else 404)
        return {line["bulk_id"] for line in listed}

    assert await seen(ADMIN) == {own, shared, everyone}
    assert await seen(BOTH) == {own, shared}
    assert await seen(VIEWER) == {own}
    assert await seen(STRANGER) == set()


async def test_who_may_only_look_neither_plans_nor_commits(api: Api) -> None:
    await api.create(draft_for("diageo", name="Own", checks=using(OLD)))
    bulk_id = (await plan(api, SWAP, profiles=["own"])).json["bulk_id"]
    half = user("hal", {"diageo": Role.VIEWER, "loreal": Role.EDITOR})

    assert (await plan(api, SWAP, actor=VIEWER)).status == 403
    for step in ("commit", "undo"):
        refused = await api.call("POST", f"{BULK}/{bulk_id}/{step}", half)
        assert (refused.status, refused.json["code"]) == (403, "not_allowed")
        assert (await api.call("POST", f"{BULK}/{bulk_id}/{step}", STRANGER)).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"operations": [{"op": "set_threshold", "pass_threshold": 80}]},
        {"operations": [{"op": "explode"}]},
        {"selection": {"all": True}, "operations": [SWAP]},
        {"operations": [SWAP], "note": "a\x00b"},
        {"operations": [SWAP] * 21},
    ],
)
async def test_a_bad_order_is_refused(api: Api, body: Json) -> None:
    assert (await api.call("POST", BULK, ADMIN, body)).status == 422


async def test_an_unknown_client_is_not_found(api: Api) -> None:
    for client in ("acme", "loreal"):
        answer = await plan(api, threshold(80), actor=EDITOR, client=client)
        assert (answer.status, answer.json["code"]) == (404, "unknown_client")
