"""Adding prices to the book: by hand, or because a proposal was accepted. Nothing is changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from libs.contracts.access import Actor
from libs.contracts.prices import (
    Figures,
    NewPrice,
    PriceSet,
    Retirement,
    Retirements,
    midnight,
)
from libs.postgres import Connection, Pool, transaction
from libs.problems import Invalid
from services.usage import price_book
from services.usage.domain.pricing import Price, RateCard
from services.usage.domain.published import figures_of
from services.usage.rate_card import RateCards


async def set_price(
    pool: Pool, rate_cards: RateCards, body: NewPrice, actor: Actor, now: datetime
) -> PriceSet:
    """Add a price, with the other sizes of prompt restated as they are.

    A price that is held already is only noted as checked today. Raises Invalid when the
    model would have no price for small prompts, or when no source is known.
    """
    async with transaction(pool) as db:
        await price_book.lock_prices(db)
        card = await rate_cards.fresh(db)
        provider = card.provider(body.provider)
        kind = (provider, card.model(provider, body.model), _tier(card, body))
        effective_from = body.effective_from or now.date()
        held = card.version_in_force(*kind, midnight(effective_from))
        source_url = body.source_url or _known_source(held, rate_cards, provider)
        tiers = _restated(held, body)
        prices = [
            as_price(kind, tier, effective_from, source_url, now.date(), note=body.note)
            for tier in tiers
        ]
        if tiers == figures_of(held):
            again = [p for p in held if p.above_input_tokens == body.above_input_tokens]
            await _check(db, again, source_url, actor, now.date())
            return PriceSet(added=[], replaced=[])
        ids = await add_version(db, card, prices, actor.subject)
        return PriceSet(
            added=await price_book.price_rows(db, price_ids=ids),
            replaced=await price_book.price_rows(db, price_ids=[price.price_id for price in held]),
        )


async def retire(
    pool: Pool, rate_cards: RateCards, body: Retirement, actor: Actor, now: datetime
) -> Retirements:
    """Note when a model is shut down, and return what is known of all of them."""
    async with transaction(pool) as db:
        await price_book.lock_prices(db)
        card = await rate_cards.current(db)
        provider = card.provider(body.provider)
        row = price_book.retirement_row(
            provider,
            card.model(provider, body.model),
            body.shutdown_on,
            body.successor,
            body.source_url,
            body.checked_on or now.date(),
            body.note,
        )
        await price_book.add_retirements(db, [row], actor.subject)
        return Retirements(retirements=await price_book.retirements(db))


def as_price(
    kind: tuple[str, str, str],
    figures: Figures,
    effective_from: date,
    source_url: str,
    checked_on: date,
    note: str = "",
) -> Price:
    provider, model, service_tier = kind
    return Price(
        provider=provider,
        model=model,
        service_tier=service_tier,
        above_input_tokens=figures.above_input_tokens,
        effective_from=midnight(effective_from),
        input_usd=figures.input_usd,
        cached_input_usd=figures.cached_input_usd,
        cache_write_usd=figures.cache_write_usd,
        output_usd=figures.output_usd,
        source_url=source_url,
        checked_on=checked_on,
        note=note,
    )


async def add_version(
    db: Connection,
    card: RateCard,
    prices: Sequence[Price],
    added_by: str,
    proposal_id: UUID | None = None,
) -> list[str]:
    """Add the prices of one model, service tier and day as its next revision; return their ids.

    The caller holds the lock of the price book and has read `card`, its own, since.
    """
    first = prices[0]
    revision = 1 + max(
        (
            held.revision
            for held in card.history(first.provider, first.model, first.service_tier)
            if held.effective_from == first.effective_from
        ),
        default=0,
    )
    version = [replace(price, revision=revision) for price in prices]
    await price_book.add_prices(db, version, added_by, proposal_id)
    card.add(version)
    return [price.price_id for price in version]


def _tier(card: RateCard, body: NewPrice) -> str:
    return card.service_tier(body.provider, body.service_tier)


def _restated(held: Sequence[Price], body: NewPrice) -> tuple[Figures, ...]:
    tiers = {} if body.only else {tier.above_input_tokens: tier for tier in figures_of(held)}
    tiers[body.above_input_tokens] = Figures.model_validate(
        {name: getattr(body, name) for name in Figures.model_fields}
    )
    if 0 not in tiers:
        raise Invalid(
            "no_base_price",
            f"A price above {body.above_input_tokens:,} tokens needs one for smaller prompts "
            "beside it: set that one first, without --above and --only.",
        )
    return tuple(tiers[limit] for limit in sorted(tiers))


def _known_source(held: Sequence[Price], rate_cards: RateCards, provider: str) -> str:
    if held:
        return held[0].source_url
    if provider in rate_cards.files:
        return rate_cards.files[provider].source_url
    raise Invalid("no_source", "Say where this price is published: give its page as --source-url.")


async def _check(
    db: Connection, held: Sequence[Price], source_url: str, actor: Actor, today: date
) -> None:
    again = [replace(price, checked_on=today, source_url=source_url) for price in held]
    await price_book.add_checks(db, again, actor.subject)
