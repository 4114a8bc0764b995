"""Cost over time, ready to be drawn: a point for every day, also for those without usage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.usage.domain.report import Line, Report

MOST_DAYS = 400
BLOCKS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Point:
    """A day (`2026-11-22`) or month (`2026-11`) and its cost. `of_most` is 0 to 1.

    Corrections may make a cost negative; its bar is then empty.
    """

    label: str
    cost_usd: Decimal
    of_most: float


def daily(report: Report, last: int = MOST_DAYS) -> list[Point]:
    """The last `last` days that the report has, oldest first, with the empty days between."""
    costs = {date.fromisoformat(line.key): line.spent.cost_usd for line in report.by_date}
    if not costs:
        return []
    last_on = max(costs)
    days = min((last_on - min(costs)).days + 1, last)
    span = [last_on - timedelta(days=back) for back in reversed(range(days))]
    return _points([(day.isoformat(), costs.get(day, Decimal(0))) for day in span])


def monthly(report: Report) -> list[Point]:
    """The months of the report, oldest first."""
    return _points([(line.key, line.spent.cost_usd) for line in report.by_month])


def leading(lines: Sequence[Line], most: int) -> list[Point]:
    """The first `most` lines, which stand in the order of their cost."""
    return _points([(line.key, line.spent.cost_usd) for line in lines[:most]])


def _points(costs: Sequence[tuple[str, Decimal]]) -> list[Point]:
    most = max((cost for _, cost in costs), default=Decimal(0))
    return [
        Point(label, cost, float(cost / most) if most > 0 and cost > 0 else 0.0)
        for label, cost in costs
    ]


def bar(of_most: float, width: int) -> str:
    """A bar of up to `width` columns, in eighths of a column; any cost at all shows."""
    eighths = round(of_most * width * 8)
    if of_most > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return "█" * full + (BLOCKS[rest] if rest else "")
