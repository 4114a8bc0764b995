"""Whatever a report is like, its total and each dimension read the same out of every form."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.usage.domain.period import Period
from services.usage.domain.report import (
    Analysed,
    Doubts,
    Line,
    Report,
    Spent,
    dearest_first,
    exact_sum,
)
from services.usage.domain.report_csv import report_csv
from services.usage.domain.report_html import report_html
from services.usage.domain.report_json import report_json
from services.usage.domain.report_text import report_text
from services.usage.domain.report_xlsx import report_xlsx
from services.usage.domain.shown import columns
from services.usage.printing import report_pdf
from tests.usage import reading

DIMENSIONS = ("clients", "users", "days", "months", "providers", "models", "checks")
COSTS = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=24)
"""With more digits than the 28 of the usual context."""
PRINTED_COSTS = st.decimals(-(10**6), 10**6, allow_nan=False, allow_infinity=False, places=18)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
FIRST_ON = date(2026, 1, 1)
FORMS: dict[str, tuple[Callable[[Report], Any], Callable[[Any], reading.Costs]]] = {
    "text": (report_text, reading.from_text),
    "json": (report_json, reading.from_json),
    "csv": (report_csv, reading.from_csv),
    "xlsx": (report_xlsx, reading.from_xlsx),
    "html": (report_html, reading.from_html),
}


def _line(key: str, cost_usd: Decimal) -> Line:
    return Line(key, Spent(3, 20, 10, 30, cost_usd), Analysed(1, 2, Decimal(80), 1, 1))


@st.composite
def reports(
    draw: st.DrawFn,
    names: st.SearchStrategy[str] = NAMES,
    costs_usd: st.SearchStrategy[Decimal] = COSTS,
) -> Report:
    """The same total in parts of every dimension, by names that may be anything."""
    days = draw(st.lists(costs_usd, min_size=1, max_size=5))
    total = exact_sum(days)

    def parts() -> list[Line]:
        keys = draw(st.lists(names, min_size=1, max_size=4, unique=True))
        costs = [draw(costs_usd) for _ in keys[1:]]
        rest = exact_sum([total, *(cost.copy_negate() for cost in costs)])
        return dearest_first([_line(k, c) for k, c in zip(keys, [rest, *costs], strict=True)])

    dates = [_line((FIRST_ON + timedelta(13 * n)).isoformat(), cost) for n, cost in enumerate(days)]
    return Report(
        generated_at=datetime(2026, 9, 1, 6, 30, tzinfo=UTC),
        period=Period(FIRST_ON),
        spent=Spent(3, 20, 10, 30, total),
        analysed=Analysed(1, 2, Decimal(80), 1, 1),
        doubts=Doubts(),
        by_client=parts(),
        by_user=parts(),
        by_profile=parts(),
        by_date=dates,
        by_provider=parts(),
        by_check=parts(),
        by_model=parts(),
    )


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(report=reports())
def test_every_dimension_reads_back_to_the_total(form: str, report: Report) -> None:
    write, read = FORMS[form]

    costs = read(write(report))

    assert costs == dict.fromkeys((*DIMENSIONS, "total"), report.spent.cost_usd)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(report=reports(st.text("abcdefgh", min_size=1, max_size=9), PRINTED_COSTS))
def test_printed_totals_read_back_to_the_total(report: Report) -> None:
    costs = reading.from_pdf(report_pdf(report))

    assert costs == dict.fromkeys((*DIMENSIONS, "total"), report.spent.cost_usd)


@settings(max_examples=60, deadline=None)
@given(report=reports())
def test_no_line_of_text_is_wider_than_80_columns_whatever_a_name_is(report: Report) -> None:
    lines = report_text(report).split("\n")

    assert max(map(columns, lines)) <= 80
    assert [line for line in lines if line and set(line) <= set("=-")].count("-" * 80) == 28
