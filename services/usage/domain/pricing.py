"""Published prices, and which of them is in force for a call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256

PER_MILLION = 6  # places that the point moves
KINDS_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens of each kind, from an instant on, above a size of prompt.

    A kind without a price of its own (None) is billed as input: no discount was published.
    `effective_from` is aware; `above_input_tokens` is a limit that the prompt must exceed.
    Figures have at most 9 decimal places and are below 10**6, so that tokens x figure stays
    within the 28 digits of Decimal's context: no product is ever rounded.
    """

    provider: str
    model: str
    service_tier: str
    above_input_tokens: int
    effective_from: datetime
    input_usd: Decimal
    cached_input_usd: Decimal | None
    cache_write_usd: Decimal | None
    output_usd: Decimal
    source_url: str
    checked_on: date
    revision: int = 1
    note: str = ""
    usd_per_token: tuple[Decimal, ...] = field(init=False)
    """What one token of input, cached input, written cache and output is billed at."""
    price_id: str = field(init=False)
    """Derived from the key and the figures: other figures make another id.

    `openai/gpt-4o/standard/0/2024-10-02/1f0c9a4e`; a later revision ends in `/r2` and so on.
    The source and the day of the check are not part of it: to look again and find the same
    price changes nothing.
    """

    def __post_init__(self) -> None:
        figures = (self.input_usd, self.cached_input_usd, self.cache_write_usd, self.output_usd)
        billed = (self.input_usd if usd is None else usd for usd in figures)
        object.__setattr__(self, "usd_per_token", tuple(usd.scaleb(-PER_MILLION) for usd in billed))
        digest = sha256("|".join(map(_plain, figures)).encode()).hexdigest()[:8]
        key = [*self.key[:4], self.effective_from.date().isoformat(), digest]
        if self.revision > 1:
            key.append(f"r{self.revision}")
        object.__setattr__(self, "price_id", "/".join(map(str, key)))

    @property
    def key(self) -> tuple[str, str, str, int, datetime, int]:
        """What a rate card may hold one price for."""
        return (
            self.provider,
            self.model,
            self.service_tier,
            self.above_input_tokens,
            self.effective_from,
            self.revision,
        )

    @property
    def version(self) -> tuple[datetime, int]:
        """Prices of one version hold together, one for each size of prompt; the latest counts."""
        return self.effective_from, self.revision


@dataclass(frozen=True, slots=True)
class Names:
    """Other names of one provider, its models and its service tiers.

    Every name is listed in full, because a prefix that looks alike may be another model at
    another price. `model_prefixes` are path segments that the provider's API puts before a
    model's id, such as `models/`.
    """

    provider: str
    provider_aliases: tuple[str, ...] = ()
    model_aliases: Mapping[str, str] = field(default_factory=dict)
    model_prefixes: tuple[str, ...] = ()
    service_tier_aliases: Mapping[str, str] = field(default_factory=dict)

    def model(self, name: str) -> str:
        """The model that the rate card lists for this name."""
        for prefix in self.model_prefixes:
            name = name.removeprefix(prefix)
        return self.model_aliases.get(name, name)


class RateCard:
    """All prices of all providers, past and announced."""

    def __init__(self, prices: Iterable[Price], names: Iterable[Names] = ()) -> None:
        self._prices: dict[tuple[str, str, str], list[Price]] = {}
        self._versions: dict[tuple[str, str, str], list[list[Price]]] = {}
        self.add(prices)
        self._names = {names_of.provider: names_of for names_of in names}
        self._providers = {
            alias: names_of.provider
            for names_of in self._names.values()
            for alias in names_of.provider_aliases
        }
        self.kind = lru_cache(KINDS_REMEMBERED)(self._kind)
        """The names (provider, model, service tier) under which prices are held, of what a call
        was named: a ledger hears the same few again and again."""

    def add(self, prices: Iterable[Price]) -> None:
        """Take in more prices; for whoever has this card alone."""
        changed = set()
        for price in prices:
            of = (price.provider, price.model, price.service_tier)
            self._prices.setdefault(of, []).append(price)
            changed.add(of)
        for of in changed:
            self._versions[of] = _versions(self._prices[of])

    def provider(self, name: str) -> str:
        """The one name of a provider, in lower case: `Gemini` is `google`."""
        name = name.lower()
        return self._providers.get(name, name)

    def model(self, provider: str, name: str) -> str:
        """The model that the rate card lists for this name."""
        provider = self.provider(provider)
        return self._names.get(provider, Names(provider)).model(name)

    def service_tier(self, provider: str, name: str) -> str:
        """The one name of a service tier: OpenAI answers `default` where it bills `standard`."""
        names = self._names.get(self.provider(provider))
        name = name.lower()
        return names.service_tier_aliases.get(name, name) if names else name

    def price_in_force(
        self, provider: str, model: str, service_tier: str, input_tokens: int, at: datetime
    ) -> Price | None:
        """The latest price at the instant `at`, at the highest tier that the prompt reaches.

        A tier is reached by strictly more tokens than its limit, and then prices the whole
        request. A change of price restates every tier, so a tier that is dropped is gone;
        so does a revision, which corrects what was held of one change.
        None when there is no price for exactly this model and service tier: another
        model's or another tier's price would be a guess.
        Source: OpenAI and Gemini API pricing pages (prompts above 272,000 and 200,000).
        """
        reached = None
        for price in self.version_in_force(provider, model, service_tier, at):
            if price.above_input_tokens and input_tokens <= price.above_input_tokens:
                break
            reached = price
        return reached

    def version_in_force(
        self, provider: str, model: str, service_tier: str, at: datetime
    ) -> Sequence[Price]:
        """The prices of the latest version at the instant `at`, by size of prompt, least first."""
        for version in self._versions.get(self.kind(provider, model, service_tier), ()):
            if version[0].effective_from <= at:
                return version
        return ()

    def history(self, provider: str, model: str, service_tier: str) -> Sequence[Price]:
        """Every price there is or was of one model and service tier, in no order."""
        return self._prices.get(self.kind(provider, model, service_tier), ())

    def _kind(self, provider: str, model: str, service_tier: str) -> tuple[str, str, str]:
        provider = self.provider(provider)
        return provider, self.model(provider, model), self.service_tier(provider, service_tier)

    @property
    def kinds(self) -> list[tuple[str, str, str]]:
        """Every (provider, model, service tier) that has a price, sorted."""
        return sorted(self._prices)


def _versions(prices: Iterable[Price]) -> list[list[Price]]:
    """Each change by its last revision, latest first; in each the least size of prompt first."""
    changes: dict[datetime, dict[int, list[Price]]] = {}
    for price in prices:
        revisions = changes.setdefault(price.effective_from, {})
        revisions.setdefault(price.revision, []).append(price)
    return [
        sorted(revisions[max(revisions)], key=lambda price: price.above_input_tokens)
        for _, revisions in sorted(changes.items(), reverse=True)
    ]


def _plain(figure: Decimal | None) -> str:
    return "-" if figure is None else format(figure.normalize(), "f")
