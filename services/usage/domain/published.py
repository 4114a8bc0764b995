"""What a table that others publish states about prices, in the shape of our own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from libs.contracts.prices import Figures, PublishedTable
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
    lists for it, oldest statement first. What a `complete` one leaves out it denies: no other
    size of prompt, no discount. Of others it is only unknown.
    """

    name: str
    published: Mapping[tuple[str, str], Sequence[Published]]
    pages: Mapping[str, str] = field(default_factory=dict)
    shutdowns: Mapping[tuple[str, str], date] = field(default_factory=dict)
    complete: bool = False

    def at(self, provider: str, model: str, service_tier: str, day: date) -> Published | None:
        """What it states for that day."""
        begun = [
            row
            for row in self.published.get((provider, model), ())
            if row.service_tier == service_tier and (row.since_on or date.min) <= day
        ]
        return max(begun, key=lambda row: row.since_on or date.min, default=None)


def upstream_of(table: PublishedTable) -> Upstream:
    """A table that somebody posted: all of it is stated for the day that is asked about."""
    published: dict[tuple[str, str], list[Published]] = {}
    for row in table.prices:
        tiers = tuple(sorted(row.tiers, key=lambda tier: tier.above_input_tokens))
        if tiers[0].above_input_tokens == 0:
            stated = Published(row.provider, row.model, row.service_tier, None, tiers)
            published.setdefault((row.provider, row.model), []).append(stated)
    shutdowns = {(row.provider, row.model): row.shutdown_on for row in table.shutdowns}
    return Upstream(table.name, published, shutdowns=shutdowns)


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
    stated = {kind: getattr(figures, kind) for kind in KINDS}
    return {kind: figures.input_usd if usd is None else usd for kind, usd in stated.items()}


def tier_of(tiers: Sequence[Figures], above_input_tokens: int) -> Figures:
    """The figures for prompts of just over a size."""
    reached = [row for row in tiers if row.above_input_tokens <= above_input_tokens]
    return max(reached, key=lambda row: row.above_input_tokens)


def bill_alike(
    ours: Sequence[Figures], theirs: Sequence[Figures], ignored: Collection[str] = ()
) -> bool:
    """Whether every call costs the same by both, at every size of prompt; not looking at the
    `ignored` kinds of figures.
    """
    if not ours or not theirs:
        return False
    limits = {row.above_input_tokens for row in (*ours, *theirs)}
    pairs = ((billed(tier_of(ours, at)), billed(tier_of(theirs, at))) for at in limits)
    return all(
        one[kind] == other[kind] for one, other in pairs for kind in KINDS if kind not in ignored
    )
