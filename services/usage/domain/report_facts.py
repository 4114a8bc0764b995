"""Single figures of the report: what a period came to, and how well the money was spent."""

from collections.abc import Iterator
from decimal import Decimal

from services.usage.domain.report import Doubts, Line, Report
from services.usage.domain.shown import counted, usd
from services.usage.domain.tables import Cell, Kind

Fact = tuple[str, Kind, Cell]


def verdicts(report: Report) -> dict[str, int]:
    """Completed analyses by verdict; those of old logs have none."""
    counts = report.analysed
    decided = counts.passed + counts.failed + counts.incomplete
    return {
        "pass": counts.passed,
        "fail": counts.failed,
        "incomplete": counts.incomplete,
        "none given": counts.analyses - decided,
    }


def summary(report: Report) -> list[Fact]:
    """What the whole period came to."""
    spent, analysed = report.spent, report.analysed
    return [
        ("Total analyses", "count", analysed.analyses),
        ("Total checks", "count", analysed.checks),
        ("Total calls", "count", spent.calls),
        ("Total tokens", "count", spent.total_tokens),
        ("Prompt tokens", "count", spent.prompt_tokens),
        ("Completion tokens", "count", spent.completion_tokens),
        ("Total cost", "usd", spent.cost_usd),
        ("Corrections", "count", spent.adjustments),
        ("Corrections in the cost", "usd", spent.adjustments_usd),
        ("Average score", "score", analysed.average_score),
        ("Average checks per analysis", "score", report.per_analysis(analysed.checks)),
        ("Average cost per analysis", "about_usd", report.per_analysis(spent.cost_usd)),
        ("Average tokens per analysis", "score", report.per_analysis(spent.total_tokens)),
    ]


def efficiency(report: Report) -> list[Fact]:
    """What the money did, and how much of it is not simply known."""
    spent, doubts = report.spent, report.doubts
    return [
        ("Cost per passed creative", "about_usd", report.cost_per_passed_usd),
        ("Cache-hit share of prompt tokens", "percent", report.cache_hit_share),
        ("Reasoning share of completion tokens", "percent", report.reasoning_share),
        ("Fallback calls", "count", spent.fallback_calls),
        ("Fallback share of calls", "percent", report.fallback_share),
        ("Fallback cost", "usd", spent.fallback_usd),
        ("Unpriced calls", "count", doubts.unpriced_calls),
        ("Unknown calls", "count", doubts.unknown_calls),
        ("Unknown share of calls", "percent", report.unknown_share),
        ("Unknown cost ceiling", "usd", doubts.unknown_cost_ceiling_usd),
        ("Suspect calls", "count", doubts.suspect_calls),
        ("Estimated calls", "count", doubts.estimated_calls),
        ("Estimated share of calls", "percent", report.estimated_share),
    ]


def doubted(doubts: Doubts) -> Iterator[str]:
    """What a cost does not contain or does not know, a sentence each."""
    if doubts.unpriced_calls:
        calls = counted(doubts.unpriced_calls, "call", "calls")
        yield f"{calls} without a known price, not in the cost"
    if doubts.unknown_calls:
        calls = counted(doubts.unknown_calls, "call", "calls")
        yield f"{calls} with unknown usage, up to {usd(doubts.unknown_cost_ceiling_usd)} more"


def fill_share(line: Line) -> Decimal | None:
    return of_one(line.filled.average_percent)


def of_one(average_percent: Decimal | None) -> Decimal | None:
    return None if average_percent is None else average_percent / 100
