"""Who may change a profile, and what those who may not are told."""

import json

import pytest

from libs.contracts.access import Role
from tests.factories import user
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, Api
from tests.profiles.factories import draft, draft_for

BOTH = user("bea", {"diageo": Role.EDITOR, "loreal": Role.EDITOR})


async def test_a_profile_that_one_may_not_see_takes_no_name(api: Api) -> None:
    await api.create(draft_for("diageo", name="Summer"), EDITOR)

    answer = await api.call("POST", "/v1/profiles", STRANGER, draft_for("loreal", name="Summer"))

    assert (answer.status, answer.json["profile_id"]) == (201, "summer_2")


async def test_only_an_admin_writes_a_profile_that_every_client_uses(api: Api) -> None:
    await api.create(draft())

    created = await api.call("POST", "/v1/profiles", EDITOR, draft(name="Mine"))
    saved = await api.save("my_profile", EDITOR, name="Mine")

    assert (created.status, created.json["code"]) == (403, "admin_needed")
    assert (saved.status, saved.json["code"]) == (403, "not_allowed")


async def test_an_editor_writes_a_profile_of_their_client(api: Api) -> None:
    profile_id = await api.create(draft_for("diageo"), EDITOR)

    saved = await api.save(profile_id, EDITOR, pass_threshold=90)

    assert saved.status == 200
    profile = (await api.get("/v1/profiles/my_profile_v2", EDITOR)).json
    assert (profile["created_by"], profile["visible_to_clients"]) == ("dora", ["diageo"])


@pytest.mark.parametrize("client", ["loreal", "acme"])
async def test_naming_a_foreign_client_looks_like_naming_one_that_is_not(
    api: Api, client: str
) -> None:
    profile_id = await api.create(draft_for("diageo"), EDITOR)

    created = await api.call("POST", "/v1/profiles", EDITOR, draft_for("diageo", client))
    saved = await api.save(profile_id, EDITOR, visible_to_clients=["diageo", client])

    for answer in (created, saved):
        assert (answer.status, answer.json["code"]) == (404, "unknown_client")
        assert answer.json["detail"] == f"There is no brand client '{client}'."


async def test_an_admin_cannot_name_a_client_that_is_not(api: Api) -> None:
    answer = await api.call("POST", "/v1/profiles", ADMIN, draft_for("acme"))

    assert (answer.status, answer.json["code"]) == (404, "unknown_client")


async def test_a_shared_profile_takes_an_editor_of_every_client(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"), BOTH)

    refused = await api.save("my_profile", EDITOR, name="Mine")

    assert (refused.status, refused.json["code"]) == (403, "not_allowed")
    assert "loreal" not in json.dumps(refused.json)
    assert (await api.save("my_profile", BOTH, name="Ours")).status == 200


async def test_saving_what_one_may_not_see_looks_like_saving_what_is_not(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)

    foreign = await api.save("my_profile", STRANGER, name="Mine")
    absent = await api.save("my_other", STRANGER, name="Mine")

    assert (foreign.status, absent.status) == (404, 404)
    assert foreign.json["detail"] == "There is no profile 'my_profile'."
    assert absent.json["detail"] == "There is no profile 'my_other'."


async def test_an_editor_cannot_open_a_profile_to_every_client(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)

    assert (await api.save("my_profile", EDITOR, visibility="all")).status == 403
    assert (await api.save("my_profile", ADMIN, visibility="all")).status == 200
    assert (await api.get("/v1/profiles/my_profile", STRANGER)).json["visibility"] == "all"
