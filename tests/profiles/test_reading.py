"""Reading the registry over HTTP: what exists, what a client may use, what an analysis runs."""

import pytest
from aiohttp import ClientSession

from libs.api.call import Caller
from libs.api.profiles import ProfilesApi
from libs.contracts.access import Action, Role
from libs.contracts.profiles import Resolved
from libs.postgres import Pool, transaction
from libs.problems import NotFound
from tests.factories import service, user
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for
from tests.trust import Trust

QC = service(Action.RESOLVE_PROFILES)


async def test_a_version_has_the_old_form(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", ADMIN, name="Renamed")

    first = (await api.get("/v1/profiles/my_profile")).json
    second = (await api.get("/v1/profiles/my_profile_v2")).json

    assert list(second) == [
        *("profile_id", "name", "description", "version", "visibility", "visible_to_clients"),
        *("created_at", "created_by", "modified_at", "modified_by", "previous_version"),
        *("pass_threshold", "checks", "content_hash", "scoring_hash", "etag", "archived_at"),
    ]
    assert (second["profile_id"], second["name"], second["version"]) == (
        "my_profile_v2",
        "Renamed",
        2,
    )
    assert (second["created_by"], second["modified_by"]) == ("dora", "ada")
    assert second["created_at"] == first["created_at"] < second["modified_at"]
    assert (first["previous_version"], second["previous_version"]) == (None, "my_profile")
    assert second["scoring_hash"] == first["scoring_hash"]
    assert second["content_hash"] != first["content_hash"]


async def test_the_slug_is_the_id_of_version_one_for_ever(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)

    answer = await api.get("/v1/profiles/my_profile")

    assert (answer.json["version"], answer.json["pass_threshold"]) == (1, 85)
    assert answer.headers["ETag"] == '"my_profile.2"'


@pytest.mark.parametrize(
    "profile_id", ["absent", "my_profile_v2", "my_profile_v1", "my_profile_v999999999", "%00", "Ä"]
)
async def test_a_version_that_never_was_is_not_found(api: Api, profile_id: str) -> None:
    await api.create(draft())

    for path in ("", "/versions"):
        answer = await api.get(f"/v1/profiles/{profile_id}{path}")
        assert (answer.status, answer.json["code"]) == (404, "unknown_profile")


async def test_a_foreign_profile_looks_absent(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)

    foreign = await api.get("/v1/profiles/my_profile", STRANGER)
    versions = await api.get("/v1/profiles/my_profile/versions", STRANGER)
    listed = (await api.get("/v1/profiles", STRANGER)).json["profiles"]

    assert (foreign.status, versions.status) == (404, 404)
    assert "my_profile" not in [line["profile_id"] for line in listed]


async def test_other_clients_of_a_shared_profile_are_not_named(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))

    profile = (await api.get("/v1/profiles/my_profile", VIEWER)).json
    listed = (await api.get("/v1/profiles?client=diageo", VIEWER)).json["profiles"]

    assert profile["visible_to_clients"] == ["diageo"]
    assert all("loreal" not in line["visible_to_clients"] for line in listed)


async def test_the_list_holds_the_active_version_of_what_the_client_may_use(api: Api) -> None:
    await api.create(draft_for("diageo", name="A mine"), EDITOR)
    await api.create(draft_for("loreal", name="A theirs"), STRANGER)
    await api.save("a_mine", EDITOR, pass_threshold=91)

    lines = (await api.get("/v1/profiles?client=diageo", VIEWER)).json["profiles"]

    assert [line["profile_id"] for line in lines] == [
        "a_mine_v2",
        "diageo_key_visual",
        "diageo_packaging",
        "general_key_visual",
    ]
    assert (lines[0]["version"], lines[0]["pass_threshold"]) == (2, 91)
    assert (lines[0]["check_count"], lines[0]["modified_by"]) == (2, "dora")


async def test_without_a_client_the_list_holds_all_that_the_actor_may_see(api: Api) -> None:
    both = user("bea", {"diageo": Role.VIEWER, "unilever": Role.VIEWER})

    lines = (await api.get("/v1/profiles", both)).json["profiles"]
    of_admin = (await api.get("/v1/profiles")).json["profiles"]

    assert {line["profile_id"] for line in of_admin} - {line["profile_id"] for line in lines} == {
        "loreal_key_visual"
    }


@pytest.mark.parametrize("client", ["loreal", "acme"])
async def test_a_foreign_client_looks_like_one_that_is_not(api: Api, client: str) -> None:
    listed = await api.get(f"/v1/profiles?client={client}", VIEWER)
    resolved = await api.get(f"/v1/clients/{client}/resolve/general_key_visual", VIEWER)

    for answer in (listed, resolved):
        assert (answer.status, answer.json["code"]) == (404, "unknown_client")


async def test_a_client_that_is_not_has_no_profiles_for_anybody(api: Api) -> None:
    listed = await api.get("/v1/profiles?client=acme", ADMIN)
    resolved = await api.get("/v1/clients/acme/resolve/general_key_visual", QC)

    assert (listed.status, resolved.status) == (404, 404)


async def test_clients_are_those_of_the_actor(api: Api) -> None:
    mine = await api.get("/v1/clients", VIEWER)
    every = await api.get("/v1/clients", ADMIN)

    [diageo] = mine.json["clients"]
    assert (diageo["client_id"], diageo["name"]) == ("diageo", "Diageo")
    assert (diageo["approval_required"], diageo["archived_at"]) == (False, None)
    assert [(client["client_id"], client["name"]) for client in every.json["clients"]] == [
        ("diageo", "Diageo"),
        ("general", "General"),
        ("loreal", "L'Oréal"),
        ("unilever", "Unilever"),
    ]


async def test_the_history_is_complete_and_newest_first(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", name="Renamed")
    await api.save("my_profile", pass_threshold=90)

    versions = (await api.get("/v1/profiles/my_profile_v2/versions")).json["versions"]

    assert [(v["profile_id"], v["active"], v["previous_version"]) for v in versions] == [
        ("my_profile_v3", True, "my_profile"),
        ("my_profile_v2", False, "my_profile"),
        ("my_profile", False, None),
    ]
    assert versions[1]["scoring_hash"] == versions[2]["scoring_hash"] != versions[0]["scoring_hash"]


async def test_an_analysis_by_slug_runs_the_active_version(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", EDITOR, pass_threshold=90)

    resolved = Resolved.model_validate(
        (await api.get("/v1/clients/diageo/resolve/my_profile", QC)).json
    )

    assert (resolved.client_id, resolved.binding) == ("diageo", "floating")
    assert (resolved.profile.profile_id, resolved.profile.version) == ("my_profile_v2", 2)
    assert list(resolved.profile.checks) == ["call_to_action", "image_resolution"]


async def test_an_analysis_by_exact_id_runs_that_version(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)
    await api.save("my_profile_v2", pass_threshold=91)

    resolved = (await api.get("/v1/clients/diageo/resolve/my_profile_v2", VIEWER)).json

    assert (resolved["binding"], resolved["profile"]["version"]) == ("pinned", 2)


async def test_a_pinned_client_stays_where_it_is_and_others_move(api: Api, owner: Pool) -> None:
    await api.create(draft())
    async with transaction(owner, ["diageo"]) as db:
        await db.execute("INSERT INTO client_binding VALUES ('diageo', 'my_profile', 1)")
    await api.save("my_profile", pass_threshold=90)

    pinned = (await api.get("/v1/clients/diageo/resolve/my_profile", QC)).json
    floating = (await api.get("/v1/clients/loreal/resolve/my_profile", QC)).json
    exact = (await api.get("/v1/clients/diageo/resolve/my_profile_v2", QC)).json
    listed = (await api.get("/v1/profiles?client=diageo", ADMIN)).json["profiles"]

    assert (pinned["binding"], pinned["profile"]["version"]) == ("pinned", 1)
    assert (floating["binding"], floating["profile"]["version"]) == ("floating", 2)
    assert exact["profile"]["version"] == 2
    assert "my_profile" in [line["profile_id"] for line in listed]


async def test_an_analysis_cannot_run_a_profile_of_another_client(api: Api) -> None:
    answer = await api.get("/v1/clients/loreal/resolve/diageo_key_visual", QC)

    assert (answer.status, answer.json["code"]) == (404, "unknown_profile")


async def test_the_typed_caller_resolves_and_raises_as_the_registry_did(
    api: Api, trust: Trust
) -> None:
    async with ClientSession() as session:
        caller = Caller(session, api.http.make_url("/"), lambda: trust.bearer("profiles", QC)[7:])
        profiles = ProfilesApi(caller)

        resolved = await profiles.resolve("diageo", "diageo_packaging")
        with pytest.raises(NotFound, match="There is no profile 'absent'"):
            await profiles.resolve("diageo", "absent")

    assert resolved.profile.profile_id == "diageo_packaging"
