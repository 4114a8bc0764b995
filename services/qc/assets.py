"""Every SQL statement about reference assets: one kind and name of a client, in versions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.contracts.assets import AssetVersion, ReferenceAsset, UsingAnalysis
from libs.contracts.qc import Creative, UsedAsset
from libs.ids import uuid7
from libs.postgres import Connection

VERSION = """version, sha256, file_name, bytes, format, width_px, height_px,
             version.created_at, version.created_by"""
ASSET = f"""
    SELECT client_id, asset_id, kind, name, tags, archived_at, {VERSION}
      FROM reference_asset AS asset
      JOIN reference_asset_version AS version USING (client_id, asset_id)
     WHERE version = current_version
"""
MAX_LISTED = 2_000
MAX_USES = 100


@dataclass(frozen=True, slots=True)
class NewContent:
    """A file that somebody uploaded as an asset of the client."""

    client_id: str
    kind: str
    name: str
    file: Creative
    by: str
    at: datetime


async def add_content(
    db: Connection, content: NewContent, tags: Sequence[str] | None
) -> ReferenceAsset:
    """Make the content the one that counts of its asset, which is made when there is none.

    The same content again is the version that is there. Without `tags` they stay as they are.
    An archived asset is used again.
    """
    asset_id = await _held(db, content)
    version = await _version_of(db, asset_id, content)
    await db.execute(
        """
        UPDATE reference_asset
           SET changed_at = CASE WHEN current_version = $3 THEN changed_at ELSE $4 END,
               current_version = $3, tags = coalesce($5, tags),
               archived_at = NULL, archived_by = NULL
         WHERE client_id = $1 AND asset_id = $2
        """,
        content.client_id,
        asset_id,
        version,
        content.at,
        tags,
    )
    kept = await asset(db, asset_id)
    if kept is None:
        raise AssertionError("an asset that was just written is there")
    return kept


async def _held(db: Connection, content: NewContent) -> UUID:
    """The asset's id; others who upload to it wait until this transaction ends.

    Capitals make no other asset: `Red crest` stays what it was called first.
    """
    await db.execute(
        """
        INSERT INTO reference_asset (client_id, asset_id, kind, name, current_version, changed_at,
                                     created_at, created_by)
        SELECT $1, $2, $3, $4::text, 1, $5::timestamptz, $5, $6
         WHERE NOT EXISTS (SELECT 1 FROM reference_asset
                            WHERE client_id = $1 AND kind = $3 AND lower(name) = lower($4))
        ON CONFLICT DO NOTHING
        """,
        content.client_id,
        uuid7(content.at),
        content.kind,
        content.name,
        content.at,
        content.by,
    )
    asset_id: UUID = await db.fetchval(
        """
        SELECT asset_id FROM reference_asset
         WHERE client_id = $1 AND kind = $2 AND lower(name) = lower($3)
         ORDER BY name = $3 DESC, asset_id
         LIMIT 1
           FOR UPDATE
        """,
        content.client_id,
        content.kind,
        content.name,
    )
    return asset_id


async def _version_of(db: Connection, asset_id: UUID, content: NewContent) -> int:
    """The number under which a held asset has the content; a new one is the next."""
    file = content.file
    await db.execute(
        """
        INSERT INTO reference_asset_version (client_id, asset_id, version, sha256, file_name,
               bytes, format, width_px, height_px, created_at, created_by)
        SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10
          FROM reference_asset_version WHERE client_id = $1 AND asset_id = $2
        ON CONFLICT (client_id, asset_id, sha256) DO NOTHING
        """,
        content.client_id,
        asset_id,
        file.sha256,
        file.file_name,
        file.bytes,
        file.format,
        file.width_px,
        file.height_px,
        content.at,
        content.by,
    )
    version: int = await db.fetchval(
        """
        SELECT version FROM reference_asset_version
         WHERE client_id = $1 AND asset_id = $2 AND sha256 = $3
        """,
        content.client_id,
        asset_id,
        file.sha256,
    )
    return version


async def asset(db: Connection, asset_id: UUID) -> ReferenceAsset | None:
    row = await db.fetchrow(f"{ASSET} AND asset_id = $1", asset_id)
    return ReferenceAsset(**row) if row else None


async def assets(
    db: Connection,
    client_id: str,
    *,
    kinds: Collection[str] | None = None,
    tag: str | None = None,
    name: str | None = None,
    archived: bool = False,
) -> list[ReferenceAsset]:
    """Assets of the client, those with the newest content first; or the archived ones.

    `name` is a part of the name, whatever its capitals.
    """
    rows = await db.fetch(
        f"""
        {ASSET}
           AND client_id = $1 AND (archived_at IS NOT NULL) = $2
           AND ($3::text[] IS NULL OR kind = ANY ($3))
           AND ($4::text IS NULL OR $4 = ANY (tags))
           AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0)
         ORDER BY changed_at DESC, asset_id DESC
         LIMIT $6
        """,
        client_id,
        archived,
        list(kinds) if kinds is not None else None,
        tag,
        name,
        MAX_LISTED,
    )
    return [ReferenceAsset(**row) for row in rows]


async def versions(db: Connection, asset: ReferenceAsset) -> list[AssetVersion]:
    """Every content that the asset had, the newest number first."""
    rows = await db.fetch(
        f"""
        SELECT {VERSION} FROM reference_asset_version AS version
         WHERE client_id = $1 AND asset_id = $2
         ORDER BY version DESC
        """,
        asset.client_id,
        asset.asset_id,
    )
    return [AssetVersion(**row) for row in rows]


async def set_tags(db: Connection, asset: ReferenceAsset, tags: Sequence[str]) -> None:
    await db.execute(
        "UPDATE reference_asset SET tags = $3 WHERE client_id = $1 AND asset_id = $2",
        asset.client_id,
        asset.asset_id,
        list(tags),
    )


async def set_archived(
    db: Connection, asset: ReferenceAsset, by: str | None, at: datetime | None
) -> None:
    """Archive the asset; without `by` and `at`: use it again. The first archiving is kept."""
    await db.execute(
        """
        UPDATE reference_asset
           SET archived_by = $3, archived_at = $4
         WHERE client_id = $1 AND asset_id = $2 AND (archived_at IS NULL) <> ($3::text IS NULL)
        """,
        asset.client_id,
        asset.asset_id,
        by,
        at,
    )


async def note_use(
    db: Connection, client_id: str, analysis_id: UUID, used: Sequence[UsedAsset]
) -> None:
    """Note which versions an analysis compares with; its own row keeps their hashes."""
    await db.executemany(
        """
        INSERT INTO analysis_asset (client_id, analysis_id, asset_id, version)
        VALUES ($1, $2, $3, $4)
        """,
        [(client_id, analysis_id, one.asset_id, one.version) for one in used],
    )


async def uses(db: Connection, asset: ReferenceAsset) -> list[UsingAnalysis]:
    """The latest analyses that compared with the asset; ids carry the time."""
    rows = await db.fetch(
        """
        SELECT analysis_id, version, creative ->> 'file_name' AS file_name, created_at
          FROM analysis_asset
          JOIN analysis USING (client_id, analysis_id)
         WHERE client_id = $1 AND asset_id = $2
         ORDER BY analysis_id DESC
         LIMIT $3
        """,
        asset.client_id,
        asset.asset_id,
        MAX_USES,
    )
    return [UsingAnalysis(**row) for row in rows]
