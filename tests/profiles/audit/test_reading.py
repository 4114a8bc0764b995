"""The audit as people read it: in words, filtered, in pages, and only what is theirs."""

import asyncio
import csv
import json
from io import StringIO
from typing import Any

import pytest

from libs.contracts.access import Action, Actor, Role
from libs.postgres import Pool, transaction
from tests.factories import service, user
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for

CHIEF = user("chip", {"diageo": Role.CLIENT_ADMIN})


async def entries(api: Api, query: str = "", actor: Actor = ADMIN) -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/audit{query}", actor)
    assert answer.status == 200, answer.json
    found: list[dict[str, Any]] = answer.json["entries"]
    return found


async def said(api: Api, query: str = "", actor: Actor = ADMIN) -> list[str]:
    return [entry["sentence"] for entry in await entries(api, query, actor)]


async def text(api: Api, query: str) -> tuple[str, str]:
    headers = {"Authorization": api._trust.bearer("profiles", ADMIN)}
    async with api.http.get(f"/v1/audit{query}", headers=headers) as response:
        assert response.status == 200
        return response.headers["Content-Type"], await response.text()


async def test_every_change_is_a_sentence(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))
    await api.save("my_profile", name="Renamed")
    await api.save("my_profile", pass_threshold=3)
    await api.save("my_profile_v3", visible_to_clients=["diageo"])
    await api.call("PUT", "/v1/clients/diageo/brand", EDITOR, {"words": ["Smirnoff"]})

    assert (await said(api))[:5] == [
        "dora saved version 1 of the brand data of diageo",
        "ada changed who may use my_profile, for diageo, before for diageo, loreal",
        "ada saved version 3 of my_profile, based on my_profile (from a base that was not the "
        "active version)",
        "ada saved version 2 of my_profile",
        "ada created the profile my_profile, for diageo, loreal",
    ]


async def test_row_says_who_when_what_and_from_which_request(api: Api) -> None:
    await api.create(draft())
    saved = await api.save("my_profile", name="Renamed")

    [entry] = await entries(api, "?object=my_profile&action=profile.save")

    assert (entry["actor"], entry["revision"], entry["details"]["version"]) == ("ada", 2, 2)
    assert entry["request_id"] == saved.headers["X-Request-Id"]
    assert entry["before_hash"] and entry["before_hash"] != entry["after_hash"]


async def test_save_is_told_with_what_it_changed(api: Api) -> None:
    await api.create(draft())
    await api.save("my_profile", pass_threshold=90, description="Other words.")
    await api.save("my_profile_v2", visible_to_clients=["diageo"], visibility="client_specific")

    shared, saved, created = await entries(api, "?object=my_profile")

    assert [(one["path"], one["change_class"], one["before"]) for one in saved["changes"]] == [
        ("description", "presentation", "What we look at."),
        ("pass_threshold", "scoring", 85),
    ]
    assert shared["changes"] == created["changes"] == []
    _, table = await text(api, "?format=csv&action=profile.save")
    row = next(csv.DictReader(StringIO(table)))
    assert "85 → 90" in row["changes"] and "can change results" in row["changes"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?object=mine", 3),
        ("?object=profile:mine", 3),
        ("?object=mine_v2", 3),
        ("?object=client:mine", 0),
        ("?actor=dora", 4),
        ("?actor=dor", 0),
        ("?action=profile.save", 2),
        ("?action=profile.save,brand.save", 3),
        ("?action=profile.save&action=brand", 3),
        ("?action=brand", 1),
        ("?action=bran", 0),
        ("?q=ine&action=profile.create", 1),
        ("?q=Di%25eo", 0),
        ("?q=m_ne", 0),
        ("?q=DIAGEO&action=client", 1),
        ("?object=mine&limit=2", 2),
        ("?from=2026-01-01&object=mine", 3),
        ("?to=2026-01-01&object=mine", 0),
        ("?from=9999-12-31", 0),
        ("?to=9999-12-31&object=mine", 3),
        ("?client=diageo&actor=dora", 4),
        ("?client=loreal&actor=dora", 0),
        ("?client=diageo&action=client", 1),
        ("?client=diageo&object=general_key_visual", 1),
    ],
)
async def test_filters(api: Api, query: str, found: int) -> None:
    await api.create(draft_for("diageo", name="Mine"), EDITOR)
    await api.save("mine", EDITOR, pass_threshold=1)
    await api.save("mine_v2", EDITOR, pass_threshold=2)
    await api.call("PUT", "/v1/clients/diageo/brand", EDITOR, {"words": ["Smirnoff"]})

    assert len(await entries(api, query)) == found


@pytest.mark.parametrize(
    "query",
    ["?from=yesterday", "?to=2026-02-31", "?limit=0", "?limit=501", "?cursor=x", "?cursor=0",
     "?format=xml", "?colour=red", "?client=A%20B", "?q=", "?q=%00", "?object=%00",
     "?cursor=99999999999999999999"],
)  # fmt: skip
async def test_what_is_no_filter_is_refused(api: Api, query: str) -> None:
    answer = await api.get(f"/v1/audit{query}")

    assert (answer.status, answer.json["code"]) == (422, "bad_query")


async def test_pages_hold_every_row_once_while_others_write(api: Api) -> None:
    await api.create(draft())
    before = [entry["seq"] for entry in await entries(api)]
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await api.get(f"/v1/audit?limit=4{cursor}")
        seen += [entry["seq"] for entry in answer.json["entries"]]
        await api.save("my_profile", pass_threshold=len(seen))
        after = answer.json["next_cursor"]
        cursor = f"&cursor={after}" if after else None

    assert seen == before == sorted(before, reverse=True)


async def test_whole_audit_comes_as_json_lines_and_as_csv(api: Api) -> None:
    await api.create(draft(name="=cmd|' /C calc'!A0"))
    listed = await entries(api)

    kind, lines = await text(api, "?format=jsonl&limit=1")
    csv_kind, table = await text(api, "?format=csv")
    rows = list(csv.DictReader(StringIO(table)))

    assert (kind, csv_kind) == ("application/jsonl; charset=utf-8", "text/csv; charset=utf-8")
    assert [json.loads(line) for line in lines.splitlines()] == listed
    assert [(int(row["seq"]), row["sentence"], row["hash"]) for row in rows] == [
        (entry["seq"], entry["sentence"], entry["hash"]) for entry in listed
    ]


async def test_no_cell_of_the_csv_is_a_formula(api: Api, run: Pool) -> None:
    await api.create(draft())
    async with transaction(run) as db:
        await db.execute(
            "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, "
            "after_hash, details) VALUES ('profile', 'my_profile', 2, '=1+1', '@x', 'x', '{}')"
        )

    _, table = await text(api, "?format=csv&object=my_profile")
    row = next(csv.DictReader(StringIO(table)))

    assert (row["actor"], row["action"]) == ("'=1+1", "'@x")
    assert row["sentence"].startswith("'=1+1 did")


async def test_action_that_has_no_words_is_named_as_it_is(api: Api, run: Pool) -> None:
    await api.create(draft())
    async with transaction(run) as db:
        await db.execute(
            "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, "
            "after_hash, details) VALUES ('profile', 'my_profile', 2, 'x', 'a.{b}', 'x', "
            '\'{"before": 7, "version": "x", "note": "{c}"}\')'
        )

    assert (await said(api))[0] == 'x did a.{b} to the profile my_profile ("{c}")'


async def test_empty_export_has_its_header(api: Api) -> None:
    assert await text(api, "?format=jsonl&actor=nobody") == ("application/jsonl; charset=utf-8", "")
    _, table = await text(api, "?format=csv&actor=nobody")
    assert table.startswith("seq,at,actor")


async def test_export_of_a_foreign_client_is_refused_before_it_begins(api: Api) -> None:
    answer = await api.get("/v1/audit?format=csv&client=loreal", CHIEF)

    assert (answer.status, answer.json["code"]) == (404, "unknown_client")
    assert (await api.get("/v1/audit?format=csv&client=nobody")).status == 404


async def test_client_admin_reads_what_concerns_the_client_and_no_other_name(api: Api) -> None:
    await api.create(draft_for("loreal", name="Foreign"), STRANGER)
    await api.create(draft_for("diageo", "loreal", name="Shared"))
    await api.save("shared", visible_to_clients=["diageo", "loreal", "unilever"])
    await api.create(draft_for("diageo", name="Lost"))
    await api.save("lost", visible_to_clients=["loreal"])

    mine = await entries(api, actor=CHIEF)
    told = json.dumps(mine)

    assert "loreal" not in told and "unilever" not in told
    assert {entry["object_id"] for entry in mine} == {
        "diageo", "shared", "diageo_key_visual", "diageo_packaging", "general_key_visual",
    }  # fmt: skip
    assert (await said(api, "?object=shared", CHIEF))[0].endswith("for diageo, before for diageo")
    assert await entries(api, "?q=loreal", CHIEF) == []
    assert await entries(api, "?object=lost", CHIEF) == []


@pytest.mark.parametrize("actor", [EDITOR, VIEWER, service(Action.READ_PROFILES)])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/audit"), ("GET", "/v1/audit/verify"), ("POST", "/v1/audit/anchors")],
)
async def test_audit_is_for_client_admins_and_up(
    api: Api, actor: Actor, method: str, path: str
) -> None:
    answer = await api.call(method, path, actor, {"anchors": []} if method == "POST" else None)

    assert (answer.status, answer.json["code"]) == (403, "not_allowed")


async def test_client_admin_verifies_what_is_theirs(api: Api) -> None:
    await api.create(draft_for("loreal", name="Foreign"), STRANGER)

    found = (await api.get("/v1/audit/verify", CHIEF)).json

    assert found["faults"] == []
    assert {head["object_id"] for head in found["heads"]} == {
        "diageo", "diageo_key_visual", "diageo_packaging", "general_key_visual",
    }  # fmt: skip
    foreign = [{"object_kind": "profile", "object_id": "foreign", "revision": 1, "hash": "0" * 64}]
    [fault] = (await api.call("POST", "/v1/audit/anchors", CHIEF, {"anchors": foreign})).json[
        "faults"
    ]
    assert fault["kind"] == "vanished" and "may not see" in fault["detail"]


async def test_transaction_of_one_client_sees_and_writes_no_other_audit(
    api: Api, run: Pool
) -> None:
    await api.create(draft_for("loreal", name="Foreign"), STRANGER)
    insert = (
        "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, after_hash, "
        "details) VALUES ($1, $2, $3, 'x', 'x', 'x', '{}')"
    )

    async with transaction(run, ["diageo"]) as db:
        seen = {row["object_id"] for row in await db.fetch("SELECT object_id FROM audit_event")}
    assert seen == {"diageo", "diageo_key_visual", "diageo_packaging", "general_key_visual"}
    assert await run.fetchval("SELECT count(*) FROM audit_event") == 0
    for kind, object_id, revision in (("profile", "foreign", 2), ("client", "loreal", 2)):
        with pytest.raises(Exception, match="row-level security"):
            async with transaction(run, ["diageo"]) as db:
                await db.execute(insert, kind, object_id, revision)


async def test_200_writers_at_once_leave_whole_chains(api: Api) -> None:
    await api.create(draft())
    await api.create(draft(name="Other"))

    answers = await asyncio.gather(
        *(api.save("my_profile" if n % 2 else "other", pass_threshold=n / 2) for n in range(200))
    )

    assert {answer.status for answer in answers} == {200}
    found = (await api.get("/v1/audit/verify")).json
    assert found["faults"] == []
    heads = {head["object_id"]: head["revision"] for head in found["heads"]}
    assert (heads["my_profile"], heads["other"]) == (101, 101)


async def test_audit_of_a_draft_is_seen_by_whoever_sees_its_profile(api: Api, run: Pool) -> None:
    await api.create(draft_for("diageo", name="Mine"), EDITOR)
    body = {"profile_id": "mine", "title": "Stricter", "edit": {"pass_threshold": 95}}
    drafted = await api.call("POST", "/v1/drafts", EDITOR, body)
    assert drafted.status == 201, drafted.json

    assert (await said(api, "?action=draft", CHIEF)) == [
        'dora drafted a change of mine ("Stricter")'
    ]
    assert (await api.get("/v1/audit/verify")).json["faults"] == []
    async with transaction(run, ["loreal"]) as db:
        kinds = {row["object_kind"] for row in await db.fetch("SELECT * FROM audit_event")}
    assert kinds == {"client", "profile"}
