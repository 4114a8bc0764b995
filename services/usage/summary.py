"""`aiqc usage`: today, this month and all time side by side, as tables on the terminal."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.api.usage import UsageApi
from services.usage.domain.report import NO_DATA
from services.usage.domain.shown import named, usd
from services.usage.terminal import NAME_WIDTH, print_whole

Document = Mapping[str, Any]
LAST_DAYS = 14
MOST_ROWS = 20


async def summaries(api: UsageApi, today_on: date) -> dict[str, Document]:
    """The JSON reports of the three periods. They are asked for together."""
    day, month = today_on.isoformat(), today_on.replace(day=1).isoformat()
    spans = {
        "today": {"start_date": day, "end_date": day},
        "this month": {"start_date": month, "end_date": day},
        "all time": {},
    }
    texts = await asyncio.gather(*(api.report(**span, format="json") for span in spans.values()))
    return {
        name: json.loads(text, parse_float=Decimal) for name, text in zip(spans, texts, strict=True)
    }


def show(found: Mapping[str, Document], screen: Console) -> None:
    """Print the tables; one sentence when the ledger is empty."""
    whole = found["all time"]
    if not (whole["total_calls"] or whole["total_analyses"] or whole["adjustments"]):
        screen.print(NO_DATA)
        return
    for table in _tables(found, whole):
        print_whole(table, screen)


def _tables(found: Mapping[str, Document], whole: Document) -> Iterator[Table]:
    yield _periods(found)
    yield _spent("By service", "Service", _with_calls(whole), _unpriced(whole, "provider"))
    yield _spent("By model", "Model", whole["by_model"], _unpriced(whole, "model"))
    yield _spent("By check", "Check", whole["by_check"], {})
    yield _dated("By month", "Month", whole["by_month"])
    days = dict(list(whole["by_date"].items())[-LAST_DAYS:])
    yield _dated(f"By day, the last {LAST_DAYS} with usage", "Day", days)
    for title, key, first in (
        ("Fill percentage by model", "fill_by_model", "Model"),
        ("Fill percentage by check", "fill_by_check", "Check"),
    ):
        if whole[key]:
            yield _filled(title, first, whole[key])
    if whole["by_tool"]:
        yield _tools(whole["by_tool"])


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first, min_width=NAME_WIDTH if first else 0)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _name(text: str) -> Text:
    """A name is text: `[red]` in it is no markup."""
    return Text(named(text))


def _periods(found: Mapping[str, Document]) -> Table:
    table = _table("Usage", "", "Calls", "Analyses", "Input", "Output", "Tokens", "Cost")
    for name, report in found.items():
        table.add_row(
            name,
            f"{report['total_calls']:,}",
            f"{report['total_analyses']:,}",
            f"{report['total_prompt_tokens']:,}",
            f"{report['total_completion_tokens']:,}",
            f"{report['total_tokens']:,}",
            _usd(report["total_cost"]),
        )
    return table


def _with_calls(whole: Document) -> dict[str, Document]:
    calls = whole["calls_by_provider"]
    return {name: {**line, "calls": calls[name]} for name, line in whole["by_provider"].items()}


def _unpriced(whole: Document, dimension: str) -> dict[str, int]:
    lines = whole["doubts"][f"by_{dimension}"]
    return {name: line["unpriced_calls"] for name, line in lines.items()}


def _spent(
    title: str, first: str, lines: Mapping[str, Document], unpriced: Mapping[str, int]
) -> Table:
    table = _table(title, first, "Calls", "Input", "Output", "Tokens", "Cost")
    for name, line in list(lines.items())[:MOST_ROWS]:
        counts = ("calls", "prompt_tokens", "completion_tokens", "total_tokens")
        shown = _name(name)
        if unpriced.get(name):
            shown.append(f"\n{unpriced[name]:,} unpriced", style="dim")
        table.add_row(shown, *(f"{line[count]:,}" for count in counts), _usd(line["cost"]))
    _add_others(table, [line["cost"] for line in lines.values()])
    return table


def _add_others(table: Table, costs: list[Decimal]) -> None:
    others = costs[MOST_ROWS:]
    if others:
        rest = sum((Decimal(cost) for cost in others), Decimal(0))
        table.add_row(f"and {len(others):,} more", "", "", "", "", _usd(rest))


def _dated(title: str, first: str, lines: Mapping[str, Document]) -> Table:
    table = _table(title, first, "Analyses", "Cost")
    for name, line in lines.items():
        table.add_row(_name(name), f"{line['count']:,}", _usd(line["cost"]))
    return table


def _filled(title: str, first: str, lines: Mapping[str, Document]) -> Table:
    table = _table(title, first, "Average", "Calls")
    for name, line in list(lines.items())[:MOST_ROWS]:
        table.add_row(_name(name), f"{line['average']:.1f} %", f"{line['count']:,}")
    return table


def _tools(lines: Mapping[str, int]) -> Table:
    table = _table("Tool calls", "Tool", "Calls")
    for name, calls in list(lines.items())[:MOST_ROWS]:
        table.add_row(_name(name), f"{calls:,}")
    return table


def _usd(cost: Decimal | int) -> str:
    return usd(Decimal(cost))
