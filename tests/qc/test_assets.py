"""Reference assets in a real database: names, versions by content, archive, and old rows."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.database import DATABASE, Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from libs.contracts.assets import ReferenceAsset
from libs.contracts.qc import UsedAsset
from libs.postgres import Pool, migrate, transaction
from services.qc import assets
from services.qc.app import MIGRATIONS
from services.qc.assets import NewContent
from tests.qc.factories import CREATIVE, NOON, queued


def content(sha256: str = "aa", **fields: Any) -> NewContent:
    file = CREATIVE.model_copy(update={"sha256": sha256})
    known = {"client_id": "diageo", "kind": "logo", "name": "Crest", "by": "ada", "at": NOON}
    return NewContent(**{**known, "file": file, **fields})


async def add(pool: Pool, new: NewContent, tags: list[str] | None = None) -> ReferenceAsset:
    async with transaction(pool, [new.client_id]) as db:
        return await assets.add_content(db, new, tags)


async def listed(pool: Pool, client_id: str = "diageo", **filters: Any) -> list[str]:
    async with transaction(pool, [client_id]) as db:
        return [one.name for one in await assets.assets(db, client_id, **filters)]


async def versions(pool: Pool, asset: ReferenceAsset) -> list[tuple[int, str]]:
    async with transaction(pool, [asset.client_id]) as db:
        return [(one.version, one.sha256) for one in await assets.versions(db, asset)]


async def test_new_content_is_the_next_version_and_the_same_is_the_one_there(pool: Pool) -> None:
    first = await add(pool, content("aa"))
    again = await add(pool, content("aa", by="bob"))
    second = await add(pool, content("bb"))

    assert (first.version, again.version, second.version) == (1, 1, 2)
    assert first.asset_id == again.asset_id == second.asset_id
    assert again.created_by == "ada"
    assert await versions(pool, first) == [(2, "bb"), (1, "aa")]


async def test_old_content_again_counts_again_under_its_old_number(pool: Pool) -> None:
    for sha256 in ("aa", "bb"):
        await add(pool, content(sha256))

    back = await add(pool, content("aa"))

    assert (back.version, back.sha256) == (1, "aa")
    assert (await add(pool, content("cc"))).version == 3


async def test_two_at_once_are_one_asset_with_two_versions(pool: Pool) -> None:
    kept = await asyncio.gather(*(add(pool, content(sha)) for sha in ("aa", "bb", "aa", "bb")))

    assert len({one.asset_id for one in kept}) == 1
    assert [number for number, _ in await versions(pool, kept[0])] == [2, 1]


async def test_kind_name_and_client_make_an_asset(pool: Pool) -> None:
    kept = [
        await add(pool, content()),
        await add(pool, content(kind="product")),
        await add(pool, content(name="Wordmark")),
        await add(pool, content(client_id="loreal")),
    ]

    assert len({one.asset_id for one in kept}) == 4
    assert await listed(pool, "loreal") == ["Crest"]


async def test_list_is_filtered_by_kind_tag_and_part_of_the_name(pool: Pool) -> None:
    await add(pool, content(name="Red crest"), ["print"])
    await add(pool, content(name="Bottle", kind="product"), ["print", "web"])

    assert await listed(pool, kinds=["product"]) == ["Bottle"]
    assert sorted(await listed(pool, tag="print")) == ["Bottle", "Red crest"]
    assert await listed(pool, tag="web") == ["Bottle"]
    assert await listed(pool, name="CREST") == ["Red crest"]
    assert await listed(pool, name="%") == []


async def test_newest_content_comes_first(pool: Pool) -> None:
    for number, name in enumerate(("a", "b", "a")):
        at = NOON.replace(minute=number)
        await add(pool, content(f"{number}", name=name, at=at))

    assert await listed(pool) == ["a", "b"]


async def test_archived_asset_is_listed_apart_and_used_again_when_uploaded(pool: Pool) -> None:
    asset = await add(pool, content(), ["print"])
    async with transaction(pool, ["diageo"]) as db:
        await assets.set_archived(db, asset, "bob", NOON)
        await assets.set_archived(db, asset, "eve", NOON.replace(hour=13))
        kept = await assets.asset(db, asset.asset_id)

    assert kept and kept.archived_at == NOON
    assert (await listed(pool), await listed(pool, archived=True)) == ([], ["Crest"])
    back = await add(pool, content())
    assert (back.archived_at, back.version, back.tags) == (None, 1, ["print"])


async def test_uses_tell_the_version_that_was_compared_with(pool: Pool) -> None:
    asset = await add(pool, content("aa"))
    analysis_id = await queued(pool)
    used = UsedAsset.model_validate(asset.model_dump())
    async with transaction(pool, ["diageo"]) as db:
        await assets.note_use(db, "diageo", analysis_id, [used])
    await add(pool, content("bb"))

    async with transaction(pool, ["diageo"]) as db:
        [use] = await assets.uses(db, asset)

    assert (use.analysis_id, use.version, use.file_name) == (analysis_id, 1, "a.png")


@pytest.mark.parametrize(
    "change",
    ["UPDATE reference_asset_version SET sha256 = 'cc'", "DELETE FROM reference_asset_version"],
)
async def test_content_of_a_version_cannot_be_changed_or_taken_away(
    pool: Pool, change: str
) -> None:
    await add(pool, content())

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with transaction(pool) as db:
            await db.execute(change)


@pytest.mark.parametrize("table", ["reference_asset", "reference_asset_version"])
async def test_rows_of_others_are_hidden(pool: Pool, table: str) -> None:
    await add(pool, content())

    async with transaction(pool, ["loreal"]) as db:
        assert await db.fetch(f"SELECT * FROM {table}") == []


async def test_rows_of_before_are_kept_as_versions_and_the_newest_logo_counts(
    dsns: Mapping[str, Dsns], postgres: EmbeddedPostgres
) -> None:
    """In a schema of its own, as it stood before names and versions came."""
    admin = await asyncpg.connect(postgres.admin_dsn, database=DATABASE)
    db = await asyncpg.connect(dsns["qc"].owner)
    owner = await db.fetchval("SELECT current_user")
    await admin.execute(f"CREATE SCHEMA qc_before AUTHORIZATION {owner}")
    try:
        first = {name: sql for name, sql in MIGRATIONS.items() if name.startswith("0001")}
        await migrate(dsns["qc"].owner, "qc_before", first)
        await db.execute("SET search_path = qc_before; SET app.clients = '*'")
        rows = [("logo.png", "aa", 0), ("logo.png", "bb", 1), ("logo.png", "aa", 2)]
        for at, (name, sha256, minute) in enumerate([*rows, ("crest.png", "cc", 3)], 1):
            await db.execute(
                "INSERT INTO reference_asset VALUES ('diageo', $1, 'logo', $2, $3, $4, 'ada')",
                UUID(int=at),
                name,
                sha256,
                NOON.replace(minute=minute),
            )
        await migrate(dsns["qc"].owner, "qc_before", MIGRATIONS)
        heads = await db.fetch(
            "SELECT asset_id, name, current_version, archived_at FROM reference_asset ORDER BY name"
        )
        contents = await db.fetch(
            "SELECT version, sha256 FROM reference_asset_version WHERE asset_id = $1 ORDER BY 1",
            UUID(int=3),
        )
    finally:
        await db.execute("DROP SCHEMA qc_before CASCADE")
        await db.close()
        await admin.close()

    assert [(h["asset_id"].int, h["name"], h["current_version"]) for h in heads] == [
        (4, "crest", 1),
        (3, "logo", 1),
    ]
    assert [h["archived_at"] is None for h in heads] == [True, False]
    assert [tuple(c) for c in contents] == [(1, "aa"), (2, "bb")]
