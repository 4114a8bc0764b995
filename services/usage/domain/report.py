"""The usage report: what was used and what it cost, by each dimension. Forms are beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal

from services.usage.domain.period import Period

NO_DATA = "No usage data found"
PROVIDER_NAMES = {"openai": "OpenAI", "google": "Gemini", "anthropic": "Anthropic"}
AVERAGE = Decimal(1).scaleb(-12)
WIDE = Context(prec=200)


def share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole`, 12 places, half to even; None when there is no whole to have a part of."""
    return (Decimal(part) / whole).quantize(AVERAGE) if whole else None


def exact_sum(figures: Iterable[Decimal]) -> Decimal:
    """The sum with every digit; `sum` would round to the 28 digits of the usual context."""
    total = Decimal(0)
    for figure in figures:
        total = WIDE.add(total, figure)
    return total


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and exact USD of some provider calls. Calls with unknown usage add no tokens.

    `cost_usd` is of the entries and of the corrections posted to them, which are
    `adjustments_usd` of it. Counts nest: cached and written tokens are prompt tokens,
    reasoning tokens are completion tokens.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    adjustments: int = 0
    adjustments_usd: Decimal = Decimal(0)
    fallback_calls: int = 0
    fallback_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Analysed:
    """Some completed analyses. `scored` of them have a score; `score_sum` is of 0-100 each.

    Those without a verdict (old logs have none) are in neither of the three counts.
    """

    analyses: int = 0
    checks: int = 0
    score_sum: Decimal = Decimal(0)
    scored: int = 0
    passed: int = 0
    failed: int = 0
    incomplete: int = 0
    duration_ms: int = 0
    timed: int = 0

    @property
    def average_score(self) -> Decimal | None:
        """Mean of the scores there are, 12 places, half to even; None when there is none."""
        return share(self.score_sum, self.scored)


@dataclass(frozen=True, slots=True)
class Filled:
    """How much of their structured answers the calls filled, in per cent each."""

    calls: int = 0
    percent_sum: Decimal = Decimal(0)

    @property
    def average_percent(self) -> Decimal | None:
        return share(self.percent_sum, self.calls)


@dataclass(frozen=True, slots=True)
class Doubts:
    """Calls whose cost is not simply known, and the USD that the unknown ones cost at most."""

    unpriced_calls: int = 0
    unknown_calls: int = 0
    suspect_calls: int = 0
    estimated_calls: int = 0
    unknown_cost_ceiling_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One client, user, profile, day, month, provider, check or model.

    `clients` and `profiles` say how many of its analyses belong to each of them. `doubts`
    are known by client, day, provider and model, `filled` by check and model.
    """

    key: str
    spent: Spent = Spent()
    analysed: Analysed = Analysed()
    doubts: Doubts = Doubts()
    filled: Filled = Filled()
    users: int = 0
    name: str = ""
    email: str = ""
    clients: Mapping[str, int] = field(default_factory=dict)
    profiles: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filling:
    """How much of its answers one model filled for one check."""

    model: str
    check_id: str
    filled: Filled


@dataclass(frozen=True, slots=True)
class Report:
    """A report as of one moment. Lines are in the order in which people read them.

    `filters` are those that narrow it, as they were asked for: (name, value).
    """

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
    by_tool: Mapping[str, int] = field(default_factory=dict)
    fillings: Sequence[Filling] = ()
    filters: Sequence[tuple[str, str]] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.spent.calls or self.spent.adjustments or self.analysed.analyses)

    @property
    def by_month(self) -> list[Line]:
        """The days, added up by calendar month (`2026-11`), oldest first."""
        months: dict[str, list[Line]] = {}
        for line in self.by_date:
            months.setdefault(line.key[: len("2026-11")], []).append(line)
        return [
            Line(
                month,
                Spent(
                    calls=sum(line.spent.calls for line in days),
                    prompt_tokens=sum(line.spent.prompt_tokens for line in days),
                    completion_tokens=sum(line.spent.completion_tokens for line in days),
                    total_tokens=sum(line.spent.total_tokens for line in days),
                    cost_usd=exact_sum(line.spent.cost_usd for line in days),
                ),
                Analysed(
                    analyses=sum(line.analysed.analyses for line in days),
                    checks=sum(line.analysed.checks for line in days),
                ),
            )
            for month, days in months.items()
        ]

    @property
    def cost_per_passed_usd(self) -> Decimal | None:
        """All that was spent for each creative that passed: what a pass costs in the end."""
        return share(self.spent.cost_usd, self.analysed.passed)

    @property
    def cache_hit_share(self) -> Decimal | None:
        """The part of the prompt tokens that came from a provider's cache, 0 to 1."""
        return share(self.spent.cached_input_tokens, self.spent.prompt_tokens)

    @property
    def reasoning_share(self) -> Decimal | None:
        """The part of the completion tokens that nobody reads: thinking, 0 to 1."""
        return share(self.spent.reasoning_tokens, self.spent.completion_tokens)

    @property
    def fallback_share(self) -> Decimal | None:
        """The part of the calls that another model answered than was asked first, 0 to 1."""
        return share(self.spent.fallback_calls, self.spent.calls)

    @property
    def unknown_share(self) -> Decimal | None:
        """The part of the calls whose usage nobody saw, 0 to 1."""
        return share(self.doubts.unknown_calls, self.spent.calls)

    @property
    def estimated_share(self) -> Decimal | None:
        """The part of the calls whose usage is an estimate, 0 to 1."""
        return share(self.doubts.estimated_calls, self.spent.calls)

    def per_analysis(self, total: Decimal | int) -> Decimal:
        """The part of `total` for one completed analysis, 12 places, half to even; 0 for none."""
        return share(total, self.analysed.analyses) or Decimal(0)


def provider_name(provider: str) -> str:
    """What people call a provider; one that we do not know by name keeps its id."""
    return PROVIDER_NAMES.get(provider, provider)


def dearest_first(lines: Sequence[Line]) -> list[Line]:
    """Highest cost first, then most analyses, then by name, so that the order is always one."""
    return sorted(lines, key=lambda line: (-line.spent.cost_usd, -line.analysed.analyses, line.key))
