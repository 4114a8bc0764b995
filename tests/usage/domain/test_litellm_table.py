"""Reading LiteLLM's table."""

import json
from decimal import Decimal
from typing import Any

import pytest

from libs.contracts.prices import PublishedTable
from services.usage.domain.litellm_table import read_litellm

GOOGLE = frozenset({"google"})
PRO: dict[str, Any] = {
    "litellm_provider": "gemini",
    "mode": "chat",
    "input_cost_per_token": 1.25e-06,
    "output_cost_per_token": 1e-05,
    "cache_read_input_token_cost": 1.25e-07,
    "input_cost_per_token_above_200k_tokens": 2.5e-06,
    "output_cost_per_token_above_200k_tokens": 1.5e-05,
    "input_cost_per_token_batches": 6.25e-07,
    "output_cost_per_token_batches": 5e-06,
    "deprecation_date": "2026-12-01",
}


def _read(**entries: Any) -> PublishedTable:
    return read_litellm(json.dumps(entries).encode(), "table", GOOGLE)


def test_prices_for_a_token_become_exact_prices_for_a_million() -> None:
    table = _read(**{"gemini/gemini-2.5-pro": PRO})

    standard, batch = table.prices
    assert (standard.provider, standard.model) == ("google", "gemini-2.5-pro")
    low, high = standard.tiers
    assert (low.input_usd, low.cached_input_usd) == (Decimal("1.25"), Decimal("0.125"))
    assert (high.above_input_tokens, high.output_usd) == (200_000, Decimal(15))
    assert (batch.service_tier, batch.tiers[0].output_usd) == ("batch", Decimal(5))
    assert str(table.shutdowns[0].shutdown_on) == "2026-12-01"


@pytest.mark.parametrize(
    "other",
    [
        {"litellm_provider": "openai"},
        {"litellm_provider": "vertex_ai-language-models"},
        {"litellm_provider": None},
        {"mode": "image_generation"},
        {"mode": "embedding"},
        {"mode": {}},
    ],
    ids=str,
)
def test_models_of_others_and_what_is_no_chat_are_left_out(other: dict[str, Any]) -> None:
    table = _read(a=PRO, b=PRO | other, sample_spec="text", c=[1])

    assert {row.model for row in table.prices} == {"a"}


@pytest.mark.parametrize("figure", [None, "x", True, -1, 1e9, [], {"a": 1}, "NaN", "Infinity"])
def test_figure_that_is_no_price_costs_only_its_own_row(figure: Any) -> None:
    table = _read(a=PRO, b=PRO | {"output_cost_per_token_batches": figure})

    assert [(row.model, row.service_tier) for row in table.prices] == [
        ("a", "standard"),
        ("a", "batch"),
        ("b", "standard"),
    ]


@pytest.mark.parametrize("day", ["soon", "2026-02-30", 20261201, None])
def test_day_that_is_none_is_no_shutdown(day: Any) -> None:
    assert _read(a=PRO | {"deprecation_date": day}).shutdowns == []


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"a": {}}', b"[" * 100_000]
)
def test_what_is_no_such_table_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it (is not JSON|has no model)"):
        read_litellm(content, "table", GOOGLE)
