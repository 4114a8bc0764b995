"""Every price that the tables in ../shared/data/prices state, one figure at a time."""

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.usage.domain.litellm_table import read_litellm
from services.usage.domain.published import KINDS

PROVIDERS = frozenset({"openai", "google"})
LITELLM_KINDS = {
    "input_cost_per_token": "input_usd",
    "cache_read_input_token_cost": "cached_input_usd",
    "output_cost_per_token": "output_usd",
}
LITELLM_TIERS = {"": "standard", "batches": "batch", "flex": "flex", "priority": "priority"}
GENAI_KINDS = {
    "input_mtok": "input_usd",
    "cache_read_mtok": "cached_input_usd",
    "cache_write_mtok": "cache_write_usd",
    "output_mtok": "output_usd",
}
LANGFUSE_KINDS = {
    "input": "input_usd",
    "input_cached_tokens": "cached_input_usd",
    "input_cache_creation": "cache_write_usd",
    "output": "output_usd",
}
_CHANGE = re.compile(
    rf"({'|'.join(LITELLM_KINDS)})(?:_above_(\d+)k_tokens)?(?:_(batches|flex|priority))?"
)


@dataclass(frozen=True, slots=True)
class Stated:
    """One figure of one table: USD per million tokens, on a day."""

    table: str
    on: date
    provider: str
    model: str
    service_tier: str
    above_input_tokens: int
    kind: str
    usd: Decimal


def litellm_snapshots(folder: Path) -> Iterator[Stated]:
    for path in sorted((folder / "litellm").glob("asof-*.json")):
        on = date.fromisoformat(path.name[5:15])
        yield from _litellm(path.read_bytes(), path.name, on)
    whole = folder / "litellm" / "full_v1.109.1.json.gz"
    yield from _litellm(gzip.decompress(whole.read_bytes()), whole.name, date(2026, 11, 22))


def _litellm(content: bytes, name: str, on: date) -> Iterator[Stated]:
    for row in read_litellm(content, name, PROVIDERS).prices:
        for tier in row.tiers:
            for kind in KINDS:
                if (usd := getattr(tier, kind)) is not None:
                    of = (row.provider, row.model, row.service_tier)
                    yield Stated(name, on, *of, tier.above_input_tokens, kind, usd)


def price_changes(folder: Path) -> Iterator[Stated]:
    with (folder / "price-changes.csv").open() as file:
        for row in csv.DictReader(file):
            field = _CHANGE.fullmatch(row["field"])
            if field is None or not row["usd_per_token"]:
                continue
            is_gemini = row["model"].startswith("gemini/")
            yield Stated(
                f"price-changes.csv ({row['source']})",
                date.fromisoformat(row["first_seen"]),
                "google" if is_gemini else "openai",
                row["model"].removeprefix("gemini/"),
                LITELLM_TIERS[field[3] or ""],
                int(field[2] or 0) * 1_000,
                LITELLM_KINDS[field[1]],
                Decimal(row["usd_per_token"]) * 10**6,
            )


def genai_snapshots(folder: Path) -> Iterator[Stated]:
    for path in sorted((folder / "genai-prices").glob("data_*.json.gz")):
        on = date.fromisoformat(path.name[5:15])
        table = json.loads(gzip.decompress(path.read_bytes()), parse_float=Decimal)
        for provider in table:
            if provider["id"] in PROVIDERS:
                for model in provider["models"]:
                    prices = _genai_in_force(model["prices"], on)
                    of = (provider["id"], model["id"], "standard")
                    for above, kind, usd in _genai_figures(prices):
                        yield Stated(path.name, on, *of, above, kind, usd)


def _genai_in_force(prices: Any, on: date) -> dict[str, Any]:
    if isinstance(prices, dict):
        return prices
    begun = [
        row["prices"]
        for row in prices
        if str((row.get("constraint") or {}).get("start_date", "0001-01-01")) <= str(on)
    ]
    in_force: dict[str, Any] = begun[-1]
    return in_force


def _genai_figures(prices: dict[str, Any]) -> Iterator[tuple[int, str, Decimal]]:
    for key, kind in GENAI_KINDS.items():
        price = prices.get(key)
        if isinstance(price, dict):
            yield 0, kind, Decimal(price["base"])
            for tier in price["tiers"]:
                yield tier["start"], kind, Decimal(tier["price"])
        elif price is not None:
            yield 0, kind, Decimal(price)


def langfuse_table(folder: Path) -> Iterator[Stated]:
    path = folder / "langfuse" / "default-model-prices.json"
    for model in json.loads(path.read_text(), parse_float=Decimal):
        name = model["modelName"]
        provider = "google" if name.startswith("gemini") else "openai"
        for tier in model["pricingTiers"]:
            service_tier, above = _langfuse_tier(tier["conditions"])
            for key, kind in LANGFUSE_KINDS.items():
                if key in tier["prices"]:
                    usd = Decimal(tier["prices"][key]) * 10**6
                    of = (provider, name, service_tier, above)
                    yield Stated(path.name, date(2026, 8, 21), *of, kind, usd)


def _langfuse_tier(conditions: list[dict[str, Any]]) -> tuple[str, int]:
    service_tier, above = "standard", 0
    for condition in conditions:
        if condition.get("key") == "service_tier":
            service_tier = {"fast": "priority"}.get(condition["values"][0], condition["values"][0])
        elif condition["operator"] == "gt":
            above = int(condition["value"])
    return service_tier, above
