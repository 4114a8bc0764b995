"""Archived clients: nothing new is done for them, nothing they have is lost."""

from typing import Any

import pytest
from aiohttp import ClientSession

from libs.api.call import Caller
from libs.api.profiles import ProfilesApi
from libs.contracts.access import Action
from libs.postgres import Pool, transaction
from libs.problems import Conflict, NotFound
from tests.factories import service
from tests.profiles.conftest import ADMIN, EDITOR, VIEWER, Answer, Api
from tests.profiles.factories import draft, draft_for
from tests.trust import Trust

ACME = "/v1/clients/acme"
QC = service(Action.RESOLVE_PROFILES)


async def make(api: Api, client_id: str = "acme", **fields: Any) -> Answer:
    return await api.call(
        "POST", "/v1/clients", ADMIN, {"client_id": client_id, "name": "Acme", **fields}
    )


async def shelve(api: Api, client: str, verb: str = "archive") -> Answer:
    return await api.call("POST", f"/v1/clients/{client}/{verb}", ADMIN)


async def audit_of(owner: Pool, client: str = "acme") -> list[Any]:
    async with transaction(owner) as db:
        return await db.fetch(
            "SELECT * FROM audit_event WHERE object_kind = 'client' AND object_id = $1 "
            "ORDER BY revision",
            client,
        )


async def listed(api: Api, query: str = "") -> list[str]:
    return [one["client_id"] for one in (await api.get(f"/v1/clients{query}")).json["clients"]]


async def test_archived_client_gets_nothing_new(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))
    answer = await shelve(api, "diageo")

    refused = [
        await api.get("/v1/clients/diageo/resolve/my_profile", QC),
        await api.call("PUT", "/v1/clients/diageo/bindings/my_profile", ADMIN, {"version": 1}),
        await api.call("PUT", "/v1/clients/diageo/brand", ADMIN, {"words": ["Smirnoff"]}),
        await api.call("PUT", "/v1/clients/diageo", ADMIN, {"name": "Other"}),
        await api.call("POST", "/v1/profiles", ADMIN, draft_for("diageo", name="New")),
    ]

    assert (answer.status, answer.json["archived_by"]) == (200, "ada")
    assert [(one.status, one.json["code"]) for one in refused] == [(409, "client_archived")] * 5
    assert "An admin can restore it" in refused[0].json["detail"]
    assert (await api.get("/v1/profiles?client=diageo")).json == {"profiles": []}
    assert (await api.get("/v1/clients/diageo/profiles")).json["profiles"] == []
    assert (await listed(api), await listed(api, "?archived=true")) == (
        ["general", "loreal", "unilever"],
        ["diageo"],
    )


async def test_data_of_an_archived_client_stays_readable(api: Api) -> None:
    await api.call("PUT", "/v1/clients/diageo/brand", ADMIN, {"words": ["Smirnoff"]})
    await api.create(draft_for("diageo"))
    await shelve(api, "diageo")

    brand = await api.get("/v1/clients/diageo/brand", VIEWER)
    version = await api.get("/v1/profiles/my_profile", VIEWER)
    details = await api.get("/v1/clients/diageo", VIEWER)

    assert brand.json["brand"]["words"] == ["Smirnoff"]
    assert (version.status, version.json["visible_to_clients"]) == (200, ["diageo"])
    assert details.json["archived_at"] is not None


async def test_archived_client_may_stay_in_an_audience_but_not_join_one(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))
    await api.create(draft_for("loreal", name="Theirs"))
    await shelve(api, "diageo")

    kept = await api.save("my_profile", visible_to_clients=["diageo", "loreal", "unilever"])
    joined = await api.save("theirs", visible_to_clients=["diageo", "loreal"])
    seen = await api.call("POST", "/v1/profiles/my_profile/preview", ADMIN, {"pass_threshold": 9})

    assert kept.status == 200
    assert (joined.status, joined.json["code"]) == (409, "client_archived")
    assert [move["client_id"] for move in seen.json["moves"]] == ["loreal", "unilever"]


async def test_restored_client_is_as_it_was(api: Api, owner: Pool) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)
    pin = "/v1/clients/diageo/bindings/my_profile"
    await api.call("PUT", pin, EDITOR, {"version": 1})
    await shelve(api, "diageo")
    again = await shelve(api, "diageo")

    sleeping = (await api.get(pin, EDITOR)).json
    restored = await shelve(api, "diageo", "restore")
    resolved = await api.get("/v1/clients/diageo/resolve/my_profile", QC)

    assert again.json["changed"] is False
    assert (sleeping["binding"], sleeping["usable"]) == ("pinned", False)
    assert (restored.json["archived_at"], restored.json["archived_by"]) == (None, None)
    assert resolved.json["profile"]["profile_id"] == "my_profile"
    rows = await audit_of(owner, "diageo")
    assert [row["action"] for row in rows] == [
        *("client.create", "client.pin", "client.archive", "client.restore"),
    ]
    assert [row["before_hash"] for row in rows[1:]] == [row["after_hash"] for row in rows[:-1]]


async def test_service_that_keeps_something_for_a_client_is_told_of_an_archived_one(
    api: Api, trust: Trust
) -> None:
    await shelve(api, "diageo")
    reader = service(Action.READ_PROFILES)
    async with ClientSession() as session:
        url = api.http.make_url("/")
        profiles = ProfilesApi(Caller(session, url, lambda: trust.bearer("profiles", reader)[7:]))

        await profiles.require_client("loreal")
        with pytest.raises(Conflict, match="archived"):
            await profiles.require_client("diageo")
        with pytest.raises(NotFound, match="no brand client 'acme'"):
            await profiles.require_client("acme")
