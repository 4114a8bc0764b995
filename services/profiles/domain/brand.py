"""Brand data of a client as the registry keeps it: immutable versions, the last one counts."""

from dataclasses import dataclass
from datetime import datetime

from libs.contracts.brand import DEFAULT_DELTA_E, BrandData, ClientBrand, StoredBrand
from services.profiles.domain.canonical import digest


@dataclass(frozen=True, slots=True)
class BrandVersion:
    """One state of a client's brand data; version 0 is a client of whom nothing was said yet."""

    client_id: str
    version: int
    brand: StoredBrand
    content_hash: str | None
    created_at: datetime | None
    created_by: str | None

    @property
    def etag(self) -> str:
        """A strong entity tag, quotes included."""
        return f'"{self.client_id}.brand.{self.version}"'


def unsaid(client_id: str) -> BrandVersion:
    """What stands before anything was saved."""
    return BrandVersion(client_id, 0, StoredBrand(), None, None, None)


def brand_hash(brand: BrandData) -> str:
    """SHA-256 in hex; what says nothing is left out, so a field of a later release changes none.

    That holds for a colour's own tolerance too where it says what every colour has anyway: it
    was the colour's default before there was one of the brand.
    Raises ValueError, with the path, for what the database cannot keep.
    """
    said = brand.model_dump(mode="json", exclude_defaults=True)
    if brand.colour_tolerance == DEFAULT_DELTA_E:
        for colour in said.get("colours", ()):
            if colour.get("tolerance") == DEFAULT_DELTA_E:
                del colour["tolerance"]
    return digest(said)


def client_brand(version: BrandVersion, changed: bool = False) -> ClientBrand:
    """The version as an answer."""
    return ClientBrand(
        client_id=version.client_id,
        version=version.version,
        brand=version.brand,
        modified_at=version.created_at,
        modified_by=version.created_by,
        changed=changed,
        etag=version.etag,
    )
