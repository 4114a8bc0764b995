"""Valid events and prices. A test names only what it is about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from libs.contracts.usage import AnalysisCompleted, ProviderCall, UsageEvent
from libs.ids import uuid7
from services.usage.domain.pricing import Price

NOON = datetime(2026, 8, 21, 12, tzinfo=UTC)


def call(**given: Any) -> ProviderCall:
    at = given.get("occurred_at", NOON)
    known: dict[str, Any] = {
        "kind": "provider_call",
        "event_id": uuid7(at),
        "occurred_at": at,
        "client_id": "diageo",
        "user_id": "uma",
        "user_email": "uma@agency.example",
        "profile_id": "diageo_key_visual",
        "check_ids": ["logo"],
        "provider": "openai",
        "model_requested": "gpt-4o",
        "outcome": "succeeded",
        "input_tokens": 1_245,
        "output_tokens": 187,
    }
    return ProviderCall.model_validate(known | given)


def completed(**given: Any) -> AnalysisCompleted:
    at = given.get("occurred_at", NOON)
    known: dict[str, Any] = {
        "kind": "analysis_completed",
        "event_id": uuid7(at),
        "occurred_at": at,
        "client_id": "diageo",
        "user_id": "uma",
        "user_email": "uma@agency.example",
        "user_name": "Uma Berg",
        "analysis_id": uuid7(at),
        "profile_id": "diageo_key_visual",
        "checks_completed": 11,
        "overall_score": 82.5,
    }
    return AnalysisCompleted.model_validate(known | given)


def as_json(*events: UsageEvent) -> dict[str, Any]:
    return {"events": [event.model_dump(mode="json") for event in events]}


def price(**given: Any) -> Price:
    known: dict[str, Any] = {
        "provider": "openai",
        "model": "gpt-4o",
        "service_tier": "standard",
        "above_input_tokens": 0,
        "effective_from": datetime(2026, 1, 1, tzinfo=UTC),
        "input_usd": Decimal("2.5"),
        "cached_input_usd": Decimal("1.25"),
        "cache_write_usd": None,
        "output_usd": Decimal(10),
        "source_url": "https://prices.example",
        "checked_on": date(2026, 11, 22),
    }
    return Price(**known | given)
