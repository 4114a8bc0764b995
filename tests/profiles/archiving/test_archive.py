"""Archiving and restoring, over HTTP and into a real database."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for

PROFILE = "/v1/profiles/my_profile"


async def test_an_archived_profile_is_in_no_list_and_cannot_be_run(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)

    archived = await api.call("POST", f"{PROFILE}/archive", EDITOR)

    assert (archived.status, archived.json["changed"]) == (200, True)
    assert archived.json["archived_at"] is not None
    for path in ("/v1/profiles", "/v1/profiles?client=diageo"):
        listed = (await api.get(path, EDITOR)).json["profiles"]
        assert "my_profile" not in {line["profile_id"] for line in listed}
    for profile_id in ("my_profile", "my_profile_v2"):
        run = await api.get(f"/v1/clients/diageo/resolve/{profile_id}", EDITOR)
        assert (run.status, run.json["code"]) == (409, "profile_archived")
        assert "aiqc profiles restore my_profile" in run.json["detail"]


async def test_versions_of_an_archived_profile_stay_readable(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)

    await api.call("DELETE", PROFILE)

    second = await api.get("/v1/profiles/my_profile_v2")
    assert (second.status, second.json["pass_threshold"]) == (200, 90)
    assert second.json["archived_at"] is not None
    assert len((await api.get(f"{PROFILE}/versions")).json["versions"]) == 2


async def test_an_archived_profile_cannot_be_saved(api: Api) -> None:
    await api.create(draft())
    await api.call("DELETE", PROFILE)

    for fields in ({"pass_threshold": 90}, {"visible_to_clients": ["diageo"]}, {}):
        saved = await api.save("my_profile", **fields)
        assert (saved.status, saved.json["code"]) == (409, "profile_archived")


async def test_the_name_of_an_archived_profile_stays_taken(api: Api) -> None:
    await api.create(draft())
    await api.call("DELETE", PROFILE)

    again = await api.call("POST", "/v1/profiles", ADMIN, draft())

    assert (again.status, again.json["code"]) == (409, "profile_exists")
    assert "restore it" in again.json["detail"]


async def test_a_restored_profile_is_as_it_was(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", EDITOR, pass_threshold=90)
    before = (await api.get("/v1/clients/diageo/resolve/my_profile", EDITOR)).json
    await api.call("DELETE", PROFILE, EDITOR)

    restored = await api.call("POST", f"{PROFILE}/restore", EDITOR)

    assert (restored.status, restored.json["archived_at"]) == (200, None)
    after = (await api.get("/v1/clients/diageo/resolve/my_profile", EDITOR)).json
    assert after["profile"].pop("etag") != before["profile"].pop("etag")
    assert after == before
    assert (await api.save("my_profile_v2", EDITOR, pass_threshold=91)).json["version"] == 3


async def test_archiving_twice_changes_nothing_the_second_time(api: Api, owner: Pool) -> None:
    await api.create(draft())

    answers = await asyncio.gather(*(api.call("DELETE", PROFILE) for _ in range(5)))

    assert [answer.status for answer in answers] == [200] * 5
    assert Counter(answer.json["changed"] for answer in answers) == {True: 1, False: 4}
    assert len({answer.json["archived_at"] for answer in answers}) == 1
    assert await actions(owner) == ["profile.create", "profile.archive"]


async def test_archiving_and_restoring_leave_one_audit_row_each(api: Api, owner: Pool) -> None:
    await api.create(draft())
    await api.call("DELETE", PROFILE)
    await api.call("POST", f"{PROFILE}/restore")

    assert await actions(owner) == ["profile.create", "profile.archive", "profile.restore"]


async def test_a_pinned_profile_is_not_archived_and_the_pins_are_named(
    api: Api, owner: Pool
) -> None:
    await api.create(draft_for("diageo", "loreal"))
    async with transaction(owner) as db:
        await db.execute("INSERT INTO client_binding VALUES ('diageo', 'my_profile', 1)")

    refused = await api.call("POST", f"{PROFILE}/archive?force=true")

    assert (refused.status, refused.json["code"]) == (409, "profile_in_use")
    assert "diageo is pinned to my_profile" in refused.json["detail"]
    assert [(one["kind"], one["id"]) for one in refused.json["dependants"]] == [("pin", "diageo")]
    assert (await api.get(PROFILE)).json["archived_at"] is None


async def test_schedules_and_open_drafts_keep_a_profile_until_they_are_ended(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", EDITOR, pass_threshold=90)
    then = datetime.now(UTC) + timedelta(days=30)
    body = {"activate_at": then.isoformat()}
    schedule = await api.call("POST", f"{PROFILE}/schedules", EDITOR, body)
    edit = {"profile_id": "my_profile_v2", "title": "Softer", "edit": {"pass_threshold": 60}}
    drafted = await api.call("POST", "/v1/drafts", EDITOR, edit)

    refused = await api.call("DELETE", PROFILE, EDITOR)
    usage = (await api.get(f"{PROFILE}/usage", EDITOR)).json

    assert (schedule.status, drafted.status) == (201, 201)
    assert refused.status == 409
    assert refused.json["dependants"] == usage["dependants"]
    assert [(one["kind"], one["what"]) for one in refused.json["dependants"]] == [
        ("schedule", f"my_profile is to be activated on {then:%Y-%m-%d at %H:%M} UTC"),
        ("draft", "dora has an open draft, “Softer”"),
    ]
    cancelled = f"{PROFILE}/schedules/{schedule.json['schedule_id']}"
    assert (await api.call("DELETE", cancelled, EDITOR)).status == 200
    withdrawn = f"/v1/drafts/{drafted.json['draft_id']}/withdraw"
    assert (await api.call("POST", withdrawn, EDITOR, {})).status == 200
    assert (await api.call("DELETE", PROFILE, EDITOR)).status == 200


async def test_a_pin_of_a_client_that_may_not_use_it_any_more_holds_nothing(
    api: Api, owner: Pool
) -> None:
    await api.create(draft_for("loreal"))
    async with transaction(owner) as db:
        await db.execute("INSERT INTO client_binding VALUES ('diageo', 'my_profile', 1)")

    assert (await api.call("DELETE", PROFILE)).status == 200


@pytest.mark.parametrize("method_and_path", [("DELETE", ""), ("POST", "/archive")])
async def test_a_single_version_is_never_archived(
    api: Api, method_and_path: tuple[str, str]
) -> None:
    method, path = method_and_path
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90)

    answer = await api.call(method, f"/v1/profiles/my_profile_v2{path}")

    assert (answer.status, answer.json["code"]) == (422, "version_stays")


async def test_a_stale_if_match_archives_nothing(api: Api) -> None:
    await api.create(draft())
    stale = (await api.get(PROFILE)).headers["ETag"]
    saved = await api.save("my_profile", pass_threshold=90)

    refused = await api.call("DELETE", PROFILE, if_match=stale)
    archived = await api.call("DELETE", PROFILE, if_match=saved.headers["ETag"])

    assert (refused.status, archived.status) == (412, 200)
    assert refused.json["current"]["etag"] == saved.headers["ETag"]


async def test_who_may_not_change_a_profile_may_not_archive_it(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)

    assert (await api.call("DELETE", PROFILE, VIEWER)).status == 403
    assert (await api.call("DELETE", PROFILE, STRANGER)).status == 404
    assert (await api.call("DELETE", "/v1/profiles/general_key_visual", EDITOR)).status == 403
    assert (await api.call("DELETE", "/v1/profiles/absent", ADMIN)).status == 404


async def actions(owner: Pool) -> list[str]:
    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT action FROM audit_event WHERE object_id = 'my_profile' ORDER BY revision"
        )
    return [row["action"] for row in rows]
