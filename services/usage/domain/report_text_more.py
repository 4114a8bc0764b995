"""The later sections of the text report: checks, models, tools, verdicts, efficiency, trend."""

from collections.abc import Iterable, Iterator

from services.usage.domain import trend
from services.usage.domain.report import Line, Report, share
from services.usage.domain.report_facts import efficiency, fill_share, verdicts
from services.usage.domain.shown import about_usd, counted, percent, usd
from services.usage.domain.tables import shown
from services.usage.domain.text_lines import each, fact, heading, tokens

TREND_DAYS = 31
BAR = 40

Section = tuple[str, Iterable[str]]


def more_sections(report: Report) -> list[Section]:
    """Titles and lines, in the order in which they follow the six old sections."""
    return [
        ("USAGE BY CHECK", each(report.by_check, _check)),
        ("USAGE BY MODEL", each(report.by_model, _model)),
        ("FILL PERCENTAGE BY MODEL AND CHECK", _fill(report)),
        ("TOOL CALLS", _tools(report)),
        ("ANALYSES BY VERDICT", _verdicts(report)),
        ("EFFICIENCY", _efficiency(report)),
        ("COST BY MONTH", _months(report)),
        (f"COST TREND (the last {TREND_DAYS} days at most)", _trend(report)),
    ]


def _check(line: Line) -> Iterator[str]:
    yield from heading(line.key)
    yield from _calls(line)
    yield from tokens(line)
    average = share(line.spent.total_tokens, line.spent.calls)
    if average is not None:
        yield from fact("  Average tokens per call", f"{average:,.0f}")
    cost = share(line.spent.cost_usd, line.spent.calls)
    if cost is not None:
        yield from fact("  Average cost per call", about_usd(cost))


def _model(line: Line) -> Iterator[str]:
    yield from heading(line.key)
    yield from _calls(line)
    yield from tokens(line)


def _calls(line: Line) -> Iterator[str]:
    yield from fact("  Calls", f"{line.spent.calls:,}")
    if line.filled.calls:
        yield from fact("  Fill percentage", percent(fill_share(line)))


def _fill(report: Report) -> Iterator[str]:
    last = None
    for filling in report.fillings:
        if filling.model != last:
            yield from [""] if last is not None else []
            yield from heading(filling.model)
        last = filling.model
        average = filling.filled.average_percent
        calls = counted(filling.filled.calls, "call", "calls")
        filled = percent(None if average is None else average / 100)
        yield from fact(f"  {filling.check_id}", f"{filled} of {calls}")


def _tools(report: Report) -> Iterator[str]:
    for tool, calls in report.by_tool.items():
        yield from fact(tool, f"{calls:,}")


def _verdicts(report: Report) -> Iterator[str]:
    analyses = report.analysed.analyses
    for verdict, count in verdicts(report).items():
        if analyses:
            yield from fact(verdict.capitalize(), f"{count:,} ({percent(share(count, analyses))})")


def _efficiency(report: Report) -> Iterator[str]:
    for label, kind, value in efficiency(report):
        yield from fact(label, shown(kind, value))


def _months(report: Report) -> Iterator[str]:
    for line in report.by_month:
        analyses = f"{line.analysed.analyses:,} analyses"
        yield f"{line.key}     {analyses:>20}  {usd(line.spent.cost_usd):>24}"


def _trend(report: Report) -> Iterator[str]:
    for point in trend.daily(report, TREND_DAYS):
        drawn = trend.bar(point.of_most, BAR)
        yield f"{point.label}  {drawn:<{BAR}}  {about_usd(point.cost_usd):>24}".rstrip()
