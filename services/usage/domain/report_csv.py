"""The report as CSV: the sections of the text report, each with its own heading."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.usage.domain.report import Line, Report

Cell = str | int | Decimal | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
TOKENS = ("Total Tokens", "Prompt Tokens", "Completion Tokens", "Cost")


def report_csv(report: Report) -> str:
    """CSV text with every digit of each cost; sections are apart by an empty line."""
    sections: list[tuple[str, Sequence[str], Iterable[Sequence[Cell]]]] = [
        ("SUMMARY", ("Metric", "Value"), _summary(report)),
        (
            "CLIENT USAGE",
            ("Client", "Analyses", "Checks", "Users", "Avg Score", *TOKENS),
            ([x.key, *_analyses(x), x.users, _score(x), *_tokens(x)] for x in report.by_client),
        ),
        (
            "USER USAGE",
            ("User", "Name", "Email", "Analyses", "Checks", "Avg Score", *TOKENS),
            (
                [x.key, x.name, x.email, *_analyses(x), _score(x), *_tokens(x)]
                for x in report.by_user
            ),
        ),
        (
            "PROFILE USAGE",
            ("Profile", "Analyses", "Checks", "Avg Score", "Clients"),
            (
                [x.key, *_analyses(x), _score(x), "; ".join(sorted(x.clients))]
                for x in report.by_profile
            ),
        ),
        (
            "DATE USAGE",
            ("Date", "Analyses", "Cost"),
            ([x.key, x.analysed.analyses, x.spent.cost_usd] for x in report.by_date),
        ),
        (
            "PROVIDER USAGE",
            ("Provider", *TOKENS),
            ([x.key, *_tokens(x)] for x in report.by_provider),
        ),
    ]
    return "\r\n".join(_section(title, head, rows) for title, head, rows in sections)


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([title])
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _summary(report: Report) -> list[Sequence[Cell]]:
    spent, analysed, doubts = report.spent, report.analysed, report.doubts
    first_on, last_on = report.period.first_on, report.period.last_on
    return [
        ("Generated At", report.generated_at.isoformat(timespec="seconds")),
        ("Start Date", first_on.isoformat() if first_on else ""),
        ("End Date", last_on.isoformat() if last_on else ""),
        ("Total Analyses", analysed.analyses),
        ("Total Checks", analysed.checks),
        ("Total Tokens", spent.total_tokens),
        ("Prompt Tokens", spent.prompt_tokens),
        ("Completion Tokens", spent.completion_tokens),
        ("Total Cost", spent.cost_usd),
        ("Avg Checks per Analysis", report.per_analysis(analysed.checks)),
        ("Avg Cost per Analysis", report.per_analysis(spent.cost_usd)),
        ("Avg Tokens per Analysis", report.per_analysis(spent.total_tokens)),
        ("Unpriced Calls", doubts.unpriced_calls),
        ("Unknown Calls", doubts.unknown_calls),
        ("Unknown Cost Ceiling", doubts.unknown_cost_ceiling_usd),
    ]


def _analyses(line: Line) -> tuple[int, int]:
    return line.analysed.analyses, line.analysed.checks


def _score(line: Line) -> Decimal | None:
    return line.analysed.average_score


def _tokens(line: Line) -> tuple[Cell, ...]:
    spent = line.spent
    return spent.total_tokens, spent.prompt_tokens, spent.completion_tokens, spent.cost_usd


def _cell(value: Cell) -> str:
    """Text that a spreadsheet would run as a formula is given an apostrophe to stand behind.

    Source: OWASP, "CSV Injection".
    """
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_STARTS) else text
