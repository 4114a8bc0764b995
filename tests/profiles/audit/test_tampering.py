"""Whoever touches what was written is found, though no trigger and no right stopped them."""

from typing import Any

import pytest

from libs.postgres import Connection, Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, Api
from tests.profiles.factories import draft

HERE = "object_kind = 'profile' AND object_id = 'my_profile'"
RESEALED = f"UPDATE audit_event AS e SET hash = audit_hash(e) WHERE {HERE}"
CHAINED = """
    WITH RECURSIVE chain AS (
        SELECT e.revision, audit_hash(e) AS hash FROM audit_event AS e
         WHERE {here} AND revision = {first}
         UNION ALL
        SELECT e.revision, audit_hash(
                   jsonb_populate_record(e, jsonb_build_object('previous_hash', chain.hash)))
          FROM chain JOIN audit_event AS e ON {here} AND e.revision = chain.revision + 1)
    UPDATE audit_event AS e
       SET hash = chain.hash,
           previous_hash = (SELECT hash FROM chain AS p WHERE p.revision = e.revision - 1)
      FROM chain WHERE {here} AND e.revision = chain.revision
"""
"""What somebody does who knows how the chain is made: every hash fits again."""


async def write(api: Api, versions: int = 4) -> None:
    await api.create(draft())
    for number in range(2, versions + 1):
        await api.save("my_profile", pass_threshold=number)


async def faults(api: Api) -> list[tuple[str, str, int]]:
    found = (await api.get("/v1/audit/verify")).json
    assert found["fault_count"] == len(found["faults"])
    for fault in found["faults"]:
        assert fault["object_id"] in fault["detail"]
    return [(one["kind"], one["object_id"], one["revision"]) for one in found["faults"]]


async def anchors(api: Api) -> list[dict[str, Any]]:
    heads: list[dict[str, Any]] = (await api.get("/v1/audit/verify")).json["heads"]
    return heads


async def against(api: Api, kept: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    answer = await api.call("POST", "/v1/audit/anchors", ADMIN, {"anchors": kept})
    assert answer.status == 200, answer.json
    return [(one["kind"], one["object_id"], one["revision"]) for one in answer.json["faults"]]


async def test_audit_that_nobody_touched_has_no_fault(api: Api) -> None:
    await write(api)
    await api.call("PUT", "/v1/clients/diageo/brand", EDITOR, {"words": ["Smirnoff"]})
    await api.save("my_profile", visibility="client_specific", visible_to_clients=["loreal"])
    kept = await anchors(api)
    await api.save("my_profile", name='Näme \\ "quoted" \u2028 \x7f 🎨')

    found = (await api.get("/v1/audit/verify")).json

    clients, starters, saves = 4, 6, 6
    assert found["faults"] == []
    assert found["rows"] == clients + starters + saves + 1
    assert found["versions"] == starters + saves + 1
    assert await against(api, kept) == []


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody'",
        "action = 'profile.import'",
        "at = at + interval '1 microsecond'",
        'details = details || \'{"note": "forged"}\'',
        "after_hash = before_hash",
        "before_hash = NULL",
        "request_id = NULL",
        "seq = seq + 1000",
    ],
)
async def test_edited_row_is_named(api: Api, superuser: Connection, change: str) -> None:
    await write(api)

    await superuser.execute(f"UPDATE audit_event SET {change} WHERE {HERE} AND revision = 2")

    assert await faults(api) == [("edited", "my_profile", 2)]


async def test_edited_row_with_a_hash_that_fits_breaks_the_link_behind_it(
    api: Api, superuser: Connection
) -> None:
    await write(api)

    await superuser.execute(
        f"UPDATE audit_event SET actor = 'x' WHERE {HERE} AND revision = 2; {RESEALED}"
    )

    assert await faults(api) == [("unlinked", "my_profile", 3)]


@pytest.mark.parametrize(("gone", "first"), [("2", 2), ("2, 3", 2), ("1", 1)])
async def test_removed_rows_are_named(
    api: Api, superuser: Connection, gone: str, first: int
) -> None:
    await write(api)

    await superuser.execute(f"DELETE FROM audit_event WHERE {HERE} AND revision IN ({gone})")

    assert await faults(api) == [("missing", "my_profile", first)]


async def test_inserted_row_is_named(api: Api, superuser: Connection) -> None:
    await write(api)

    await superuser.execute(
        f"""
        UPDATE audit_event SET revision = revision + 10 WHERE {HERE} AND revision > 2;
        UPDATE audit_event SET revision = revision - 9 WHERE {HERE} AND revision > 2;
        INSERT INTO audit_event (seq, object_kind, object_id, revision, actor, action, after_hash,
                                 details, previous_hash, hash)
        SELECT 999, object_kind, object_id, 3, 'x', 'profile.save', after_hash, '{{}}', hash, 'x'
          FROM audit_event WHERE {HERE} AND revision = 2;
        """
    )

    found = await faults(api)
    assert ("edited", "my_profile", 3) in found
    assert ("unlinked", "my_profile", 4) in found
    assert ("lost", "my_profile", 5) in found


async def test_swapped_rows_are_named(api: Api, superuser: Connection) -> None:
    await write(api)

    await superuser.execute(
        f"""
        UPDATE audit_event SET revision = 99 WHERE {HERE} AND revision = 2;
        UPDATE audit_event SET revision = 2 WHERE {HERE} AND revision = 3;
        UPDATE audit_event SET revision = 3 WHERE {HERE} AND revision = 99;
        """
    )

    found = await faults(api)
    assert {("edited", "my_profile", 2), ("edited", "my_profile", 3)} <= set(found)


async def test_cut_off_tail_shows_by_the_counter_of_the_profile(
    api: Api, superuser: Connection
) -> None:
    await write(api)

    await superuser.execute(f"DELETE FROM audit_event WHERE {HERE} AND revision > 2")

    assert ("cut_off", "my_profile", 3) in await faults(api)


async def test_cut_off_tail_shows_by_a_kept_head_when_the_profile_was_set_back_too(
    api: Api, superuser: Connection
) -> None:
    await write(api)
    kept = await anchors(api)

    await superuser.execute(
        f"""
        DELETE FROM audit_event WHERE {HERE} AND revision > 2;
        DELETE FROM profile_version WHERE slug = 'my_profile' AND version > 2;
        UPDATE profile SET revision = 2, active_version = 2 WHERE slug = 'my_profile';
        """
    )

    assert await faults(api) == []
    assert await against(api, kept) == [("cut_off", "my_profile", 3)]


async def test_object_that_vanished_shows_by_a_kept_head(api: Api, superuser: Connection) -> None:
    await write(api)
    kept = await anchors(api)

    await superuser.execute(
        """
        DELETE FROM audit_event WHERE object_id = 'my_profile';
        DELETE FROM profile_version WHERE slug = 'my_profile';
        DELETE FROM profile WHERE slug = 'my_profile';
        """
    )

    assert await faults(api) == []
    assert await against(api, kept) == [("vanished", "my_profile", 4)]


async def test_chain_that_was_written_anew_shows_by_a_kept_head(
    api: Api, superuser: Connection
) -> None:
    await write(api)
    kept = await anchors(api)

    await superuser.execute(f"UPDATE audit_event SET actor = 'x' WHERE {HERE} AND revision = 2")
    await superuser.execute(CHAINED.format(here=HERE, first=1))

    assert await faults(api) == []
    assert await against(api, kept) == [("rewritten", "my_profile", 4)]


async def test_audit_of_a_profile_that_was_deleted_is_named(
    api: Api, superuser: Connection
) -> None:
    await write(api, versions=1)

    await superuser.execute("DELETE FROM profile WHERE slug = 'my_profile'")
    await superuser.execute("DELETE FROM profile_version WHERE slug = 'my_profile'")

    assert await faults(api) == [
        ("lost", "my_profile", 1),
        ("version_edited", "my_profile", 1),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "pass_threshold = 1",
        "checks = replace(checks::text, 'call to action', 'cal to action')::json",
        "checks = '{}'",
        'checks = \'{"x": {"kind": 7}}\'',
        "content_hash = (SELECT content_hash FROM profile_version WHERE slug = 'my_profile'"
        " AND version = 3)",
        "scoring_hash = content_hash",
    ],
)
async def test_edited_version_is_named(api: Api, superuser: Connection, change: str) -> None:
    await write(api)

    await superuser.execute(
        f"UPDATE profile_version SET {change} WHERE slug = 'my_profile' AND version = 2"
    )

    assert await faults(api) == [("version_edited", "my_profile", 2)]


async def test_version_with_a_new_hash_does_not_fit_the_audit(
    api: Api, superuser: Connection
) -> None:
    await write(api)

    await superuser.execute(
        "UPDATE profile_version AS v SET (pass_threshold, content_hash, scoring_hash) = "
        "(SELECT pass_threshold, content_hash, scoring_hash FROM profile_version AS other "
        "WHERE other.slug = v.slug AND other.version = 3) WHERE slug = 'my_profile' "
        "AND version = 2"
    )

    assert await faults(api) == [("version_edited", "my_profile", 2)]


async def test_edited_brand_data_is_named(api: Api, superuser: Connection) -> None:
    await api.call("PUT", "/v1/clients/diageo/brand", EDITOR, {"words": ["Smirnoff"]})

    await superuser.execute('UPDATE brand_version SET brand = \'{"words": ["Gin"]}\'')

    assert await faults(api) == [("version_edited", "diageo", 1)]


@pytest.mark.parametrize("revision", [1, 3, 5])
async def test_nobody_writes_beside_the_chain(api: Api, run: Pool, revision: int) -> None:
    await write(api, versions=3)

    with pytest.raises(Exception, match=r"does not follow the audit|audit_event_pkey"):
        async with transaction(run) as db:
            await db.execute(
                "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, "
                "after_hash, details) VALUES ('profile', 'my_profile', $1, 'x', 'x', 'x', '{}')",
                revision,
            )


async def test_seal_overwrites_what_a_writer_gives(api: Api, run: Pool) -> None:
    await write(api, versions=1)

    async with transaction(run) as db:
        row = await db.fetchrow(
            "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, "
            "after_hash, details, seq, previous_hash, hash) VALUES "
            "('profile', 'my_profile', 2, 'x', 'x', 'x', '{}', 1, 'forged', 'forged') "
            "RETURNING seq, previous_hash, hash"
        )
        first = await db.fetchrow(f"SELECT seq, hash FROM audit_event WHERE {HERE}")

    assert row and first
    assert row["seq"] > first["seq"]
    assert row["previous_hash"] == first["hash"]
    assert len(row["hash"]) == 64
