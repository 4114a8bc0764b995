"""Brand clients: made once, renamed, archived and restored, and who may do it."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from libs.contracts.access import Action
from libs.postgres import Pool, transaction
from services.profiles.app import STARTERS
from services.profiles.seed import seed
from tests.factories import service
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Answer, Api
from tests.profiles.factories import draft_for

ACME = "/v1/clients/acme"
QC = service(Action.RESOLVE_PROFILES)


async def make(api: Api, client_id: str = "acme", **fields: Any) -> Answer:
    return await api.call(
        "POST", "/v1/clients", ADMIN, {"client_id": client_id, "name": "Acme", **fields}
    )


async def shelve(api: Api, client: str, verb: str = "archive") -> Answer:
    return await api.call("POST", f"/v1/clients/{client}/{verb}")


async def audit_of(owner: Pool, client: str = "acme") -> list[Any]:
    async with transaction(owner) as db:
        return await db.fetch(
            "SELECT * FROM audit_event WHERE object_kind = 'client' AND object_id = $1 "
            "ORDER BY revision",
            client,
        )


async def listed(api: Api, query: str = "") -> list[str]:
    return [one["client_id"] for one in (await api.get(f"/v1/clients{query}")).json["clients"]]


async def test_new_client_is_there_at_once_with_all_that_every_client_may_use(api: Api) -> None:
    answer = await make(api)

    assert answer.status == 201
    assert (answer.json["client_id"], answer.json["name"]) == ("acme", "Acme")
    assert (answer.json["approval_required"], answer.json["created_by"]) == (False, "ada")
    assert answer.headers["ETag"] == '"acme.client.1"'
    assert "acme" in await listed(api)
    resolved = await api.get(f"{ACME}/resolve/general_key_visual", QC)
    assert (resolved.status, resolved.json["brand_version"]) == (200, 0)
    assert await api.create(draft_for("acme")) == "my_profile"


@pytest.mark.parametrize("archived", [False, True])
async def test_id_is_given_once_and_for_ever(api: Api, archived: bool) -> None:
    await make(api)
    if archived:
        await shelve(api, "acme")

    again = await make(api, name="Another Acme")

    assert (again.status, again.json["code"]) == (409, "client_exists")
    assert (await api.get(ACME)).json["name"] == "Acme"


async def test_of_racing_makers_one_makes_the_client(api: Api, owner: Pool) -> None:
    answers = await asyncio.gather(*(make(api, name=f"Acme {n}") for n in range(8)))

    assert Counter(answer.status for answer in answers) == {201: 1, 409: 7}
    assert len(await audit_of(owner)) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"client_id": "Acme", "name": "Acme"}, "client_id"),
        ({"client_id": "../x", "name": "Acme"}, "client_id"),
        ({"client_id": "", "name": "Acme"}, "client_id"),
        ({"client_id": "a" * 64, "name": "Acme"}, "client_id"),
        ({"client_id": "acme", "name": " "}, "name"),
        ({"client_id": "acme", "name": "A\0"}, "name"),
        ({"client_id": "acme"}, "name"),
        ({"client_id": "acme", "name": "Acme", "archived_at": None}, "archived_at"),
    ],
)
async def test_what_is_no_client_is_refused_with_its_place(
    api: Api, body: dict[str, Any], said: str
) -> None:
    answer = await api.call("POST", "/v1/clients", ADMIN, body)

    assert (answer.status, answer.json["code"]) == (422, "bad_request_body")
    assert said in answer.json["detail"]


async def test_renaming_keeps_the_id_and_all_that_hangs_on_it(api: Api, owner: Pool) -> None:
    await make(api)
    await api.create(draft_for("acme"))

    answer = await api.call("PUT", ACME, ADMIN, {"name": "Ācme 株式会社"})
    same = await api.call("PUT", ACME, ADMIN, {"name": "Ācme 株式会社"})

    assert (answer.status, answer.json["name"], answer.json["changed"]) == (
        *(200, "Ācme 株式会社"),
        True,
    )
    assert same.json["changed"] is False
    assert (await api.get(f"{ACME}/resolve/my_profile")).status == 200
    made, renamed = await audit_of(owner)
    assert (renamed["action"], renamed["actor"]) == ("client.save", "ada")
    assert renamed["details"] == {"name": "Ācme 株式会社", "before": {"name": "Acme"}}
    assert renamed["before_hash"] == made["after_hash"] != renamed["after_hash"]


async def test_approval_is_switched_on_and_off(api: Api) -> None:
    await make(api)

    on = await api.call("PUT", ACME, ADMIN, {"approval_required": True})
    off = await api.call("PUT", ACME, ADMIN, {"approval_required": False})

    assert (on.json["approval_required"], on.json["name"]) == (True, "Acme")
    assert (off.json["approval_required"], off.json["changed"]) == (False, True)


@pytest.mark.parametrize("body", [{}, {"client_id": "other"}, {"name": None}, {"archived": True}])
async def test_what_is_no_change_of_a_client_is_refused(api: Api, body: dict[str, Any]) -> None:
    await make(api)

    assert (await api.call("PUT", ACME, ADMIN, body)).json["code"] == "bad_request_body"


async def test_stale_change_is_stopped(api: Api) -> None:
    etag = (await make(api)).headers["ETag"]
    await api.call("PUT", ACME, ADMIN, {"name": "One"}, etag)

    stale = await api.call("PUT", ACME, ADMIN, {"name": "Two"}, etag)

    assert (stale.status, stale.json["code"]) == (412, "stale_client")
    assert (await api.get(ACME)).json["name"] == "One"


async def test_audit_tells_each_change_of_a_client_in_a_sentence(api: Api) -> None:
    await make(api)
    await api.call("PUT", ACME, ADMIN, {"name": "Acme & Sons", "approval_required": True})
    await api.call("PUT", f"{ACME}/bindings/general_key_visual", ADMIN, {"version": 1})
    await api.call("DELETE", f"{ACME}/bindings/general_key_visual", ADMIN)

    entries = (await api.get("/v1/audit?object=client:acme")).json["entries"]

    assert [entry["sentence"] for entry in reversed(entries)][1:] == [
        'ada changed the brand client acme (new versions take an approval; named "Acme & Sons")',
        "ada pinned the brand client acme to version 1 of general_key_visual",
        "ada let the brand client acme float on general_key_visual instead of version 1",
    ]


@pytest.mark.parametrize("actor", [VIEWER, EDITOR, STRANGER])
async def test_it_takes_an_admin(api: Api, actor: Any) -> None:
    calls = [
        ("POST", "/v1/clients", {"client_id": "mine", "name": "Mine"}),
        ("PUT", "/v1/clients/loreal", {"name": "Mine"}),
        ("POST", "/v1/clients/loreal/archive", None),
        ("POST", "/v1/clients/loreal/restore", None),
    ]

    for method, path, body in calls:
        answer = await api.call(method, path, actor, body)
        assert (answer.status, answer.json["code"]) == (403, "not_allowed")


async def test_foreign_client_looks_absent(api: Api) -> None:
    foreign, absent = await api.get("/v1/clients/loreal", VIEWER), await api.get(ACME, VIEWER)

    assert (foreign.status, absent.status) == (404, 404)
    assert foreign.json["code"] == absent.json["code"] == "unknown_client"
    for verb in ("archive", "restore"):
        assert (await shelve(api, "acme", verb)).json["code"] == "unknown_client"


async def test_each_start_leaves_a_client_as_people_made_it(api: Api, run: Pool) -> None:
    await api.call("PUT", "/v1/clients/diageo", ADMIN, {"name": "Diageo plc"})
    await shelve(api, "general")

    await seed(run, STARTERS)

    assert (await api.get("/v1/clients/diageo")).json["name"] == "Diageo plc"
    assert "general" not in await listed(api)


async def test_run_role_cannot_delete_or_rename_a_foreign_client(api: Api, run: Pool) -> None:
    with pytest.raises(Exception, match="permission denied"):
        async with transaction(run) as db:
            await db.execute("DELETE FROM client")
    async with transaction(run, ["loreal"]) as db:
        tag = await db.execute(
            "UPDATE client SET name = 'x', revision = revision + 1 WHERE client_id = 'diageo'"
        )
    assert tag == "UPDATE 0"
    with pytest.raises(Exception, match="keeps its id"):
        async with transaction(run) as db:
            await db.execute("UPDATE client SET name = 'x'")
    with pytest.raises(Exception, match="row-level security"):
        async with transaction(run, ["loreal"]) as db:
            await db.execute("INSERT INTO client VALUES ('acme', 'Acme', now(), 'x')")
