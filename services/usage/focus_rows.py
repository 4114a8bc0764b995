"""The ledger as FOCUS charges: read row by row, because a year may be more than fits."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal

from libs.contracts.usage import ReportQuery
from libs.postgres import Connection, Pool, Record, transaction
from services.usage.aggregates import CONDITIONS, ReportFilter, freeze
from services.usage.archived import Archives
from services.usage.domain.focus import Priced, TokenKind, Usage, charges
from services.usage.domain.report_focus import report_focus
from services.usage.rate_card import RateCards
from services.usage.report import filter_of, period_of, seen_by
from services.usage.sums import LIVE

CHUNK_CHARACTERS = 1 << 16
PREFETCHED = 200
KINDS: tuple[TokenKind, ...] = ("input", "cached_input", "cache_write", "output")
SUMS = ", ".join(f"sum({kind}_cost_usd) AS {kind}_cost_usd" for kind in KINDS)

# Without a cost there is no charge: unpriced and unknown usage is in no row, never a charge of 0.
STATEMENT = f"""
    WITH used AS (
        SELECT day, client_id, provider, coalesce(model_served, model_requested) AS model,
               service_tier, origin, price_id,
               sum(input_tokens - cached_input_tokens - cache_write_tokens)::bigint
                   AS input_tokens,
               sum(cached_input_tokens)::bigint AS cached_input_tokens,
               sum(cache_write_tokens)::bigint AS cache_write_tokens,
               sum(output_tokens)::bigint AS output_tokens,
               sum(total_tokens)::bigint AS total_tokens,
               sum(cost_usd) AS cost_usd, {SUMS}
          FROM {{entries}}
         WHERE cost_usd IS NOT NULL AND {{where}}
         GROUP BY day, client_id, provider, model, service_tier, origin, price_id
    )
    SELECT used.day, used.client_id, used.provider, used.model, used.service_tier, used.origin,
           used.price_id, used.input_tokens, used.cached_input_tokens, used.cache_write_tokens,
           used.output_tokens, used.total_tokens, used.cost_usd, used.input_cost_usd,
           used.cached_input_cost_usd, used.cache_write_cost_usd, used.output_cost_usd,
           price.input_usd, coalesce(price.cached_input_usd, price.input_usd) AS cached_input_usd,
           coalesce(price.cache_write_usd, price.input_usd) AS cache_write_usd, price.output_usd
      FROM used LEFT JOIN price USING (price_id)
     ORDER BY used.day, used.client_id, used.provider, used.model, used.service_tier,
              used.origin, used.price_id
"""


async def focus_chunks(
    pool: Pool,
    rate_cards: RateCards,
    archives: Archives,
    query: ReportQuery,
    clients: Iterable[str] | None,
    now: datetime,
) -> AsyncGenerator[str, None]:
    """The file in parts of some 64 KiB, as of one moment, of `clients` only (None: of all).

    Raises Invalid when the query names days that cannot be, before the first part.
    """
    period = period_of(query, now)
    async with transaction(pool, clients) as db:
        await freeze(db)
        card = await rate_cards.current(db)
        provider = card.provider(query.provider) if query.provider else None
        wanted = seen_by(clients, filter_of(query, period, provider))
        days = (wanted.first_on, wanted.last_on)
        sources = await archives.sources(db, days, wanted.client_ids)
        lines, size = list(report_focus(())), 0
        async for usage in usages(db, wanted, sources):
            for line in report_focus(charges(usage), heading=False):
                lines.append(line)
                size += len(line)
            if size > CHUNK_CHARACTERS:
                yield "".join(lines)
                lines, size = [], 0
        yield "".join(lines)


async def usages(
    db: Connection, wanted: ReportFilter, sources: Mapping[str, str] = LIVE
) -> AsyncIterator[Usage]:
    """What `wanted` selects and has a cost, by day, client, provider, model, tier and price."""
    given = [field.name for field in fields(wanted) if getattr(wanted, field.name) is not None]
    where = [CONDITIONS[name].format(f"${place}") for place, name in enumerate(given, 1)]
    sql = STATEMENT.format(where=" AND ".join(where) or "true", **sources)
    args = [getattr(wanted, name) for name in given]
    async for row in db.cursor(sql, *args, prefetch=PREFETCHED):
        yield _usage(row)


def _usage(row: Record) -> Usage:
    return Usage(
        day=row["day"],
        client_id=row["client_id"],
        provider=row["provider"],
        model=row["model"],
        service_tier=row["service_tier"],
        origin=row["origin"],
        price_id=row["price_id"],
        whole=Priced(row["total_tokens"], row["cost_usd"]),
        kinds={kind: _priced(row, kind) for kind in KINDS if row[f"{kind}_cost_usd"] is not None},
    )


def _priced(row: Record, kind: TokenKind) -> Priced:
    per_million: Decimal | None = row[f"{kind}_usd"]
    return Priced(row[f"{kind}_tokens"], row[f"{kind}_cost_usd"], per_million)
