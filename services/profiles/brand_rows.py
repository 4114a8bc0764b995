"""Every SQL statement about brand data."""

from libs.contracts.brand import BrandData, StoredBrand
from libs.postgres import Connection
from services.profiles.domain.brand import BrandVersion, brand_hash, unsaid

COLUMNS = "client_id, version, brand, content_hash, created_at, created_by"


async def newest_brand(db: Connection, client_id: str) -> BrandVersion:
    """The version that counts; version 0 when nothing was saved yet."""
    row = await db.fetchrow(
        f"""
        SELECT {COLUMNS} FROM brand_version WHERE client_id = $1 ORDER BY version DESC LIMIT 1
        """,
        client_id,
    )
    if row is None:
        return unsaid(client_id)
    return BrandVersion(**{**row, "brand": brand_of(row["brand"])})


def brand_of(said: str | None) -> StoredBrand:
    """The brand data of a row; null: nothing was said yet."""
    return StoredBrand.model_validate_json(said) if said else StoredBrand()


async def add_brand(
    db: Connection, client_id: str, version: int, brand: BrandData, by: str
) -> None:
    """Two who add the same version at once clash: one of them raises."""
    await db.execute(
        """
        INSERT INTO brand_version (client_id, version, brand, content_hash, created_by)
        VALUES ($1, $2, $3, $4, $5)
        """,
        client_id,
        version,
        brand.model_dump_json(),
        brand_hash(brand),
        by,
    )
