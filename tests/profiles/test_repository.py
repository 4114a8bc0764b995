"""The second lock: what the database itself refuses, to the service and to the owner."""

import pytest
from asyncpg import (
    InsufficientPrivilegeError,
    PostgresError,
    RestrictViolationError,
)

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, Api
from tests.profiles.factories import draft, draft_for

CHANGES = [
    "UPDATE profile_version SET name = 'x'",
    "DELETE FROM profile_version",
    "TRUNCATE profile_version CASCADE",
    "UPDATE activation SET activated_by = 'x'",
    "DELETE FROM activation",
    "TRUNCATE activation",
    "UPDATE audit_event SET actor = 'x'",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
    "DELETE FROM profile",
    "UPDATE profile SET slug = 'other', revision = revision + 1",
    "UPDATE profile SET created_by = 'x', revision = revision + 1",
]


@pytest.mark.parametrize("statement", CHANGES)
async def test_the_service_has_no_right_to_change_what_was_written(
    run: Pool, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilegeError):
        async with transaction(run) as db:
            await db.execute(statement)


@pytest.mark.parametrize("statement", CHANGES)
async def test_a_trigger_refuses_the_owner_too(owner: Pool, statement: str) -> None:
    async with transaction(owner) as db:
        # Policies that are missing would hide the rows, and then no trigger is asked.
        for table in ("profile", "profile_version", "activation"):
            await db.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        with pytest.raises(RestrictViolationError):
            await db.execute(f"SAVEPOINT here; {statement}")
        await db.execute("ROLLBACK TO here")
        await db.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("profile", "profile_version", "activation"):
            await db.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


@pytest.mark.parametrize(
    "change", ["last_version = 1, active_version = 1, revision = revision + 1", "last_version = 3"]
)
async def test_counters_of_a_profile_never_go_back(api: Api, run: Pool, change: str) -> None:
    await api.create(draft())
    await api.save("my_profile", name="Renamed")

    with pytest.raises(RestrictViolationError):
        async with transaction(run) as db:
            await db.execute(f"UPDATE profile SET {change} WHERE slug = 'my_profile'")


@pytest.mark.parametrize("slug", ["pack_v2", "Pack", "", "a b", "a" * 64])
async def test_a_slug_that_looks_like_a_version_is_refused(run: Pool, slug: str) -> None:
    with pytest.raises(PostgresError, match="profile_slug_check"):
        async with transaction(run) as db:
            await db.execute(
                "INSERT INTO profile (slug, visibility, visible_to_clients, created_by) "
                "VALUES ($1, 'all', '{}', 'x')",
                slug,
            )


async def test_a_transaction_without_clients_sees_nothing(run: Pool) -> None:
    for table in ("client", "client_binding", "profile", "profile_version"):
        assert await run.fetchval(f"SELECT count(*) FROM {table}") == 0
        async with transaction(run, []) as db:
            assert await db.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_transaction_sees_the_rows_of_its_clients_only(api: Api, run: Pool) -> None:
    await api.create(draft_for("diageo", name="Diageo's own"), EDITOR)

    async with transaction(run, ["loreal"]) as db:
        slugs = {row["slug"] for row in await db.fetch("SELECT slug FROM profile")}
        versions = {row["slug"] for row in await db.fetch("SELECT slug FROM profile_version")}
        clients = [row["client_id"] for row in await db.fetch("SELECT client_id FROM client")]

    assert slugs == versions == {"general_key_visual", "loreal_key_visual"}
    assert clients == ["loreal"]


async def test_bindings_of_other_clients_are_hidden(api: Api, owner: Pool, run: Pool) -> None:
    async with transaction(owner) as db:
        await db.execute("INSERT INTO client_binding VALUES ('diageo', 'diageo_packaging', 1)")

    async with transaction(run, ["loreal"]) as db:
        assert await db.fetchval("SELECT count(*) FROM client_binding") == 0
    async with transaction(run, ["diageo"]) as db:
        assert await db.fetchval("SELECT count(*) FROM client_binding") == 1


@pytest.mark.parametrize(
    ("visibility", "clients"),
    [("all", []), ("client_specific", ["loreal"]), ("client_specific", ["diageo", "loreal"])],
)
async def test_a_transaction_cannot_add_a_profile_beyond_its_clients(
    run: Pool, visibility: str, clients: list[str]
) -> None:
    with pytest.raises(InsufficientPrivilegeError, match="row-level security"):
        async with transaction(run, ["diageo"]) as db:
            await db.execute(
                "INSERT INTO profile (slug, visibility, visible_to_clients, created_by) "
                "VALUES ('mine', $1, $2, 'x')",
                visibility,
                clients,
            )


@pytest.mark.parametrize("slug", ["general_key_visual", "shared"])
async def test_a_transaction_cannot_change_a_profile_that_others_use(
    api: Api, run: Pool, slug: str
) -> None:
    await api.create(draft_for("diageo", "loreal", name="Shared"))

    async with transaction(run, ["diageo"]) as db:
        tag = await db.execute("UPDATE profile SET revision = revision + 1 WHERE slug = $1", slug)
        seen = await db.fetchval("SELECT count(*) FROM profile WHERE slug = $1", slug)
    assert (tag, seen) == ("UPDATE 0", 1)

    with pytest.raises(InsufficientPrivilegeError, match="row-level security"):
        async with transaction(run, ["diageo"]) as db:
            await db.execute(
                "INSERT INTO profile_version SELECT slug, 2, name, description, pass_threshold, "
                "checks, check_count, content_hash, scoring_hash, 1, 1, created_at, 'x' "
                "FROM profile_version WHERE slug = $1",
                slug,
            )


async def test_a_transaction_cannot_open_its_profile_to_others(api: Api, run: Pool) -> None:
    await api.create(draft_for("loreal"), STRANGER)

    with pytest.raises(InsufficientPrivilegeError, match="row-level security"):
        async with transaction(run, ["loreal"]) as db:
            await db.execute(
                "UPDATE profile SET visibility = 'all', visible_to_clients = '{}', "
                "revision = revision + 1 WHERE slug = 'my_profile'"
            )


async def test_a_save_that_fails_halfway_leaves_nothing(api: Api, owner: Pool) -> None:
    await api.create(draft())
    async with transaction(owner) as db:
        await db.execute(
            "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, "
            "after_hash, details) VALUES ('profile', 'my_profile', 2, 'x', 'x', 'x', '{}')"
        )

    failed = await api.save("my_profile", ADMIN, name="Renamed")

    assert failed.status == 500
    versions = (await api.get("/v1/profiles/my_profile/versions")).json["versions"]
    assert [version["version"] for version in versions] == [1]
