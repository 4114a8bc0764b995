"""Pricing calls again: what a corrected price changes is posted as further entries.

An entry is never changed. A correction carries the difference between what the call costs by
today's rate card and what its entry and earlier corrections add up to, so that doing it twice,
or again after it died half way, posts nothing more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from libs.contracts.ledger import Rerated, RerateDelta, RerateRequest
from libs.ids import uuid7
from libs.postgres import Connection, Pool, Record, transaction
from libs.problems import Invalid
from services.usage import repository
from services.usage.archived import archived_months, refuse_archived
from services.usage.domain.cost import COMPONENTS, Cost, cost_of_usage
from services.usage.domain.pricing import RateCard
from services.usage.domain.report import WIDE, exact_sum
from services.usage.rate_card import RateCards
from services.usage.rows import months_of, row_of
from services.usage.staging import COLUMNS, ENTRY, KEEP_PEOPLE, Row, add_rows

LOCK = 7_187
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Correction:
    """An entry, what it costs so far with its corrections, and what it should cost."""

    entry: Record
    before_usd: Decimal
    cost: Cost

    @property
    def delta_usd(self) -> Decimal:
        return WIDE.subtract(self.cost.usd or ZERO, self.before_usd)

    @property
    def settles(self) -> bool:
        """Whether this is the first price of the call."""
        return self.cost.usd is not None and self._has_no_cost

    @property
    def is_unpriced(self) -> bool:
        return self.cost.usd is None and self._has_no_cost

    @property
    def is_due(self) -> bool:
        """Whether the call does not cost what it has cost so far."""
        return self.cost.usd is not None and (self.settles or self.delta_usd != ZERO)

    @property
    def _has_no_cost(self) -> bool:
        return self.entry["cost_usd"] is None and not self.entry["corrections"]


async def rerate(
    pool: Pool, rate_cards: RateCards, request: RerateRequest, posted_by: str
) -> Rerated:
    """Find what today's rate card changes; with `request.apply`, post it.

    Each client's day is one transaction. A call that has no price is left as it is: no
    correction takes a cost away because a price is missing. Raises Invalid for a period that
    ends before it starts.
    """
    request = await _named(pool, rate_cards, request)
    rerate_id = uuid7() if request.apply else None
    deltas: list[RerateDelta] = []
    looked_at = unpriced = 0
    for client_id, day in await _days(pool, request):
        async with transaction(pool) as db:
            await db.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", LOCK, client_id)
            await _refuse_archived_days(db, day, day)
            if rerate_id:
                await db.execute(KEEP_PEOPLE)
            card = await rate_cards.current(db)
            priced = [_priced(entry, card) for entry in await _entries(db, request, client_id, day)]
            found = [one for one in priced if one.is_due]
            if found and rerate_id:
                await _post(db, found, rerate_id, request, posted_by)
        looked_at += len(priced)
        unpriced += sum(one.is_unpriced for one in priced)
        if found:
            deltas.append(_delta(client_id, day, found))
    return Rerated(
        rerate_id=rerate_id if deltas else None,
        deltas=deltas,
        calls=sum(delta.calls for delta in deltas),
        delta_usd=exact_sum(delta.delta_usd for delta in deltas),
        looked_at=looked_at,
        unpriced=unpriced,
    )


async def _named(pool: Pool, rate_cards: RateCards, request: RerateRequest) -> RerateRequest:
    """The request with its provider by the name that entries have: `google` for `Gemini`."""
    if request.last_on and request.last_on < request.first_on:
        said = f"The period ends ({request.last_on}) before it starts ({request.first_on})."
        raise Invalid("bad_period", said)
    if request.provider is None:
        return request
    async with transaction(pool) as db:
        card = await rate_cards.current(db)
    return request.model_copy(update={"provider": card.provider(request.provider)})


def _priced(entry: Record, card: RateCard) -> Correction:
    price = card.price_in_force(
        entry["provider"],
        entry["model_served"] or entry["model_requested"],
        entry["service_tier"],
        entry["input_tokens"],
        entry["occurred_at"],
    )
    cost = cost_of_usage(Counted(**{name: entry[name] for name in Counted.__slots__}), price)
    before = WIDE.add(entry["cost_usd"] or ZERO, entry["corrected_usd"])
    return Correction(entry, before, cost)


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of an entry; they nest as in `ProviderCall`."""

    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    output_tokens: int


def _delta(client_id: str, day: date, found: Sequence[Correction]) -> RerateDelta:
    return RerateDelta(
        client_id=client_id,
        day=day,
        calls=len(found),
        settled=sum(correction.settles for correction in found),
        before_usd=exact_sum(correction.before_usd for correction in found),
        after_usd=exact_sum(correction.cost.usd or ZERO for correction in found),
        delta_usd=exact_sum(correction.delta_usd for correction in found),
    )


async def _post(
    db: Connection,
    found: Sequence[Correction],
    rerate_id: UUID,
    request: RerateRequest,
    posted_by: str,
) -> None:
    await db.execute(
        """
        INSERT INTO rerate (rerate_id, posted_by, reason, first_on, last_on)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        rerate_id,
        posted_by,
        request.reason,
        request.first_on,
        request.last_on,
    )
    rows = [_row(correction, rerate_id) for correction in found]
    place = list(ENTRY).index("event_id")
    await repository.make_months(db, sorted(months_of(row[place] for row in rows)))
    await add_rows(db, {"ledger_entry": rows}, uuid7())


def _row(correction: Correction, rerate_id: UUID) -> Row:
    """A correction belongs to the client, day, person, model and checks of its call."""
    entry, cost = correction.entry, correction.cost
    event_id = uuid7(datetime.now(UTC))
    digest = sha256(f"{event_id}{entry['event_id']}{correction.delta_usd}".encode()).digest()
    values: Mapping[str, Any] = {
        **{name: entry[name] for name in (*COLUMNS["ledger_entry"], "user_key", "user_id")},
        "event_id": event_id,
        "user_email": "",
        "user_name": "",
        **{name: 0 for name in ENTRY if name.endswith("_tokens") and ENTRY[name] != "jsonb"},
        "fill_percentage": None,
        "latency_ms": None,
        **dict.fromkeys(("tool_calls", "modality_tokens", "raw_usage"), "{}"),
        "state": "posted",
        "price_id": cost.price_id,
        "cost_usd": correction.delta_usd,
        **_component_deltas(correction),
        "cost_ceiling_usd": None,
        "origin": "adjustment",
        "calls": 0,
        "adjusts": entry["event_id"],
        "settles": correction.settles,
        "rerate_id": rerate_id,
        "content_sha256": digest,
    }
    return row_of("ledger_entry", values)


def _component_deltas(correction: Correction) -> dict[str, Decimal]:
    parts = correction.cost.components
    return {
        f"{kind}_cost_usd": WIDE.subtract(parts.get(kind, ZERO), correction.entry[f"{kind}_so_far"])
        for kind in COMPONENTS
    }


async def _days(pool: Pool, request: RerateRequest) -> list[tuple[str, date]]:
    """Raises Conflict when entries of these days are archived: their costs are not here."""
    async with transaction(pool) as db:
        await _refuse_archived_days(db, request.first_on, request.last_on)
        rows = await db.fetch(
            """
            SELECT DISTINCT client_id, day FROM ledger_entry
             WHERE day >= $1 AND ($2::date IS NULL OR day <= $2)
               AND (cardinality($3::text[]) = 0 OR client_id = ANY($3)) AND origin = 'call'
             ORDER BY day, client_id
            """,
            request.first_on,
            request.last_on,
            list(request.client),
        )
    return [(row["client_id"], row["day"]) for row in rows]


async def _refuse_archived_days(db: Connection, first_on: date, last_on: date | None) -> None:
    for gone in await archived_months(db, first_on, last_on):
        await refuse_archived(db, {gone.month})


async def _entries(
    db: Connection, request: RerateRequest, client_id: str, day: date
) -> Iterable[Record]:
    """The calls of a day that are priced by their tokens, with what was corrected before."""
    so_far = ", ".join(
        f"coalesce({kind}_cost_usd, 0) + corrected.{kind}_usd AS {kind}_so_far"
        for kind in COMPONENTS
    )
    sums = ", ".join(f"coalesce(sum({kind}_cost_usd), 0) AS {kind}_usd" for kind in COMPONENTS)
    return await db.fetch(
        f"""
        SELECT ledger_entry.*, user_key, user_id, corrected.usd AS corrected_usd,
               corrected.corrections, {so_far}
          FROM ledger_entry JOIN person USING (client_id, person_id),
               LATERAL (
                    SELECT count(*) AS corrections, coalesce(sum(cost_usd), 0) AS usd, {sums}
                      FROM ledger_entry AS correction
                     WHERE correction.client_id = ledger_entry.client_id
                       AND correction.adjusts = ledger_entry.event_id
               ) AS corrected
         WHERE client_id = $1 AND day = $2 AND origin = 'call'
           AND state <> 'unknown' AND outcome <> 'cached'
           AND (input_tokens > 0 OR output_tokens > 0 OR total_tokens > 0)
           AND ($3::text IS NULL OR provider = $3)
           AND ($4::text IS NULL OR coalesce(model_served, model_requested) = $4)
         ORDER BY event_id
        """,
        client_id,
        day,
        request.provider,
        request.model,
    )
