"""The report as CSV: the sections of the text report, each with its own heading."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from decimal import Decimal

from services.usage.domain.report import Doubts, Line, Report
from services.usage.domain.report_facts import efficiency
from services.usage.domain.report_tables import tables
from services.usage.domain.shown import digits
from services.usage.domain.tables import Cell, Kind

SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫"
UNSEEN = r"\s\"'`\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
FORMULA = re.compile(rf"(^|[;\t\r\n])([{UNSEEN}]*)(?=[{SIGNS}])")
BROKEN_STARTS = ("\t", "\r", "\n")
MORE = {
    "Checks": "CHECK USAGE",
    "Models": "MODEL USAGE",
    "Fill": "FILL PERCENTAGE",
    "Tools": "TOOL CALLS",
    "Verdicts": "ANALYSES BY VERDICT",
    "Months": "MONTH USAGE",
}
DOUBTFUL = ("Unpriced Calls", "Unknown Calls", "Suspect Calls", "Estimated Calls")
Section = tuple[str, Sequence[str], Iterable[Sequence[Cell]]]
TOKENS = ("Total Tokens", "Prompt Tokens", "Completion Tokens", "Cost")


def report_csv(report: Report) -> str:
    """CSV text with every digit of each cost; sections are apart by an empty line."""
    sections: list[Section] = [
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
    return "\r\n".join(_section(*part) for part in [*sections, *_more(report)])


def _more(report: Report) -> Iterator[Section]:
    """What follows the six old sections: the tables of the report, as the sheet has them."""
    found = {table.name: table for table in tables(report)}
    for name, title in MORE.items():
        kinds = [column.kind for column in found[name].columns]
        head = [_head(column.name, column.kind) for column in found[name].columns]
        rows = [[*map(_of_kind, kinds, row.cells)] for row in found[name].rows]
        yield title, head, rows
    facts = [(_head(name, kind), _of_kind(kind, value)) for name, kind, value in efficiency(report)]
    yield "EFFICIENCY", ("Metric", "Value"), facts
    yield "CALLS IN DOUBT", ("Dimension", "Key", *DOUBTFUL, "Unknown Cost Ceiling"), _doubts(report)


def _head(name: str, kind: Kind) -> str:
    return f"{name} %" if kind == "percent" else name


def _of_kind(kind: Kind, value: Cell) -> Cell:
    return value * 100 if kind == "percent" and isinstance(value, Decimal) else value


def _doubts(report: Report) -> Iterator[Sequence[Cell]]:
    dimensions = {
        "client": report.by_client,
        "date": report.by_date,
        "provider": report.by_provider,
        "model": report.by_model,
    }
    for dimension, lines in dimensions.items():
        for line in lines:
            if line.doubts != Doubts():
                yield dimension, line.key, *astuple(line.doubts)


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
        ("Total Calls", spent.calls),
        ("Corrections", spent.adjustments),
        ("Corrections Cost", spent.adjustments_usd),
        *((f"Only {name.title()}", value) for name, value in report.filters),
    ]


def _analyses(line: Line) -> tuple[int, int]:
    return line.analysed.analyses, line.analysed.checks


def _score(line: Line) -> Decimal | None:
    return line.analysed.average_score


def _tokens(line: Line) -> tuple[Cell, ...]:
    spent = line.spent
    return spent.total_tokens, spent.prompt_tokens, spent.completion_tokens, spent.cost_usd


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Decimal):
        return digits(value)
    return "" if value is None else str(value)


def harmless(text: str) -> str:
    """Text that a spreadsheet would run as a formula is given an apostrophe to stand behind.

    Spaces, quotes and letters that nobody sees do not make it harmless, and a spreadsheet
    that parts cells at `;` or tabs would find a further cell behind those.
    Source: OWASP, "CSV Injection".
    """
    safe = FORMULA.sub(r"\1'\2", text)
    return f"'{safe}" if safe.startswith(BROKEN_STARTS) else safe
