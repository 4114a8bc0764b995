"""Saves that come too late: refused, told what stands, and offered both changes in one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from asyncpg import InsufficientPrivilegeError, RestrictViolationError

from libs.contracts.profiles import ProfileEdit
from libs.contracts.saves import StaleSave
from libs.postgres import Pool, transaction
from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, Answer, Api
from tests.profiles.factories import draft, draft_for, exact, judged
from tests.trust import Trust

FIRST, SECOND = '"my_profile.1"', '"my_profile_v2.2"'


def told(answer: Answer) -> StaleSave:
    assert (answer.status, answer.json["code"]) == (412, "stale_save"), answer.json
    return StaleSave.model_validate(answer.json)


async def accept(api: Api, answer: Answer, actor: Any = ADMIN) -> Answer:
    """Save what the refusal offers, exactly as it came over the wire."""
    current = answer.json["current"]
    path = f"/v1/profiles/{current['profile_id']}"
    return await api.call("PUT", path, actor, answer.json["merged"], current["etag"])


async def test_a_stale_save_is_told_what_stands_and_who_made_it_so(api: Api) -> None:
    await api.create(draft_for("diageo"))
    await api.save("my_profile", EDITOR, pass_threshold=90)

    refused = told(await api.save("my_profile", EDITOR, FIRST, name="Mine"))

    newest = (await api.get("/v1/profiles/my_profile_v2")).json
    assert refused.current.model_dump(mode="json") == {
        "profile_id": "my_profile_v2",
        "version": 2,
        "by": "dora",
        "at": refused.current.model_dump(mode="json")["at"],
        "etag": newest["etag"],
    }
    assert (refused.based_on, refused.yours, refused.theirs) == (
        "my_profile",
        ["name"],
        ["pass_threshold"],
    )


async def test_changes_that_do_not_touch_are_offered_merged_and_saved_when_accepted(
    api: Api,
) -> None:
    await api.create(draft())
    checks = draft()["checks"] | {"image_resolution": exact(weight=3)}
    await api.save("my_profile", if_match=FIRST, checks=checks, pass_threshold=90)
    mine = draft()["checks"] | {"call_to_action": judged(prompt="Mine?"), "new": exact()}

    answer = await api.save("my_profile", if_match=FIRST, checks=mine)
    saved = await accept(api, answer)

    assert told(answer).conflicts == []
    assert "save `merged`" in answer.json["detail"]
    assert (saved.status, saved.json["profile_id"]) == (200, "my_profile_v3")
    third = (await api.get("/v1/profiles/my_profile_v3")).json
    assert third["pass_threshold"] == 90
    assert third["checks"]["image_resolution"]["weight"] == 3
    assert third["checks"]["call_to_action"]["prompt"] == "Mine?"
    assert "new" in third["checks"]


async def test_a_place_that_both_changed_is_shown_in_three_forms_and_nothing_is_offered(
    api: Api,
) -> None:
    await api.create(draft())
    await api.save("my_profile", if_match=FIRST, pass_threshold=90)

    answer = await api.save("my_profile", if_match=FIRST, pass_threshold=60, name="Mine")

    assert answer.json["conflicts"] == [
        {"path": "pass_threshold", "base": 85, "yours": 60, "theirs": 90}
    ]
    assert answer.json["merged"] is None
    assert "You both changed pass_threshold" in answer.json["detail"]
    assert len((await api.get("/v1/profiles/my_profile/versions")).json["versions"]) == 2


async def test_a_save_sent_again_learns_that_its_change_is_there_already(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", if_match=FIRST, pass_threshold=90)

    again = await api.save("my_profile", if_match=FIRST, pass_threshold=90)

    assert told(again).says_nothing_new
    assert "It has your change already" in again.json["detail"]
    assert (await accept(api, again)).json["message"] == "No changes; still version 2"


async def test_the_base_is_the_version_that_the_tag_names_whatever_the_path_says(
    api: Api,
) -> None:
    await api.create(draft())
    await api.save("my_profile", if_match=FIRST, pass_threshold=90)
    await api.save("my_profile_v2", if_match=SECOND, name="Theirs")

    refused = told(await api.save("my_profile_v2", if_match=SECOND, description="Mine"))

    assert (refused.based_on, refused.theirs) == ("my_profile_v2", ["name"])


@pytest.mark.parametrize("tag", ['"other.1"', "nonsense", '"my_profile_v9.1"', 'W/"x"', ""])
async def test_a_tag_that_is_none_of_ours_is_stale_and_the_path_is_the_base(
    api: Api, tag: str
) -> None:
    await api.create(draft())
    await api.save("my_profile", if_match=FIRST, pass_threshold=90)

    refused = told(await api.save("my_profile", if_match=tag, name="Mine"))

    assert (refused.based_on, refused.theirs) == ("my_profile", ["pass_threshold"])


async def test_an_audience_that_others_narrowed_is_not_widened_by_a_stale_document(
    api: Api,
) -> None:
    await api.create(draft_for("diageo", "loreal"))
    loaded = (await api.get("/v1/profiles/my_profile")).json
    await api.save("my_profile", if_match=FIRST, visible_to_clients=["diageo"])
    whole = {name: loaded[name] for name in ProfileEdit.model_fields} | {"name": "Mine"}

    answer = await api.save("my_profile", if_match=FIRST, **whole)
    await accept(api, answer)

    assert (told(answer).yours, told(answer).theirs) == (["name"], ["visible_to_clients"])
    assert "my_profile was changed after you loaded it" in answer.json["detail"]
    second = (await api.get("/v1/profiles/my_profile_v2")).json
    assert (second["name"], second["visible_to_clients"]) == ("Mine", ["diageo"])


async def test_two_audiences_are_a_conflict(api: Api) -> None:
    await api.create(draft_for("diageo"))
    await api.save("my_profile", if_match=FIRST, visible_to_clients=["diageo", "loreal"])

    answer = await api.save("my_profile", if_match=FIRST, visibility="all", visible_to_clients=[])

    assert [clash.path for clash in told(answer).conflicts] == ["visible_to_clients"]


async def test_who_may_not_change_a_profile_is_told_nothing_of_it(api: Api) -> None:
    await api.create(draft_for("diageo"))

    answer = await api.save("my_profile", STRANGER, '"my_profile.9"', name="Mine")

    assert answer.status == 404
    assert "current" not in answer.json


async def test_an_edit_that_could_never_be_saved_is_told_so_first(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", if_match=FIRST, pass_threshold=90)
    checks = {"size": exact(parameters={"px": 2**60})}

    answer = await api.save("my_profile", if_match=FIRST, checks=checks)

    assert (answer.status, answer.json["code"]) == (422, "bad_profile")


async def test_a_star_lets_a_save_through_but_guards_nothing(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", if_match=FIRST, pass_threshold=90)

    answer = await api.save("my_profile", if_match="*", name="Mine")

    assert answer.status == 200
    assert "my_profile was not the active version" in answer.json["warnings"][0]


async def test_a_save_without_a_tag_is_accepted_warned_and_marked_in_the_audit(
    api: Api, owner: Pool
) -> None:
    await api.create(draft())

    blind = await api.save("my_profile", name="Mine")
    seeing = await api.save("my_profile_v2", if_match=SECOND, name="Ours")

    assert (blind.status, seeing.json["warnings"]) == (200, [])
    assert "No If-Match was sent" in blind.json["warnings"][0]
    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT details FROM audit_event WHERE object_id = 'my_profile' ORDER BY revision"
        )
    assert [row["details"].get("unguarded", False) for row in rows] == [False, True, False]


async def test_a_note_is_kept_with_the_activation_and_in_the_audit(api: Api, owner: Pool) -> None:
    await api.create(draft())
    note = "Größer, «больше» & 大"

    answer = await api.call(
        "PUT", f"/v1/profiles/my_profile?note={note.replace('&', '%26')}", ADMIN, {"name": "X"}
    )

    assert answer.status == 200
    async with transaction(owner) as db:
        kept = await db.fetchval("SELECT note FROM activation WHERE revision = 2")
        told_of = await db.fetchval("SELECT details ->> 'note' FROM audit_event WHERE revision = 2")
    assert (kept, told_of) == (note, note)


@pytest.mark.parametrize("note", ["x" * 501, "a%00b"])
async def test_a_note_that_cannot_be_kept_is_refused(api: Api, note: str) -> None:
    await api.create(draft())

    answer = await api.call("PUT", f"/v1/profiles/my_profile?note={note}", ADMIN, {"name": "X"})

    assert (answer.status, answer.json["code"]) == (422, "bad_query")


@pytest.fixture
async def strict(settings: ProfilesSettings, trust: Trust) -> AsyncIterator[Api]:
    app = create_app(settings.model_copy(update={"require_if_match": True}))
    async with TestClient(TestServer(app)) as http:
        yield Api(http, trust)


@pytest.mark.parametrize("tag", [None, "*"])
async def test_a_strict_registry_takes_no_save_without_a_tag(strict: Api, tag: str | None) -> None:
    await strict.create(draft())

    refused = await strict.save("my_profile", if_match=tag, name="Mine")
    taken = await strict.save("my_profile", if_match=FIRST, name="Mine")

    assert (refused.status, refused.json["code"]) == (428, "if_match_needed")
    assert taken.status == 200


async def test_strictness_tells_nothing_of_what_is_hidden(strict: Api) -> None:
    await strict.create(draft_for("diageo"))

    assert (await strict.save("my_profile", STRANGER, name="Mine")).status == 404


async def test_the_history_of_audiences_is_hidden_with_its_profile_and_stays_as_it_is(
    api: Api, run: Pool, owner: Pool
) -> None:
    await api.create(draft_for("diageo"))
    await api.save("my_profile", if_match=FIRST, visible_to_clients=["loreal"])
    counts = []
    for clients in (["diageo"], ["loreal"], [], None):
        async with transaction(run, clients) as db:
            counts.append(
                await db.fetchval("SELECT count(*) FROM audience_history WHERE slug = 'my_profile'")
            )

    assert counts == [0, 2, 0, 2]
    for statement in ("DELETE FROM audience_history", "UPDATE audience_history SET revision = 9"):
        with pytest.raises(InsufficientPrivilegeError):
            async with transaction(run) as db:
                await db.execute(statement)
        with pytest.raises(RestrictViolationError):
            async with transaction(owner) as db:
                await db.execute("ALTER TABLE audience_history NO FORCE ROW LEVEL SECURITY")
                await db.execute(statement)
    with pytest.raises(InsufficientPrivilegeError):
        async with transaction(run, ["diageo"]) as db:
            await db.execute(
                "INSERT INTO audience_history (slug, revision, visibility, visible_to_clients) "
                "VALUES ('my_profile', 7, 'all', '{}')"
            )
