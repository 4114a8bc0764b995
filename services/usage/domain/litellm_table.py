"""LiteLLM's public table of prices, read into the shape of ours.

There a price is USD for one token, and a field's name says for what: kind, size of prompt,
service tier, as in `input_cost_per_token_above_272k_tokens_batches`.
Source: github.com/BerriAI/litellm, model_prices_and_context_window.json.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from libs.contracts.prices import Figures, PublishedPrice, PublishedShutdown, PublishedTable

PROVIDERS = {"gemini": "google"}
SERVICE_TIERS = {"": "standard", "batches": "batch", "flex": "flex", "priority": "priority"}
KINDS = {
    "input_cost_per_token": "input_usd",
    "cache_read_input_token_cost": "cached_input_usd",
    "cache_creation_input_token_cost": "cache_write_usd",
    "output_cost_per_token": "output_usd",
}
TOKEN_MODES = {"chat", "responses", "completion"}
_FIELD = re.compile(rf"({'|'.join(KINDS)})(?:_above_(\d+)k_tokens)?(?:_(batches|flex|priority))?")
PER_MILLION = 6

Prices = dict[str, dict[int, dict[str, Decimal]]]


def read_litellm(content: bytes, name: str, providers: frozenset[str]) -> PublishedTable:
    """The token prices and the shutdowns of these providers' models.

    Raises ValueError when it is no such table.
    """
    try:
        table = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    entries = list(_entries(table, providers)) if isinstance(table, dict) else []
    if not entries:
        raise ValueError("it has no model of these providers with a price for tokens")
    return PublishedTable(
        name=name,
        prices=[row for provider, model, entry in entries for row in _rows(provider, model, entry)],
        shutdowns=[
            PublishedShutdown(provider=provider, model=model, shutdown_on=day)
            for provider, model, entry in entries
            if (day := _day(entry.get("deprecation_date")))
        ],
    )


def _entries(
    table: Mapping[str, Any], providers: frozenset[str]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for name, entry in table.items():
        if not isinstance(entry, dict) or not _is_of_tokens(entry.get("mode")):
            continue
        theirs = entry.get("litellm_provider")
        provider = PROVIDERS.get(theirs, theirs) if isinstance(theirs, str) else None
        if provider in providers and "input_cost_per_token" in entry:
            yield provider, name.removeprefix(f"{theirs}/"), entry


def _is_of_tokens(mode: object) -> bool:
    return mode is None or (isinstance(mode, str) and mode in TOKEN_MODES)


def _rows(provider: str, model: str, entry: Mapping[str, Any]) -> Iterator[PublishedPrice]:
    prices: Prices = {}
    for field, value in entry.items():
        parts = _FIELD.fullmatch(field)
        figure = _per_million(value) if parts else None
        if parts and figure is not None:
            tiers = prices.setdefault(SERVICE_TIERS[parts[3] or ""], {})
            tiers.setdefault(int(parts[2] or 0) * 1_000, {})[KINDS[parts[1]]] = figure
    for service_tier, tiers in prices.items():
        try:
            yield PublishedPrice(
                provider=provider,
                model=model,
                service_tier=service_tier,
                tiers=[
                    Figures.model_validate({"above_input_tokens": limit} | kinds)
                    for limit, kinds in sorted(tiers.items())
                ],
            )
        except ValidationError:
            continue  # half a price: input without output


def _per_million(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        figure = Decimal(value).scaleb(PER_MILLION).normalize()
    except InvalidOperation:
        return None
    return figure if figure.is_finite() else None


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
