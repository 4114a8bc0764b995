"""Charges as FOCUS 1.2 sees them: what one kind of token cost one client on one day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from services.usage.domain.report import exact_sum
from services.usage.domain.shown import EXACT

Origin = Literal["call", "adjustment", "import"]
TokenKind = Literal["input", "cached_input", "cache_write", "output"]
PER_MILLION = -6
METERS: Mapping[TokenKind | None, str] = {
    "input": "Input Tokens",
    "cached_input": "Cached Input Tokens",
    "cache_write": "Cache Write Tokens",
    "output": "Output Tokens",
    None: "Tokens",
}


@dataclass(frozen=True, slots=True)
class Priced:
    """Tokens of a kind, what they cost, and USD for a million of them, all exact."""

    tokens: int
    cost_usd: Decimal
    per_million_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Ledger entries of a day, client, provider, model, service tier, price and origin, summed.

    `kinds` is empty where the parts of the cost are not known, as for corrections and for
    what another tracker had written down: `whole` is then all there is.
    """

    day: date
    client_id: str
    provider: str
    model: str
    service_tier: str
    origin: Origin
    price_id: str | None
    whole: Priced
    kinds: Mapping[TokenKind, Priced]


@dataclass(frozen=True, slots=True)
class Charge:
    """One row of the file. `kind` None: the cost is of all kinds of token together."""

    usage: Usage
    kind: TokenKind | None
    priced: Priced

    @property
    def month(self) -> tuple[datetime, datetime]:
        """The billing period, half-open: the calendar month."""
        first = self.usage.day.replace(day=1)
        return _midnight(first), _midnight((first + timedelta(days=31)).replace(day=1))

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The charge period, half-open: the UTC day."""
        return _midnight(self.usage.day), _midnight(self.usage.day + timedelta(days=1))

    @property
    def millions(self) -> Decimal:
        """Tokens in the unit of the price, exact."""
        return EXACT.scaleb(Decimal(self.priced.tokens), PER_MILLION)

    @property
    def unit_price_usd(self) -> Decimal | None:
        """USD for a million tokens, if that is what made the cost: quantity times price."""
        price = self.priced.per_million_usd
        made = price is not None and EXACT.multiply(price, self.millions) == self.priced.cost_usd
        return price if made else None

    @property
    def sku_id(self) -> str:
        usage = self.usage
        return "/".join((usage.provider, usage.model, usage.service_tier, self.kind or "tokens"))

    @property
    def is_correction(self) -> bool:
        return self.usage.origin == "adjustment"


def charges(usage: Usage) -> Iterator[Charge]:
    """The rows of some usage, whose costs add up to its own.

    A kind of token that was neither used nor charged has no row. Nor has usage that was
    free, such as a call that the provider turned away.
    """
    split = exact_sum(priced.cost_usd for priced in usage.kinds.values())
    if usage.kinds and split == usage.whole.cost_usd:
        for kind, priced in usage.kinds.items():
            if priced.tokens or priced.cost_usd:
                yield Charge(usage, kind, priced)
    elif usage.whole.cost_usd:
        yield Charge(usage, None, usage.whole)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC))
