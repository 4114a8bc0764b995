"""Reference assets: what a brand's logo looks like. The newest of a kind counts."""

from datetime import UTC, datetime

from libs.contracts.qc import ReferenceAsset
from libs.ids import uuid7
from libs.postgres import Connection

COLUMNS = "client_id, asset_id, kind, name, sha256, created_at"


async def add_asset(
    db: Connection, client_id: str, kind: str, name: str, sha256: str, by: str
) -> ReferenceAsset:
    """Add an asset; the same content again is the asset that is there already."""
    newest = await db.fetchrow(
        f"""
        SELECT {COLUMNS} FROM reference_asset
         WHERE client_id = $1 AND kind = $2
         ORDER BY created_at DESC
         LIMIT 1
        """,
        client_id,
        kind,
    )
    if newest and newest["sha256"] == sha256:
        return ReferenceAsset(**newest)
    row = await db.fetchrow(
        f"""
        INSERT INTO reference_asset (client_id, asset_id, kind, name, sha256, created_at,
                                     created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        RETURNING {COLUMNS}
        """,
        client_id,
        uuid7(),
        kind,
        name,
        sha256,
        datetime.now(UTC),
        by,
    )
    if row is None:
        raise AssertionError("an insert returns its row")
    return ReferenceAsset(**row)


async def assets(db: Connection, client_id: str) -> list[ReferenceAsset]:
    """All assets of the client, newest first."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM reference_asset WHERE client_id = $1 ORDER BY created_at DESC
        """,
        client_id,
    )
    return [ReferenceAsset(**row) for row in rows]


async def newest_by_kind(db: Connection, client_id: str) -> dict[str, str]:
    """Content hash of the newest asset of each kind: {"logo": sha256}."""
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (kind) kind, sha256 FROM reference_asset
         WHERE client_id = $1
         ORDER BY kind, created_at DESC
        """,
        client_id,
    )
    return {row["kind"]: row["sha256"] for row in rows}
