"""The SQL of prices: what is held of them, when they were checked, and when models end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from libs.contracts.prices import PriceRow, RetirementRow
from libs.postgres import Connection
from services.usage.domain.model_check import ModelUse
from services.usage.domain.pricing import Price

Row = Mapping[str, object]
Version: TypeAlias = tuple[str, str, str, datetime, int]
FILES = "files"
"""Who added what the files of this service say."""

PRICE_COLUMNS = """
    price_id, provider, model, service_tier, above_input_tokens, effective_from, revision,
    input_usd, cached_input_usd, cache_write_usd, output_usd, source_url, checked_on, note
"""
FIGURES = ("input_usd", "cached_input_usd", "cache_write_usd", "output_usd")


async def lock_prices(db: Connection) -> None:
    """Let one transaction at a time add to the price book; to be called before it reads."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtext('usage.price_book'))")


async def add_prices(
    db: Connection, prices: Iterable[Price], added_by: str, proposal_id: UUID | None = None
) -> list[str]:
    """Insert the prices whose key and id are new; return their ids."""
    rows = await db.fetch(
        f"""
        INSERT INTO price ({PRICE_COLUMNS}, added_by, proposal_id)
        SELECT {PRICE_COLUMNS}, $2, $3 FROM jsonb_populate_recordset(NULL::price, $1)
         ORDER BY price_id
        ON CONFLICT DO NOTHING
        RETURNING price_id
        """,
        [_price_row(price) for price in prices],
        added_by,
        proposal_id,
    )
    return [row["price_id"] for row in rows]


async def changed_prices(db: Connection, prices: Iterable[Price]) -> list[str]:
    """Ids of those prices for whose key the table has other figures."""
    rows = await db.fetch(
        """
        SELECT given.price_id
          FROM jsonb_populate_recordset(NULL::price, $1) AS given
          JOIN price USING (
               provider, model, service_tier, above_input_tokens, effective_from, revision)
         WHERE price.price_id <> given.price_id
         ORDER BY 1
        """,
        [_price_row(price) for price in prices],
    )
    return [row["price_id"] for row in rows]


async def versions_by_people(db: Connection) -> set[Version]:
    """The versions of prices that somebody added by hand, or accepted."""
    rows = await db.fetch(
        """
        SELECT DISTINCT provider, model, service_tier, effective_from, revision
          FROM price WHERE added_by <> $1
        """,
        FILES,
    )
    return {tuple(row) for row in rows}


async def add_checks(db: Connection, prices: Iterable[Price], checked_by: str) -> None:
    """Note of each price that is held when it was found so again, where that is later."""
    await db.execute(
        """
        INSERT INTO price_check (price_id, checked_on, source_url, checked_by)
        SELECT given.price_id, given.checked_on, given.source_url, $2
          FROM jsonb_populate_recordset(NULL::price, $1) AS given
          JOIN price ON price.price_id = given.price_id
         WHERE given.checked_on > price.checked_on
        ON CONFLICT DO NOTHING
        """,
        [_price_row(price) for price in prices],
        checked_by,
    )


async def count_prices(db: Connection) -> int:
    rows: int = await db.fetchval("SELECT count(*) FROM price")
    return rows


async def prices(db: Connection) -> list[Price]:
    rows = await db.fetch(f"SELECT {PRICE_COLUMNS} FROM price")
    return [Price(**{k: v for k, v in row.items() if k != "price_id"}) for row in rows]


async def models_of_tables(db: Connection, provider: str) -> set[str]:
    """The models of a provider whose prices came from a published table, not from a person."""
    rows = await db.fetch(
        """
        SELECT DISTINCT model FROM price
         WHERE provider = $1 AND (added_by = $2 OR proposal_id IS NOT NULL)
        """,
        provider,
        FILES,
    )
    return {row["model"] for row in rows}


async def price_rows(
    db: Connection, provider: str | None = None, price_ids: Sequence[str] | None = None
) -> list[PriceRow]:
    """Every price there is or was, or those of one provider or with these ids, oldest first."""
    rows = await db.fetch(
        """
        SELECT price_id, provider, model, service_tier, above_input_tokens,
               (effective_from AT TIME ZONE 'UTC')::date AS effective_from, revision,
               input_usd, cached_input_usd, cache_write_usd, output_usd, source_url,
               greatest(checked_on, last_checked_on) AS checked_on, added_by, added_at, note
          FROM price
          LEFT JOIN (SELECT price_id, max(checked_on) AS last_checked_on
                       FROM price_check GROUP BY price_id) AS again USING (price_id)
         WHERE ($1::text IS NULL OR provider = $1) AND ($2::text[] IS NULL OR price_id = ANY($2))
         ORDER BY provider, model, effective_from, revision, service_tier, above_input_tokens
        """,
        provider,
        price_ids,
    )
    return [PriceRow.model_validate(dict(row)) for row in rows]


async def add_retirements(
    db: Connection, retirements: Iterable[Row], added_by: str, unless_known: bool = False
) -> None:
    """Add what is known of the end of models; with `unless_known` only what `added_by` never said.

    A file says the same at each start: only what it says for the first time is news.
    """
    await db.execute(
        """
        INSERT INTO model_retirement (
            provider, model, shutdown_on, successor, source_url, checked_on, note, added_by
        )
        SELECT provider, model, shutdown_on, successor, source_url, checked_on, note, $2
          FROM jsonb_populate_recordset(NULL::model_retirement, $1) AS given
         WHERE NOT ($3 AND EXISTS (
               SELECT FROM model_retirement AS known
                WHERE (known.provider, known.model, known.successor, known.source_url, known.note)
                    = (given.provider, given.model, given.successor, given.source_url, given.note)
                  AND known.shutdown_on IS NOT DISTINCT FROM given.shutdown_on
                  AND known.added_by = $2))
         ORDER BY provider, model
        """,
        list(retirements),
        added_by,
        unless_known,
    )


async def retirements(db: Connection) -> list[RetirementRow]:
    """What was said last of each model, by provider and model."""
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (provider, model)
               provider, model, shutdown_on, successor, source_url, checked_on, note, added_by,
               added_at
          FROM model_retirement
         ORDER BY provider, model, retirement_no DESC
        """
    )
    return [RetirementRow.model_validate(dict(row)) for row in rows]


async def model_uses(db: Connection, start_at: datetime, end_at: datetime) -> list[ModelUse]:
    """Which models were called in a span, as far as the transaction may see."""
    rows = await db.fetch(
        """
        SELECT provider, model_requested, model_served, service_tier, count(*) AS calls,
               count(*) FILTER (WHERE state = 'unpriced') AS unpriced_calls,
               max(occurred_at) AS last_used_at
          FROM ledger_entry
         WHERE occurred_at >= $1 AND occurred_at < $2 AND origin = 'call'
         GROUP BY provider, model_requested, model_served, service_tier
         ORDER BY 1, 2, 3, 4
        """,
        start_at,
        end_at,
    )
    return [ModelUse(**row) for row in rows]


def _price_row(price: Price) -> Row:
    figures = {name: getattr(price, name) for name in FIGURES}
    return {
        "price_id": price.price_id,
        "provider": price.provider,
        "model": price.model,
        "service_tier": price.service_tier,
        "above_input_tokens": price.above_input_tokens,
        "effective_from": price.effective_from.isoformat(),
        "revision": price.revision,
        "source_url": price.source_url,
        "checked_on": price.checked_on.isoformat(),
        "note": price.note,
        **{name: None if usd is None else format(usd, "f") for name, usd in figures.items()},
    }


def retirement_row(
    provider: str,
    model: str,
    shutdown_on: date | None,
    successor: str,
    source_url: str,
    checked_on: date,
    note: str,
) -> Row:
    return {
        "provider": provider,
        "model": model,
        "shutdown_on": shutdown_on and shutdown_on.isoformat(),
        "successor": successor,
        "source_url": source_url,
        "checked_on": checked_on.isoformat(),
        "note": note,
    }
