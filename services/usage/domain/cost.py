"""What a provider call costs, exactly, and in which state it enters the ledger."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol

from libs.contracts.usage import EntryState, ProviderCall
from services.usage.domain.pricing import Price, RateCard

ZERO = Decimal(0)
COMPONENTS = ("input", "cached_input", "cache_write", "output")
COST_LIMIT_USD = Decimal(1_000_000)
ASSUMED_INPUT_TOKENS = 1_000
ASSUMED_OUTPUT_TOKENS = 200
UNSEEN_OUTCOMES = {"unknown", "timed_out", "cancelled"}


class Usage(Protocol):
    """Counts nest: cached and written tokens are input, reasoning tokens are output."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def cached_input_tokens(self) -> int: ...
    @property
    def cache_write_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...


class Cost(NamedTuple):
    """USD, unrounded. `usd` is None when no price is known, which is not the same as free.

    `parts` has a cost for each of `COMPONENTS`: input (neither cached nor written),
    cached_input, cache_write, output (with reasoning). They add up to `usd` exactly.
    `ceiling_usd` stands for a call whose usage nobody saw; it is in no total.
    """

    state: EntryState
    usd: Decimal | None = None
    parts: tuple[Decimal, ...] = ()
    price_id: str | None = None
    ceiling_usd: Decimal | None = None

    @property
    def components(self) -> Mapping[str, Decimal]:
        """`parts` by their names; empty when there is no cost."""
        return dict(zip(COMPONENTS, self.parts, strict=False))


FREE = Cost(state="posted", usd=Decimal(0))
UNPRICED = Cost("unpriced")


def cost_of_call(call: ProviderCall, card: RateCard) -> Cost:
    """The cost of one attempt by the price of the model that answered, at the time of the call.

    - Answered from our own cache: free.
    - Usage unknown: no cost, but a ceiling. It is the cost of the counts that the sender
      gave as a bound, else of 1,000 input and 200 output tokens.
    - Nothing used, as when the provider turned the call away: free.
    - No price for the model or its service tier: unpriced.
    - The vendor's total contradicts the counts: priced by the counts, and suspect.
    """
    if call.outcome == "cached":
        return FREE
    counts = _counts_anything(call)
    if call.usage_source == "unknown" or (not counts and call.outcome in UNSEEN_OUTCOMES):
        return _unknown(call, counts, card)
    if not counts:
        return FREE
    cost = cost_of_usage(call, _price(call, call.input_tokens, card))
    if cost.usd is not None and not _adds_up(call):
        return cost._replace(state="suspect")
    return cost


def cost_of_usage(usage: Usage, price: Price | None) -> Cost:
    """Every token at its price.

    Without a price: unpriced. A million USD or more for one call is no cost but a mistake
    in its counts, so it stays out of the totals, as suspect.
    """
    if price is None:
        return UNPRICED
    cached, written, output = (
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
    )
    plain = usage.input_tokens - cached - written
    plain_usd, cached_usd, written_usd, output_usd = price.usd_per_token
    parts = (
        plain * plain_usd if plain else ZERO,
        cached * cached_usd if cached else ZERO,
        written * written_usd if written else ZERO,
        output * output_usd if output else ZERO,
    )
    usd = (parts[0] + parts[1] + parts[2] + parts[3]).normalize()
    if usd >= COST_LIMIT_USD:
        return Cost("suspect", price_id=price.price_id)
    return Cost("posted", usd, parts, price.price_id)


def _unknown(call: ProviderCall, counts: bool, card: RateCard) -> Cost:
    bound = call
    if not counts:
        bound = call.model_copy(
            update={"input_tokens": ASSUMED_INPUT_TOKENS, "output_tokens": ASSUMED_OUTPUT_TOKENS}
        )
    ceiling = cost_of_usage(bound, _price(call, bound.input_tokens, card))
    return Cost("unknown", price_id=ceiling.price_id, ceiling_usd=ceiling.usd)


def _price(call: ProviderCall, input_tokens: int, card: RateCard) -> Price | None:
    model = call.model_served or call.model_requested
    return card.price_in_force(
        call.provider, model, call.service_tier, input_tokens, call.occurred_at
    )


def _counts_anything(call: ProviderCall) -> bool:
    return call.input_tokens > 0 or call.output_tokens > 0 or bool(call.total_tokens)


def _adds_up(call: ProviderCall) -> bool:
    total = call.total_tokens
    return total is None or total == call.input_tokens + call.output_tokens
