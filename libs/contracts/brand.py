"""Brand data of a client and the placements of its media plans: what checks take as their rules."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from libs.contracts.common import Reply, Request

Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Market = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z0-9]{2,8})?$")]
"""A country, or a country and a part of it, in small letters: `de`, `us-ca`."""

Word = Annotated[str, Field(min_length=1, max_length=80)]
Sentence = Annotated[str, Field(min_length=1, max_length=1_000)]

DeltaE = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
DEFAULT_DELTA_E = 5.0


class BrandColour(Request):
    """A colour of the brand; `tolerance` is the greatest distance in Delta E 2000.

    Without one the brand's `colour_tolerance` holds.
    """

    name: Word
    hex: Hex
    tolerance: DeltaE | None = None


class SettledColour(BrandColour):
    """A colour with the tolerance that holds for it."""

    tolerance: DeltaE = DEFAULT_DELTA_E


class Copy(Request):
    """A text that must or must not be there. `{anything}` in braces stands for any words.

    Without `markets` it holds in every market.
    """

    text: Sentence
    markets: tuple[Market, ...] = Field(default=(), max_length=250)


class BrandData(Request):
    """What a brand client says once; a check's own parameters go before it.

    `logos` are ids of reference assets, the one that counts first; with none all logos of the
    client count. One that is archived by now is passed over.
    """

    colours: tuple[BrandColour, ...] = Field(default=(), max_length=100)
    colour_tolerance: DeltaE = DEFAULT_DELTA_E
    logos: tuple[UUID, ...] = Field(default=(), max_length=20)
    languages: tuple[Word, ...] = Field(default=(), max_length=20)
    words: tuple[Word, ...] = Field(default=(), max_length=5_000)
    mandatory_copy: tuple[Copy, ...] = Field(default=(), max_length=200)
    forbidden_copy: tuple[Copy, ...] = Field(default=(), max_length=1_000)


class _StoredColour(BrandColour):
    model_config = ConfigDict(extra="ignore")


class _StoredCopy(Copy):
    model_config = ConfigDict(extra="ignore")


class StoredBrand(BrandData):
    """Brand data in an answer: a reader skips fields that it does not know yet."""

    model_config = ConfigDict(extra="ignore")

    colours: tuple[_StoredColour, ...] = ()
    mandatory_copy: tuple[_StoredCopy, ...] = ()
    forbidden_copy: tuple[_StoredCopy, ...] = ()


class ClientBrand(Reply):
    """Answer of `GET` and `PUT /v1/clients/{client}/brand`: the version that counts.

    Version 0 is a client of whom nothing was said yet. `changed` is false when a save said
    what was there already.
    """

    client_id: str
    version: int
    brand: StoredBrand
    modified_at: datetime | None = None
    modified_by: str | None = None
    changed: bool = False
    etag: str


class SafeZone(Reply):
    """Margins that stay free of text and logo, in shares of the height and width."""

    top: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)
    right: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)
    bottom: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)
    left: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)


class Placement(Reply):
    """One line of a media plan: where the creative runs and what it must be for that.

    A null says that the plan does not ask for it. `formats` are names like `JPEG`.
    """

    name: Word
    channel: str | None = Field(default=None, max_length=80)
    market: Market | None = None
    width_px: int | None = Field(default=None, ge=1, le=100_000)
    height_px: int | None = Field(default=None, ge=1, le=100_000)
    aspect_ratio: Annotated[str, Field(pattern=r"^\d{1,5}(\.\d+)?:\d{1,5}(\.\d+)?$")] | None = None
    formats: tuple[str, ...] = ()
    max_bytes: int | None = Field(default=None, ge=1)
    min_duration_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    max_duration_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    safe_zone: SafeZone | None = None


ReferenceKind = Literal["logo", "reference", "brand_asset", "product"]
"""What a reference asset shows: the logo, the approved picture, a badge or mark, the product."""
