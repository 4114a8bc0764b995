"""The report as text, JSON and CSV."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.usage.domain.period import Period
from services.usage.domain.report import Analysed, Doubts, Line, Report, Spent
from services.usage.domain.report_csv import report_csv
from services.usage.domain.report_json import report_json
from services.usage.domain.report_text import report_text

SPENT = Spent(11, 1_234_567, 89_012, 1_323_579, Decimal("1234.0049825"))
ANALYSED = Analysed(2, 22, Decimal("165.5"), 2)
TEXT_SECTIONS = [
    "SUMMARY",
    "USAGE BY CLIENT",
    "USAGE BY USER",
    "USAGE BY PROFILE",
    "USAGE BY DATE",
    "TOKEN USAGE BY PROVIDER",
    "USAGE BY CHECK",
    "USAGE BY MODEL",
    "FILL PERCENTAGE BY MODEL AND CHECK",
    "TOOL CALLS",
    "ANALYSES BY VERDICT",
    "EFFICIENCY",
    "COST BY MONTH",
    "COST TREND (the last 31 days at most)",
]


def _report(**given: Any) -> Report:
    line: dict[str, Any] = {"spent": SPENT, "analysed": ANALYSED}
    known: dict[str, Any] = {
        "generated_at": datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        "period": Period(date(2026, 2, 1), date(2026, 2, 28)),
        "spent": SPENT,
        "analysed": ANALYSED,
        "doubts": Doubts(),
        "by_client": [Line("diageo", **line, users=1, profiles={"diageo_key_visual": 2})],
        "by_user": [Line("u-1", **line, name="Zoë Öström", email="zoe@agency.example")],
        "by_profile": [Line("diageo_key_visual", analysed=ANALYSED, clients={"diageo": 2})],
        "by_date": [Line("2026-02-03", **line)],
        "by_provider": [Line("OpenAI", SPENT)],
        "by_check": [Line("logo", SPENT)],
        "by_model": [Line("gpt-4o", SPENT)],
    }
    return Report(**known | given)


def _cells(report: Report) -> list[list[str]]:
    return list(csv.reader(io.StringIO(report_csv(report))))


def test_text_has_its_sections_in_order_between_rules_of_80_columns() -> None:
    lines = report_text(_report()).splitlines()

    titles = [
        title
        for above, title, below in zip(lines, lines[1:], lines[2:], strict=False)
        if above == below == "-" * 80
    ]
    assert titles == TEXT_SECTIONS
    assert {line for line in lines if line and set(line) <= {"=", "-"}} == {"=" * 80, "-" * 80}
    assert max(map(len, lines)) == 80


def test_text_shows_thousands_upper_case_clients_and_every_digit_of_a_cost() -> None:
    text = report_text(_report())

    assert "DIAGEO\n" in text
    assert "1,323,579" in text
    assert "$1,234.0049825" in text
    assert "Zoë Öström <zoe@agency.example>" in text
    assert "Period:    2026-02-01 to 2026-02-28 (UTC days)" in text


def test_text_says_what_is_not_in_the_cost() -> None:
    doubts = Doubts(3, 2, 1, 4, Decimal("0.009"))

    text = report_text(_report(doubts=doubts))

    assert "Calls without a known price:     3 (not in the cost)" in text
    assert "Calls with unknown usage:        2, up to $0.0090 more" in text


def test_text_says_on_each_line_what_its_cost_does_not_contain() -> None:
    line = Line("x", Spent(3), ANALYSED, Doubts(unpriced_calls=3))
    day = Line("2026-02-03", Spent(3), ANALYSED, Doubts(unpriced_calls=1))

    text = report_text(_report(by_client=[line], by_date=[day], by_model=[line]))

    said = "3 calls without a known price, not in the cost"
    assert f"  Cost:                          $0.0000\n{' ' * 33}{said}" in text
    assert f"$0.0000\n{' ' * 12}1 call without a known price, not in the cost" in text


def test_text_says_what_corrections_did_where_there_are_any() -> None:
    corrected = replace(SPENT, adjustments=2, adjustments_usd=Decimal("-0.01"))

    assert "  Corrections:                   -$0.0100 by 2 corrections" in report_text(
        _report(spent=corrected)
    )
    assert "Corrections" not in report_text(_report())


def test_text_section_without_lines_says_so() -> None:
    text = report_text(_report(by_check=[]))

    assert f"USAGE BY CHECK\n{'-' * 80}\n(none)\n" in text


def test_text_fills_the_days_between_in_the_trend() -> None:
    days = [Line("2026-02-01", SPENT), Line("2026-02-03", SPENT)]

    trend = report_text(_report(by_date=days)).partition("COST TREND")[2]

    rows = [line.split() for line in trend.splitlines() if line.startswith("2026")]
    full = "█" * 40
    assert rows == [
        ["2026-02-01", full, "$1,234.0050"],
        ["2026-02-02", "$0.0000"],
        ["2026-02-03", full, "$1,234.0050"],
    ]


def test_long_name_is_broken_and_cannot_forge_a_section() -> None:
    forged = "-" * 80 + "SUMMARY".ljust(80) + "-" * 80

    lines = report_text(_report(by_client=[Line(forged, SPENT)])).splitlines()

    assert lines.count("SUMMARY") == 1
    assert max(map(len, lines)) == 80


def test_names_cannot_move_the_cursor_or_forge_a_line() -> None:
    evil = Line("x\x1b[2J\nTotal cost: $0\u202e", SPENT, ANALYSED)

    text = report_text(_report(by_client=[evil], by_user=[evil]))

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.startswith("Total cost: $0") for line in text.splitlines())


def test_json_numbers_keep_all_digits() -> None:
    report = _report(spent=Spent(1, 1, 1, 2, Decimal("0.123456789012345678")))

    document = json.loads(report_json(report), parse_float=str)

    assert document["total_cost"] == "0.123456789012345678"
    assert document["average_score"] == "82.75"
    assert document["by_client"]["diageo"]["cost"] == "1234.0049825"


@pytest.mark.parametrize("usd", ["0", "1E+3", "1E-12", "0.10"])
def test_json_numbers_have_no_exponent(usd: str) -> None:
    text = report_json(_report(spent=Spent(1, 1, 1, 2, Decimal(usd))))

    written = text.split('"total_cost": ')[1].split(",")[0]
    assert Decimal(written) == Decimal(usd)
    assert "E" not in written


def test_json_has_the_keys_that_scripts_read_in_order() -> None:
    document = json.loads(report_json(_report()))

    assert list(document)[:11] == [
        "generated_at",
        "period",
        "total_analyses",
        "total_checks",
        "total_tokens",
        "total_prompt_tokens",
        "total_completion_tokens",
        "total_cost",
        "average_checks_per_analysis",
        "average_cost_per_analysis",
        "average_tokens_per_analysis",
    ]
    by = ("client", "user", "profile", "date", "provider", "check", "model")
    later = ("month", "tool", "verdict")
    found = [key for key in document if key.startswith("by_")]
    assert found == [f"by_{name}" for name in (*by, *later)]


def test_json_without_any_analysis_divides_by_nothing() -> None:
    document = json.loads(report_json(_report(analysed=Analysed())))

    assert document["average_cost_per_analysis"] == 0
    assert document["average_score"] is None


def test_csv_has_the_same_sections_with_their_headings() -> None:
    cells = _cells(_report())

    assert cells[:2] == [["SUMMARY"], ["Metric", "Value"]]
    assert [row[0] for row in cells if len(row) == 1] == [
        "SUMMARY",
        "CLIENT USAGE",
        "USER USAGE",
        "PROFILE USAGE",
        "DATE USAGE",
        "PROVIDER USAGE",
        "CHECK USAGE",
        "MODEL USAGE",
        "FILL PERCENTAGE",
        "TOOL CALLS",
        "ANALYSES BY VERDICT",
        "MONTH USAGE",
        "EFFICIENCY",
        "CALLS IN DOUBT",
    ]
    heading = cells.index(["CLIENT USAGE"]) + 1
    assert ",".join(cells[heading]) == (
        "Client,Analyses,Checks,Users,Avg Score,Total Tokens,Prompt Tokens,Completion Tokens,Cost"
    )
    assert ",".join(cells[heading + 1]) == (
        "diageo,2,22,1,82.75,1323579,1234567,89012,1234.0049825"
    )


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", " =", '"=', "\u200b=", "＝", "＠"]
)
def test_csv_cell_is_never_a_formula(start: str) -> None:
    evil = f"{start}HYPERLINK(1)"
    report = _report(
        by_client=[Line(evil)],
        by_user=[Line(evil, name=evil, email=evil)],
        by_profile=[Line(evil, clients={evil: 1})],
        by_provider=[Line(evil)],
        filters=[("client", evil)],
    )

    starts = [cell[0] for row in _cells(report) for cell in row if "HYPERLINK" in cell]

    assert starts == ["'"] * 8


def test_csv_cell_is_no_formula_for_a_spreadsheet_that_parts_at_semicolons() -> None:
    report = _report(by_client=[Line("a;=1+1")], by_profile=[Line("p", clients={"b": 1, "=c": 1})])

    text = report_csv(report)

    assert "a;'=1+1" in text
    assert "'=c; b" in text


def test_csv_number_stays_a_number_when_a_correction_makes_it_negative() -> None:
    cost = Decimal("-0.0025")

    rows = _cells(_report(by_date=[Line("2026-02-03", Spent(cost_usd=cost))]))

    assert ["2026-02-03", "0", "-0.0025"] in rows


def test_csv_keeps_commas_quotes_and_other_letters() -> None:
    name = 'Öström, "Zoë"'

    assert name in [cell for row in _cells(_report(by_client=[Line(name)])) for cell in row]
