"""Profiles as files, over HTTP and into a real database."""

import asyncio
import io
import json
import zipfile
from typing import Any

import pytest

from libs.contracts.access import Actor
from libs.contracts.profiles import MAX_CHECKS, MAX_PROMPT_CHARS
from libs.postgres import Pool, transaction
from services.profiles.app import STARTERS
from tests.profiles.conftest import EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for, judged
from tests.profiles.transfer.conftest import OLD, Transfer, zipped


async def test_files_of_the_old_system_become_versions_with_their_ids(
    api: Api, transfer: Transfer, owner: Pool
) -> None:
    answer = await transfer.bring(dict(reversed(OLD.items())))

    assert (answer.status, answer.json["added"], answer.json["skipped"]) == (200, 3, 0)
    assert [one["profile_id"] for one in answer.json["files"]] == ["pack", "pack_v2", "pack_v3"]
    third = (await api.get("/v1/profiles/pack_v3", VIEWER)).json
    assert (third["previous_version"], third["visible_to_clients"]) == ("pack", ["diageo"])
    assert third["modified_by"] == "ada", "who imported it, not whom the file names"
    resolved = await api.get("/v1/clients/diageo/resolve/pack")
    assert resolved.json["profile"]["profile_id"] == "pack_v3"
    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT action, details FROM audit_event WHERE object_id = 'pack' ORDER BY revision"
        )
    assert [row["action"] for row in rows] == ["profile.create", *["profile.import"] * 2]
    assert [row["details"]["note"] for row in rows] == [
        "from pack.json, saved there by anna@agency.example on 2024-03-01",
        "from pack_v2.json, saved there by ben@agency.example on 2025-01-02",
        "from pack_v3.json",
    ]


async def test_nothing_of_a_file_is_lost_on_the_way_through(transfer: Transfer) -> None:
    await transfer.bring(OLD)

    files = await transfer.files("profile=pack")

    assert list(files) == list(OLD)
    first = dict(files["pack.json"])
    assert len(first.pop("content_hash")) == 64
    expected: dict[str, Any] = OLD["pack.json"] | {
        "created_at": "2024-03-01T09:30:00.123456Z",
        "modified_at": "2024-03-01T09:30:00.123456Z",
    }
    assert first.pop("checks")["logo"]["parameters"] == expected.pop("checks")["logo"]["parameters"]
    assert first == expected
    assert files["pack_v2.json"]["modified_at"] == "2025-01-02T08:00:00Z"
    assert files["pack_v2.json"]["modified_by"] == "ben@agency.example"
    assert "created_by" not in files["pack_v3.json"]


async def test_the_same_files_again_change_nothing(api: Api, transfer: Transfer) -> None:
    await transfer.bring(OLD)
    before = await transfer.take("?format=jsonl")

    again = await transfer.bring(OLD)
    exported = await transfer.bring(before[1])

    assert (again.json["added"], again.json["skipped"]) == (0, 3)
    assert (exported.json["added"], exported.json["skipped"]) == (0, 3 + len(STARTERS))
    assert await transfer.take("?format=jsonl") == before


async def test_a_zip_goes_out_and_comes_in(transfer: Transfer) -> None:
    await transfer.bring(OLD)

    status, body = await transfer.take("?client=diageo")

    assert status == 200
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert json.loads(archive.read("profiles/pack_v2.json"))["pass_threshold"] == 90
    assert {"profiles/pack.json", "profiles/diageo_key_visual.json"} <= set(names)
    assert "profiles/loreal_key_visual.json" not in names
    back = await transfer.bring(body, kind="application/zip")
    assert (back.status, back.json["skipped"]) == (200, len(names))


async def test_the_largest_profile_is_taken_and_comes_through(api: Api, transfer: Transfer) -> None:
    prompt = "品" * MAX_PROMPT_CHARS
    checks = {f"check_{number}": judged(prompt=prompt) for number in range(MAX_CHECKS)}
    profile_id = await api.create(draft(name="Large", checks=checks))

    _, body = await transfer.take(f"?profile={profile_id}")
    back = await transfer.bring(body, kind="application/zip")

    assert (back.status, back.json["skipped"]) == (200, 1)


async def test_a_zip_may_hold_more_and_marks_of_editors(transfer: Transfer) -> None:
    archive = zipped(
        {
            "old/profiles/pack.json": b"\xef\xbb\xbf" + json.dumps(OLD["pack.json"]).encode(),
            "old/README.txt": b"not a profile",
            "old/profiles/": b"",
        }
    )

    answer = await transfer.bring(archive, kind="application/zip")

    assert [one["file"] for one in answer.json["files"]] == ["pack.json"]


async def test_a_version_saved_from_the_registry_is_a_file(api: Api, transfer: Transfer) -> None:
    await api.create(draft())
    saved = (await api.get("/v1/profiles/my_profile")).json

    again = await transfer.bring({"my_profile.json": saved})
    changed_since = await transfer.bring({"my_profile.json": saved | {"pass_threshold": 1}})

    assert (again.status, again.json["skipped"]) == (200, 1)
    assert "content_hash: the content was changed since" in changed_since.json["detail"]


async def test_an_archived_profile_goes_out_by_name_only_and_takes_no_version(
    api: Api, transfer: Transfer
) -> None:
    await transfer.bring({"pack.json": OLD["pack.json"]})
    await api.call("POST", "/v1/profiles/pack/archive")

    answer = await transfer.bring(OLD)

    assert "pack is archived: restore it first" in answer.json["detail"]
    assert "pack.json" not in await transfer.files("")
    assert "pack.json" in await transfer.files("profile=pack")


async def test_later_versions_continue_what_is_there(api: Api, transfer: Transfer) -> None:
    await transfer.bring({"pack.json": OLD["pack.json"]}, EDITOR)

    rest = await transfer.bring(OLD, EDITOR)

    assert (rest.json["added"], rest.json["skipped"]) == (2, 1)
    saved = await api.save("pack_v3", EDITOR, pass_threshold=12)
    assert saved.json["profile_id"] == "pack_v4"


async def test_an_import_changes_nothing_of_who_may_use_a_profile(
    api: Api, transfer: Transfer
) -> None:
    await transfer.bring({"pack.json": OLD["pack.json"]})

    await transfer.bring({"pack_v2.json": OLD["pack_v2.json"] | {"visibility": "all"}})

    assert (await api.get("/v1/profiles/pack_v2", STRANGER)).status == 404


async def test_a_dry_run_tells_all_and_changes_nothing(api: Api, transfer: Transfer) -> None:
    fine = await transfer.bring(OLD, query="?dry_run=true")
    bad = await transfer.bring({**OLD, "other_v2.json": draft()}, query="?dry_run=true")

    assert (fine.status, fine.json["dry_run"], fine.json["added"]) == (200, True, 3)
    assert (bad.status, bad.json["added"]) == (200, 3)
    assert bad.json["problems"] == [
        "other.json is missing: numbers have no gaps, so add it, or rename the files after it."
    ]
    assert (await api.get("/v1/profiles/pack")).status == 404


async def test_versions_that_say_the_same_keep_their_numbers(api: Api, transfer: Transfer) -> None:
    same = OLD["pack_v3.json"] | {"version": 4, "previous_version": "pack_v3"}

    await transfer.bring({**OLD, "pack_v4.json": same})

    hashes = [
        one["content_hash"]
        for one in (await api.get("/v1/profiles/pack/versions")).json["versions"]
    ]
    assert len(hashes) == 4 and len(set(hashes)) == 2


@pytest.mark.parametrize(("actor", "status"), [(VIEWER, 403), (STRANGER, 409), (EDITOR, 200)])
async def test_who_may_write_for_a_client_may_import_for_it(
    transfer: Transfer, actor: Actor, status: int
) -> None:
    assert (await transfer.bring(OLD, actor)).status == status


async def test_a_foreign_profile_gives_nothing_away(api: Api, transfer: Transfer) -> None:
    await api.create(draft_for("loreal", name="Pack"))

    answer = await transfer.bring(OLD, EDITOR)

    assert answer.json["detail"].startswith(
        "Nothing was imported. pack.json: the id pack is taken by a profile that you may not "
    )
    assert "loreal" not in answer.json["detail"]
    assert (await transfer.take("?profile=pack", EDITOR))[0] == 404
    assert (await transfer.take("?client=loreal", EDITOR))[0] == 404
    assert "pack.json" not in await transfer.files("", EDITOR)


async def test_clients_that_one_may_not_know_are_not_in_the_file(
    api: Api, transfer: Transfer
) -> None:
    await api.create(draft_for("diageo", "loreal"))

    files = await transfer.files("profile=my_profile", EDITOR)

    assert files["my_profile.json"]["visible_to_clients"] == ["diageo"]


async def test_two_imports_at_once_make_each_version_once(transfer: Transfer) -> None:
    answers = await asyncio.gather(*(transfer.bring(OLD) for _ in range(6)))

    assert [answer.status for answer in answers] == [200] * 6
    assert sorted(answer.json["added"] for answer in answers) == [0] * 5 + [3]


async def test_where_a_version_came_from_stays_as_it_was_written(
    transfer: Transfer, run: Pool, owner: Pool
) -> None:
    await transfer.bring(OLD)

    for pool, statement in (
        (run, "UPDATE version_origin SET created_by = 'x'"),
        (run, "DELETE FROM version_origin"),
        (owner, "TRUNCATE version_origin"),
    ):
        with pytest.raises(Exception, match=r"permission denied|stay as they were"):
            async with transaction(pool) as db:
                await db.execute(statement)
    for clients, count in ((["diageo"], 3), (["loreal"], 0), ([], 0)):
        async with transaction(run, clients) as db:
            assert await db.fetchval("SELECT count(*) FROM version_origin") == count
    with pytest.raises(Exception, match="row-level security"):
        async with transaction(run, ["loreal"]) as db:
            await db.execute("INSERT INTO version_origin (slug, version) VALUES ('pack', 1)")
