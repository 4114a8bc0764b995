"""What a ledger should hold after anything was done to it: plain Python over lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies

from libs.contracts.usage import ProviderCall, UsageEvent
from libs.ids import uuid7
from tests.usage.factories import call

OLD = datetime(2025, 3, 30, 12, tzinfo=UTC)
CLIENTS = ("diageo", "loreal")
MODELS = ("alpha", "beta", "nobody-knows")
USERS = ("uma", "max")
PROFILES = ("p1", "p2")
CHECKS = ("logo", "claim", "=tone")
FIRST_PRICES = {"alpha": Decimal(3), "beta": Decimal("0.7")}
OUTPUT_FACTOR = 4
"""A million output tokens cost four times what a million input tokens cost, by these prices."""


@dataclass
class Sent:
    """A call as it was sent, and what it should cost in the end."""

    call: ProviderCall
    usd: Decimal | None
    user: str


@dataclass
class World:
    """What should be: plain Python over lists, with nothing of the ledger's own ways."""

    sent: dict[Any, Sent] = field(default_factory=dict)
    prices: list[tuple[str, date, Decimal]] = field(
        default_factory=lambda: [(m, date(2020, 1, 1), p) for m, p in FIRST_PRICES.items()]
    )
    archived: set[str] = field(default_factory=set)

    def usd(self, call: ProviderCall) -> Decimal | None:
        dated = [
            (day, place, price)
            for place, (model, day, price) in enumerate(self.prices)
            if model == call.model_requested and day <= call.occurred_at.date()
        ]
        if call.outcome == "timed_out" or not dated:
            return None
        price = max(dated)[2]
        return (call.input_tokens + call.output_tokens * OUTPUT_FACTOR) * price / 1_000_000

    def wanted(self, filters: Mapping[str, str]) -> list[Sent]:
        def matches(one: Sent) -> bool:
            has = {
                "client": [one.call.client_id],
                "user": [one.user],
                "profile": [one.call.profile_id],
                "check": one.call.check_ids,
                "provider": [one.call.provider],
                "model": [one.call.model_requested],
                "start_date": [filters.get("start_date", "")]
                if f"{one.call.occurred_at:%F}" >= filters.get("start_date", "")
                else [],
            }
            return all(value in has[name] for name, value in filters.items())

        return [one for one in self.sent.values() if matches(one)]


FILTERS: list[dict[str, str]] = [
    {},
    {"client": "diageo"},
    {"start_date": "2025-04-01"},
    {"user": "uma"},
    {"profile": "p2", "client": "loreal"},
    {"check": "claim"},
    {"provider": "openai", "model": "alpha"},
]

events: strategies.SearchStrategy[list[dict[str, Any]]] = strategies.lists(
    strategies.builds(
        dict,
        day=strategies.sampled_from([0, 1, 2, 400, None]),
        client_id=strategies.sampled_from(CLIENTS),
        user_id=strategies.sampled_from(USERS),
        profile_id=strategies.sampled_from(PROFILES),
        model_requested=strategies.sampled_from(MODELS),
        check_ids=strategies.lists(strategies.sampled_from(CHECKS), unique=True),
        input_tokens=strategies.integers(1, 10**6),
        output_tokens=strategies.integers(0, 10**5),
        outcome=strategies.sampled_from(["succeeded", "succeeded", "timed_out"]),
    ),
    min_size=1,
    max_size=4,
)


def call_of(fields: dict[str, Any]) -> ProviderCall:
    """On one of some days: of two old months (400 days and None are of the second), or lately."""
    given = dict(fields)
    day = given.pop("day")
    if given["outcome"] == "timed_out":
        given["usage_source"] = "unknown"
    at = {None: OLD + timedelta(days=3), 400: OLD}.get(day) or (
        datetime.now(UTC).replace(microsecond=0) - timedelta(days=day)
    )
    return call(occurred_at=at, event_id=uuid7(at), provider="openai", **given)


def month_of(event: UsageEvent) -> str:
    return f"{event.occurred_at:%Y-%m}"
