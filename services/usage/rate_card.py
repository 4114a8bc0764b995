"""The rate card: read from prices/*.json, kept in the database, cached while nothing is added."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from libs.postgres import Connection, Pool, transaction
from libs.settings import BadSettings
from services.usage import price_book
from services.usage.domain.pricing import Names, Price, RateCard
from services.usage.price_book import FILES, Version

FOLDER = Path(__file__).parent / "prices"


class _Row(BaseModel):
    """One line of `usd_per_million`; figures are strings, so that none was ever a float."""

    model_config = ConfigDict(extra="forbid")

    model: str
    service_tier: str
    above_input_tokens: int = Field(ge=0)
    effective_from: date
    input: Decimal = Field(ge=0, lt=1_000_000, decimal_places=9)
    cached_input: Decimal | None = Field(ge=0, lt=1_000_000, decimal_places=9)
    cache_write: Decimal | None = Field(ge=0, lt=1_000_000, decimal_places=9)
    output: Decimal = Field(ge=0, lt=1_000_000, decimal_places=9)
    revision: int = Field(default=1, ge=1)
    source_url: str | None = None
    checked_on: date | None = None
    note: str = ""


class _Model(BaseModel):
    """When a model is shut down (null: no longer planned) and what is named in its place."""

    model_config = ConfigDict(extra="forbid")

    model: str
    shutdown_on: date | None
    successor: str = ""
    source_url: str | None = None
    checked_on: date | None = None
    note: str = ""


class _Disagreement(BaseModel):
    """Where a table that we compare with is known to differ, and why ours stands."""

    model_config = ConfigDict(extra="forbid")

    source: str
    model: str
    service_tier: str
    kind: Literal["input_usd", "cached_input_usd", "cache_write_usd", "output_usd"]
    why: str


class PriceFile(BaseModel):
    """One provider's prices and names, as a file in prices/ has them.

    A row without a source or a day of its own has those of the file.
    """

    model_config = ConfigDict(extra="forbid")

    provider: str
    provider_aliases: tuple[str, ...]
    service_tier_aliases: Mapping[str, str]
    model_prefixes: tuple[str, ...]
    source_url: str
    checked_on: date
    model_aliases: Mapping[str, str]
    models: Sequence[_Model] = ()
    known_disagreements: Sequence[_Disagreement] = ()
    usd_per_million: Sequence[_Row]

    def names(self) -> Names:
        return Names(
            self.provider,
            self.provider_aliases,
            self.model_aliases,
            self.model_prefixes,
            self.service_tier_aliases,
        )

    def prices(self) -> list[Price]:
        return [
            Price(
                provider=self.provider,
                model=row.model,
                service_tier=row.service_tier,
                above_input_tokens=row.above_input_tokens,
                effective_from=datetime.combine(row.effective_from, time(tzinfo=UTC)),
                input_usd=row.input,
                cached_input_usd=row.cached_input,
                cache_write_usd=row.cache_write,
                output_usd=row.output,
                source_url=row.source_url or self.source_url,
                checked_on=row.checked_on or self.checked_on,
                revision=row.revision,
                note=row.note,
            )
            for row in self.usd_per_million
        ]

    def retirements(self) -> list[price_book.Row]:
        return [
            price_book.retirement_row(
                self.provider,
                row.model,
                row.shutdown_on,
                row.successor,
                row.source_url or self.source_url,
                row.checked_on or self.checked_on,
                row.note,
            )
            for row in self.models
        ]


class PriceChanged(BadSettings):
    """A price file gives other figures to a price that the ledger has used already."""


def read_price_files(folder: Path = FOLDER) -> list[PriceFile]:
    """Every price file; JSON numbers with a point are refused, because they would be floats."""
    return [
        PriceFile.model_validate(json.loads(file.read_text(), parse_float=_refuse_float))
        for file in sorted(folder.glob("*.json"))
    ]


def _refuse_float(number: str) -> Decimal:
    raise ValueError(f"write {number} as a string: prices are exact")


async def load_prices(pool: Pool, files: Sequence[PriceFile]) -> int:
    """Add the prices of `files` that the database has not; return how many were added.

    Rows are never changed. A version of a price that somebody here set or accepted stands
    as it is. Raises PriceChanged when a file has other figures for a price that came from
    a file: the entries priced by it would no longer be explained.
    """
    async with transaction(pool) as db:
        await price_book.lock_prices(db)
        by_people = await price_book.versions_by_people(db)
        prices = [p for file in files for p in file.prices() if _version(p) not in by_people]
        added = await price_book.add_prices(db, prices, FILES)
        changed = await price_book.changed_prices(db, prices)
        if changed:
            raise PriceChanged(
                f"The price files change what is in force already: {', '.join(changed)}. "
                "Leave those rows as they are and add rows with a new effective_from, or the "
                "next revision."
            )
        await price_book.add_checks(db, prices, FILES)
        ends = [row for file in files for row in file.retirements()]
        await price_book.add_retirements(db, ends, FILES, unless_known=True)
    return len(added)


def _version(price: Price) -> Version:
    return (price.provider, price.model, price.service_tier, *price.version)


class RateCards:
    """The rate card of the database, read again only when rows were added.

    Prices are insert-only, so their number tells one state of the table from every other.
    """

    def __init__(self, files: Iterable[PriceFile]) -> None:
        self.files = {file.provider: file for file in files}
        self._names = [file.names() for file in self.files.values()]
        self._rows = -1
        self._card = RateCard([])

    async def current(self, db: Connection) -> RateCard:
        rows = await price_book.count_prices(db)
        if rows != self._rows:
            self._card = await self.fresh(db)
            self._rows = rows
        return self._card

    async def fresh(self, db: Connection) -> RateCard:
        """The rate card with what the transaction itself has added, which may yet be undone."""
        return RateCard(await price_book.prices(db), self._names)
