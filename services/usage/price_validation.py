"""Validating prices: ours against genai-prices and a table, and against what was called."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libs.contracts.prices import (
    PriceRow,
    RetirementRow,
    Validation,
    ValidationRequest,
    midnight,
)
from libs.postgres import Pool, transaction
from services.usage import price_book
from services.usage.domain.model_check import (
    ModelUse,
    disputed_ends,
    ending_models,
    replaced_models,
    unpriced_uses,
)
from services.usage.domain.price_check import (
    Explained,
    coming_changes,
    compare_prices,
    stale_prices,
)
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import Upstream, upstream_of
from services.usage.genai_feed import known_providers, read_feed
from services.usage.rate_card import RateCards

USED_DAYS = 30
SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class _Book:
    """What the database has that a validation looks at, as of one moment."""

    card: RateCard
    rows: Sequence[PriceRow]
    ends: Sequence[RetirementRow]
    uses: Sequence[ModelUse]


async def validate(
    pool: Pool,
    rate_cards: RateCards,
    body: ValidationRequest,
    clients: Iterable[str] | None,
    now: datetime,
) -> Validation:
    """Compare the prices in force on a day, and name everything that is doubtful.

    Calls are those of `clients` (None: of all) in the 30 days up to the end of that day.
    """
    at = body.at or now.date()
    book = await _read(pool, rate_cards, clients, at)
    sources = await asyncio.to_thread(_sources, book.card, body)
    versions = _versions(book, at)
    prices, remarks = compare_prices(versions, sources, at, _explained(rate_cards))
    ends = {(end.provider, end.model): end for end in book.ends}
    remarks += stale_prices(prices)
    remarks += unpriced_uses(book.card, book.uses)
    remarks += ending_models(book.card, ends, book.uses, at)
    remarks += replaced_models(book.card, book.uses)
    remarks += disputed_ends(book.card, ends, sources, at)
    remarks += coming_changes(book.card, sources, at)
    remarks.sort(key=lambda remark: SEVERITIES.index(remark.severity))
    return Validation(
        at=at,
        generated_at=now,
        sources=[source.name for source in sources],
        prices=prices,
        remarks=remarks,
        errors=sum(remark.severity == "error" for remark in remarks),
        warnings=sum(remark.severity == "warning" for remark in remarks),
    )


async def _read(
    pool: Pool, rate_cards: RateCards, clients: Iterable[str] | None, at: date
) -> _Book:
    end_at = midnight(at) + timedelta(days=1)
    async with transaction(pool, clients) as db:
        return _Book(
            card=await rate_cards.current(db),
            rows=await price_book.price_rows(db),
            ends=await price_book.retirements(db),
            uses=await price_book.model_uses(db, end_at - timedelta(days=USED_DAYS), end_at),
        )


def _sources(card: RateCard, body: ValidationRequest) -> list[Upstream]:
    providers = {provider for provider, _, _ in card.kinds} & set(known_providers())
    sources = [read_feed(sorted(providers)).upstream]
    if body.table:
        sources.append(upstream_of(body.table))
    return sources


def _versions(book: _Book, at: date) -> list[list[PriceRow]]:
    """The rows in force on the day, those of one model and service tier together."""
    by_id = {row.price_id: row for row in book.rows}
    versions = []
    for kind in book.card.kinds:
        version = book.card.version_in_force(*kind, midnight(at))
        if rows := [by_id[price.price_id] for price in version if price.price_id in by_id]:
            versions.append(rows)
    return versions


def _explained(rate_cards: RateCards) -> list[Explained]:
    return [
        Explained(
            known.source, file.provider, known.model, known.service_tier, known.kind, known.why
        )
        for file in rate_cards.files.values()
        for known in file.known_disagreements
    ]
