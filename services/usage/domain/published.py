"""What a table that others publish states about prices, in the shape of our own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from libs.contracts.prices import Figures
from services.usage.domain.pricing import Price

KINDS = ("input_usd", "cached_input_usd", "cache_write_usd", "output_usd")


@dataclass(frozen=True, slots=True)
class Published:
    """Figures for one model and service tier, since a day; None where the table names no day.

    `tiers` are sorted by size of prompt and begin with the one above 0 tokens.
    """

    provider: str
    model: str
    service_tier: str
    since_on: date | None
    tiers: tuple[Figures, ...]

    @property
    def kind(self) -> tuple[str, str, str]:
        return self.provider, self.model, self.service_tier


@dataclass(frozen=True, slots=True)
class Upstream:
    """A whole table: `name` has its version, `pages` are where its vendors publish prices.

    `published` has everything that is stated of a model, by each exact name that the table
    lists for it, oldest statement first.
    """

    name: str
    published: Mapping[tuple[str, str], Sequence[Published]]
    pages: Mapping[str, str]

    def at(self, provider: str, model: str, service_tier: str, day: date) -> Published | None:
        """What it states for that day."""
        begun = [
            row
            for row in self.published.get((provider, model), ())
            if row.service_tier == service_tier and (row.since_on or date.min) <= day
        ]
        return max(begun, key=lambda row: row.since_on or date.min, default=None)


def figures_of(prices: Iterable[Price]) -> tuple[Figures, ...]:
    """The figures of one version of our prices, by size of prompt."""
    return tuple(
        Figures(
            above_input_tokens=price.above_input_tokens,
            input_usd=price.input_usd,
            cached_input_usd=price.cached_input_usd,
            cache_write_usd=price.cache_write_usd,
            output_usd=price.output_usd,
        )
        for price in sorted(prices, key=lambda price: price.above_input_tokens)
    )


def billed(figures: Figures) -> dict[str, Decimal]:
    """USD per million tokens of each kind, as it is billed: what has no figure costs as input."""
    return {
        kind: figures.input_usd if usd is None else usd
        for kind in KINDS
        if (usd := getattr(figures, kind)) is not None or kind != "output_usd"
    }


def tier_of(tiers: Sequence[Figures], above_input_tokens: int) -> Figures:
    """The figures for prompts of just over a size."""
    reached = [row for row in tiers if row.above_input_tokens <= above_input_tokens]
    return max(reached, key=lambda row: row.above_input_tokens)


def bill_alike(ours: Sequence[Figures], theirs: Sequence[Figures]) -> bool:
    """Whether every call costs the same by both, at every size of prompt."""
    limits = {row.above_input_tokens for row in (*ours, *theirs)}
    return bool(ours and theirs) and all(
        billed(tier_of(ours, limit)) == billed(tier_of(theirs, limit)) for limit in limits
    )
