"""The installed genai-prices as a table of prices: what it was shipped with, never the network.

Only prices of tokens are read, pictures and words alike. A model that is billed in another way
(by time of day, by request, pictures apart) is named as skipped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import ValidationError

from libs.contracts.prices import Figures
from services.usage.domain.published import Published, Upstream

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, PriceVariant, Provider

CONTEXTS = {
    "standard": None,
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
"""How genai-prices is asked for each of our service tiers; what it does not know is standard."""

KINDS = {
    "input_usd": "input_mtok",
    "cached_input_usd": "cache_read_mtok",
    "cache_write_usd": "cache_write_mtok",
    "output_usd": "output_mtok",
}
NOT_ASKED_FOR = {
    "input_audio_mtok",
    "cache_audio_read_mtok",
    "input_video_mtok",
    "cache_write_1h_mtok",
    "web_searches_kcount",
    "storage_searches_kcount",
}
"""What our calls never use: they send pictures and words, and read words."""
DAWN = datetime(1970, 1, 1, tzinfo=UTC)


class NoTokenPrice(Exception):
    """genai-prices bills this model in a way that a price for tokens cannot say."""


@dataclass
class Feed:
    """The providers that were asked for.

    `upstream` knows each model by its id and by every name that is listed for it in full; `ids`
    are those that can be called today, without the patterns for fine-tuned ones; `skipped`
    has (provider, model, reason).
    """

    upstream: Upstream
    ids: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[tuple[str, str, str]] = field(default_factory=list)
    providers: dict[str, "Provider"] = field(default_factory=dict)

    def knows(self, provider: str, name: str) -> bool:
        """Whether it has the model at all, by its id, by a name, or by one that looks like it."""
        known = self.providers[provider]
        return any(model.id == name for model in known.models) or bool(known.find_model(name))

    def matched(self, provider: str, name: str) -> tuple[str, list[Published]] | None:
        """What genai-prices takes `name` for, by a prefix or pattern perhaps: a guess to check."""
        known = self.providers.get(provider)
        model = known.find_model(name) if known else None
        if model is None:
            return None
        try:
            return model.id, list(_published(provider, name, model))
        except NoTokenPrice:
            return None


def read_feed(providers: Sequence[str]) -> Feed:
    """Everything that is known of these providers. Raises LookupError for an unknown one.

    The import takes 0.4 s, so it is left to those who need it.
    """
    import genai_prices
    from genai_prices.data import providers as shipped

    by_id = {provider.id: provider for provider in shipped}
    published: dict[tuple[str, str], Sequence[Published]] = {}
    pages: dict[str, str] = {}
    name = f"genai-prices {genai_prices.__version__}"
    feed = Feed(Upstream(name, published, pages, complete=True))
    for wanted in providers:
        if wanted not in by_id:
            raise LookupError(wanted)
        provider = feed.providers[wanted] = by_id[wanted]
        pages[wanted] = (provider.pricing_urls or [f"https://{wanted}"])[0]
        for model in provider.models:
            _read_model(feed, published, wanted, model)
    return feed


def known_providers() -> list[str]:
    from genai_prices.data import providers as shipped

    return sorted(provider.id for provider in shipped)


def _read_model(
    feed: Feed,
    published: dict[tuple[str, str], Sequence[Published]],
    provider: str,
    model: "ModelInfo",
) -> None:
    try:
        rows = list(_published(provider, model.id, model))
    except NoTokenPrice as reason:
        feed.skipped.append((provider, model.id, str(reason)))
        return
    if not (model.deprecated or model.id.startswith("ft:") or model.id.endswith("-")):
        feed.ids.setdefault(provider, []).append(model.id)
    published[provider, model.id] = rows
    for name in _names(model.match):
        published.setdefault((provider, name), rows)


def _published(provider: str, name: str, model: "ModelInfo") -> Iterator[Published]:
    for service_tier, context in CONTEXTS.items():
        before = None
        for since_on in _days(model, context):
            tiers = _tiers(model, since_on, context)
            if tiers and tiers != before:
                yield Published(provider, name, service_tier, since_on, tiers)
            before = tiers


def _days(model: "ModelInfo", context: dict[str, str] | None) -> list[date | None]:
    """When what is stated may change: None is since ever."""
    steps: list[ConditionalPrice | PriceVariant] = []
    steps += model.prices if isinstance(model.prices, list) else []
    steps += _variants(model, context)
    days = set()
    for step in steps:
        if step.constraint is None:
            continue
        since_on = getattr(step.constraint, "start_date", None)
        if since_on is None:
            raise NoTokenPrice("its price depends on the time of day")
        days.add(since_on)
    return [None, *sorted(days)]


def _variants(model: "ModelInfo", context: dict[str, str] | None) -> list["PriceVariant"]:
    return [variant for variant in model.price_variants or () if variant.when == context]


def _tiers(
    model: "ModelInfo", since_on: date | None, context: dict[str, str] | None
) -> tuple[Figures, ...]:
    at = datetime.combine(since_on, time(tzinfo=UTC)) if since_on else DAWN
    active = [v for v in _variants(model, context) if not v.constraint or v.constraint.active(at)]
    if context and not active:
        return ()
    stated = model.get_prices(at, context)
    apart = {key for key, price in vars(stated).items() if price is not None}
    if apart := apart - set(KINDS.values()) - NOT_ASKED_FOR:
        raise NoTokenPrice(f"it bills apart: {', '.join(sorted(apart))}")
    prices = {ours: getattr(stated, theirs) for ours, theirs in KINDS.items()}
    if prices["input_usd"] is None or prices["output_usd"] is None:
        raise NoTokenPrice("it has no price for both input and output tokens")
    limits = {tier.start for price in prices.values() for tier in getattr(price, "tiers", ())}
    try:
        return tuple(
            Figures(
                above_input_tokens=limit,
                **{kind: _figure(price, limit) for kind, price in prices.items()},
            )
            for limit in sorted({0, *limits})
        )
    except ValidationError as error:
        raise NoTokenPrice("a figure of it has more than nine decimal places") from error


def _figure(price: object, above_input_tokens: int) -> Decimal | None:
    if price is None or isinstance(price, Decimal):
        return price
    figure: Decimal = price.base  # type: ignore[attr-defined]
    for tier in price.tiers:  # type: ignore[attr-defined]
        if above_input_tokens >= tier.start:
            figure = tier.price
    return figure


def _names(clause: object) -> Iterator[str]:
    """The names that a clause lists in full; prefixes and patterns may be other models."""
    if name := getattr(clause, "equals", None):
        yield name
    for inner in getattr(clause, "or_", ()):
        yield from _names(inner)
