"""The usage report: what was used and what it cost, by each dimension. Forms are beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from services.usage.domain.period import Period

NO_DATA = "No usage data found"
PROVIDER_NAMES = {"openai": "OpenAI", "google": "Gemini"}
AVERAGE = Decimal(1).scaleb(-12)


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and exact USD of some provider calls. Calls with unknown usage add nothing."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Analysed:
    """Some completed analyses. `scored` of them have a score; `score_sum` is of 0-100 each."""

    analyses: int = 0
    checks: int = 0
    score_sum: Decimal = Decimal(0)
    scored: int = 0

    @property
    def average_score(self) -> Decimal | None:
        """Mean of the scores there are, 12 places, half to even; None when there is none."""
        return (self.score_sum / self.scored).quantize(AVERAGE) if self.scored else None


@dataclass(frozen=True, slots=True)
class Line:
    """One client, user, profile, day, provider, check or model.

    `clients` and `profiles` say how many of its analyses belong to each of them.
    """

    key: str
    spent: Spent = Spent()
    analysed: Analysed = Analysed()
    users: int = 0
    name: str = ""
    email: str = ""
    clients: Mapping[str, int] = field(default_factory=dict)
    profiles: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Doubts:
    """Calls whose cost is not simply known, and the USD that the unknown ones cost at most."""

    unpriced_calls: int = 0
    unknown_calls: int = 0
    suspect_calls: int = 0
    estimated_calls: int = 0
    unknown_cost_ceiling_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Report:
    """Every dimension sums the same calls, so each one's costs add up to the total exactly."""

    generated_at: datetime
    period: Period
    spent: Spent
    analysed: Analysed
    doubts: Doubts
    by_client: Sequence[Line]
    by_user: Sequence[Line]
    by_profile: Sequence[Line]
    by_date: Sequence[Line]
    by_provider: Sequence[Line]
    by_check: Sequence[Line]
    by_model: Sequence[Line]

    @property
    def is_empty(self) -> bool:
        return not (self.spent.calls or self.analysed.analyses)

    def per_analysis(self, total: Decimal | int) -> Decimal:
        """The part of `total` for one completed analysis, 12 places, half to even; 0 for none."""
        analyses = self.analysed.analyses
        return (Decimal(total) / analyses).quantize(AVERAGE) if analyses else Decimal(0)


def provider_name(provider: str) -> str:
    """What people call a provider; one that we do not know by name keeps its id."""
    return PROVIDER_NAMES.get(provider, provider)


def dearest_first(lines: Sequence[Line]) -> list[Line]:
    """Highest cost first, then most analyses, then by name, so that the order is always one."""
    return sorted(lines, key=lambda line: (-line.spent.cost_usd, -line.analysed.analyses, line.key))
