"""Our prices against every table in ../shared/data/prices, each as of its own day.

What differs is listed here by name, with the reason why ours stands; a listed difference
that is gone fails too.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from libs.contracts.prices import midnight
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import KINDS, billed, figures_of, tier_of
from services.usage.rate_card import read_price_files
from tests.usage.published_tables import (
    Stated,
    genai_snapshots,
    langfuse_table,
    litellm_snapshots,
    price_changes,
)

FILES = read_price_files()
CARD = RateCard(
    [price for file in FILES for price in file.prices()], [file.names() for file in FILES]
)
Named = tuple[str, str, str]
"""Model, service tier, kind of figure."""

CACHED_2025 = (
    "in 2025 cached tokens of Gemini 2.5 cost a quarter of input, later a tenth; no source has "
    "the day of the cut, and the ledger has no calls from before it"
)
NO_CACHED = "the table derives a cached price where the price page has none"
ROUNDED = "the price page rounds to three places, the table does not"
LAGS = "the table had not seen the last change of price yet"
MISTAKEN = "the table was wrong: its later releases have what we have"
PREVIEW = "calls of the previews before the model's release are not priced"
HOURS = "a price by hours of storage, which the table has as a size of prompt"


def _every(models: str, tiers: str, kinds: str, reason: str) -> Iterator[tuple[Named, str]]:
    names = KINDS if kinds == "*" else [f"{kind}_usd" for kind in kinds.split()]
    for model in models.split():
        for tier in tiers.split():
            yield from (((model, tier, kind), reason) for kind in names)


OLD_GEMINI = dict(
    [
        *_every(
            "gemini-2.5-flash gemini-2.5-flash-lite gemini-2.5-pro",
            "standard",
            "cached_input",
            CACHED_2025,
        ),
        *_every("gemini-2.0-flash-lite", "standard", "cached_input", NO_CACHED),
        *_every("gemini-2.5-pro", "priority", "input output", MISTAKEN),
        *_every("gemini-2.5-pro", "standard", "input output", PREVIEW),
        *_every("o4-mini", "flex", "cached_input", ROUNDED),
    ]
)
DIFFERENCES: dict[Callable[[Path], Iterator[Stated]], dict[Named, str]] = {
    price_changes: OLD_GEMINI,
    litellm_snapshots: OLD_GEMINI
    | dict(
        [
            *_every("gpt-5.4-pro gpt-5.5-pro", "standard", "cached_input", NO_CACHED),
            *_every("gpt-5.5-pro", "standard batch flex", "input output", MISTAKEN),
            *_every("gpt-5.5", "priority", "input cached_input output", MISTAKEN),
            *_every("gpt-5.6-luna gpt-5.6-terra", "standard flex priority", "*", LAGS),
            *_every("gpt-5.6-luna gpt-5.6-terra", "batch", "input output", LAGS),
        ]
    ),
    genai_snapshots: dict(
        [
            *_every("gemini-2.5-flash gemini-2.5-pro", "standard", "cached_input", CACHED_2025),
            *_every("gemini-2.5-flash-lite", "standard", "input cached_input output", PREVIEW),
            *_every("gemini-2.0-flash", "standard", "cached_input", HOURS),
            *_every("gemini-3.6-flash", "standard", "input cached_input output", MISTAKEN),
            *_every("gpt-5.6-luna gpt-5.6-sol gpt-5.6-terra", "standard", "*", LAGS),
        ]
    ),
    langfuse_table: dict(_every("gpt-5.6-sol", "standard flex priority", "*", LAGS)),
}
LEAST_COMPARED: dict[Callable[[Path], Iterator[Stated]], int] = {
    litellm_snapshots: 3_400,
    price_changes: 300,
    genai_snapshots: 290,
    langfuse_table: 400,
}


def _held(stated: Stated) -> Decimal | None:
    """What we have for the very same figure, on the day of the table."""
    kind = (stated.provider, stated.model, stated.service_tier)
    ours = figures_of(CARD.version_in_force(*kind, midnight(stated.on)))
    return billed(tier_of(ours, stated.above_input_tokens))[stated.kind] if ours else None


@pytest.mark.parametrize("read", DIFFERENCES, ids=lambda read: read.__name__)
def test_every_figure_that_others_published_is_ours_but_for_those_named(
    shared_data: Path, read: Callable[[Path], Iterator[Stated]]
) -> None:
    compared = 0
    found: dict[Named, Stated] = {}
    for stated in read(shared_data / "prices"):
        if not CARD.history(stated.provider, stated.model, "standard"):
            continue
        compared += 1
        if _held(stated) != stated.usd:
            model = CARD.model(stated.provider, stated.model)
            found[model, stated.service_tier, stated.kind] = stated

    unexplained = {key: found[key] for key in found.keys() - DIFFERENCES[read].keys()}
    assert not unexplained
    assert not DIFFERENCES[read].keys() - found.keys(), "these differ no more"
    assert compared >= LEAST_COMPARED[read]
