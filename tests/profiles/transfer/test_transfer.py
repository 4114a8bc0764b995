"""Profiles as files, over HTTP and into a real database."""

import asyncio
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from libs.contracts.access import Actor
from libs.postgres import Pool, transaction
from services.profiles.app import STARTERS
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Answer, Api
from tests.profiles.factories import draft, draft_for, exact, judged
from tests.trust import Trust

Files = Mapping[str, Any]
OLD = {
    "pack.json": {
        "name": "Pack",
        "description": "",
        "version": 1,
        "visibility": "client_specific",
        "visible_to_clients": ["diageo"],
        "created_at": "2024-03-01T09:30:00.123456",
        "created_by": "anna@agency.example",
        "modified_at": "2024-03-01T09:30:00.123456",
        "modified_by": "anna@agency.example",
        "previous_version": None,
        "pass_threshold": 85,
        "checks": {"logo": exact(parameters={"deep": {"none": None, "list": [1.5, ""]}})},
    },
    "pack_v2.json": {
        "name": "Pack",
        "version": 2,
        "visibility": "client_specific",
        "visible_to_clients": ["diageo"],
        "created_at": "2024-03-01T09:30:00.123456",
        "created_by": "anna@agency.example",
        "modified_at": "2025-01-02T10:00:00+02:00",
        "modified_by": "ben@agency.example",
        "previous_version": "pack",
        "pass_threshold": 90,
        "checks": {"logo": exact(), "cta": judged()},
    },
    "pack_v3.json": {
        "name": "Pack",
        "version": 3,
        "visibility": "client_specific",
        "visible_to_clients": ["diageo"],
        "previous_version": "pack",
        "pass_threshold": 90,
        "checks": {"logo": exact(), "cta": judged()},
    },
}


class Transfer:
    """Sends and takes files as somebody."""

    def __init__(self, api: Api, trust: Trust) -> None:
        self._api = api
        self._trust = trust

    async def bring(
        self, files: Files | bytes, actor: Actor = ADMIN, query: str = "", kind: str = ""
    ) -> Answer:
        """Import files, or a body as it is."""
        body = files if isinstance(files, bytes) else lines(files)
        headers = {
            "Authorization": self._trust.bearer("profiles", actor),
            "Content-Type": kind or "application/x-ndjson",
        }
        path = f"/v1/profile-files{query}"
        async with self._api.http.post(path, data=body, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.json(content_type=None))

    async def take(self, query: str = "", actor: Actor = ADMIN) -> tuple[int, bytes]:
        headers = {"Authorization": self._trust.bearer("profiles", actor)}
        path = f"/v1/profile-files{query}"
        async with self._api.http.get(path, headers=headers) as answer:
            return answer.status, await answer.read()

    async def files(self, query: str, actor: Actor = ADMIN) -> dict[str, Any]:
        _, body = await self.take(f"?format=jsonl&{query}", actor)
        said = [json.loads(line) for line in body.splitlines()]
        return {one["file"]: one["profile"] for one in said}


def lines(files: Files) -> bytes:
    return b"\n".join(json.dumps({"file": k, "profile": v}).encode() for k, v in files.items())


def zipped(files: Mapping[str, bytes]) -> bytes:
    pipe = io.BytesIO()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return pipe.getvalue()


@pytest.fixture
def transfer(api: Api, trust: Trust) -> Transfer:
    return Transfer(api, trust)


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
    assert rows[0]["details"]["file"] == "pack.json"
    assert rows[1]["details"]["note"] == "from pack_v2.json"


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


def changed(**fields: Any) -> dict[str, Any]:
    return OLD["pack.json"] | fields


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("x.json", changed(owner="anna"), "x.json: owner: not known here; take it out."),
        (
            "x.json",
            changed(checks={"logo": exact(enabled=True)}),
            "checks.logo.enabled: not known here; a setting of the check's own goes into its "
            "`parameters`.",
        ),
        ("x.json", changed(version=2), "version: it says 2, but its name says 1."),
        ("x.json", changed(profile_id="y"), "profile_id: it says y, but its name x."),
        ("x.json", changed(content_hash="0" * 64), "the content was changed since"),
        ("x.json", changed(previous_version="pack"), "'pack' is no earlier version of x"),
        ("x.json", changed(visible_to_clients=["nobody"]), "no brand client 'nobody'"),
        ("x.json", changed(checks={"logo": exact(parameters={"n": 2**60})}), "whole numbers go"),
        ("x.json", [], "x.json: the file: "),
        ("x_v1.json", changed(), "named after its version"),
        ("../x.json", changed(), "named after its version"),
        ("x.txt", changed(), "named after its version"),
        ("X.json", changed(), "named after its version"),
        ("x_v3.json", changed(version=3), "x.json is missing"),
        (
            "diageo_key_visual.json",
            changed(),
            "diageo_key_visual is there with other content, and versions never change",
        ),
    ],
)
async def test_one_file_that_cannot_be_taken_keeps_all_out(
    api: Api, transfer: Transfer, file: str, content: Any, sentence: str
) -> None:
    answer = await transfer.bring({**OLD, file: content})

    assert (answer.status, answer.json["code"]) == (409, "files_refused")
    assert sentence in answer.json["detail"]
    assert (await api.get("/v1/profiles/pack")).status == 404


async def test_a_gap_and_a_file_sent_twice_are_told(transfer: Transfer) -> None:
    del (gap := dict(OLD))["pack_v2.json"]

    missing = await transfer.bring(gap)
    twice = await transfer.bring(lines(OLD) + b"\n" + lines({"pack.json": OLD["pack.json"]}))

    assert "pack_v2.json is missing" in missing.json["detail"]
    assert "pack.json comes twice" in twice.json["detail"]


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


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"no json", "application/x-ndjson", 400),
        (b'{"file": "a.json"}', "application/x-ndjson", 400),
        (b"[" * 100_000, "application/x-ndjson", 400),
        (b"PK no zip", "application/zip", 400),
        (zipped({"a.json": b" " * (3 << 20)}), "application/zip", 413),
        (zipped({"a.json": b"[" * 100_000}), "application/zip", 409),
        (zipped({"a.json": b"\xff\xfe"}), "application/zip", 409),
        (b"PK\x01\x02" * 10_000, "application/zip", 413),
        (b"\n".join([lines({"a.json": 1})] * 2_001), "application/x-ndjson", 413),
        (b"\n" * ((64 << 20) + 1), "application/x-ndjson", 413),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_body_that_is_no_set_of_files_is_refused(
    transfer: Transfer, body: bytes, kind: str, status: int
) -> None:
    assert (await transfer.bring(body, kind=kind)).status == status


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
