"""The page: one file, nothing run, nothing fetched, nothing of a name is markup."""

import re
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

from services.usage.domain.report import Report, Spent
from services.usage.domain.report_html import report_html
from tests.usage.drawn import EVIL, big, empty, hostile
from tests.usage.reading import tables_of, usd


def test_page_runs_nothing_and_fetches_nothing() -> None:
    page = report_html(hostile())

    assert re.findall(r"<(script|link|iframe|img|object|form)\b", page) == []
    assert re.findall(r"<[^>]*\s(?:src|srcset|action|style|on\w+)=", page) == []
    assert set(re.findall(r'href="(.)', page)) == {"#"}
    assert "@import" not in page
    assert "url(" not in page


def test_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    page = report_html(hostile())

    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{allowed}'" in page


def test_names_are_text_on_their_own() -> None:
    tables, _ = tables_of(report_html(hostile()))

    names = [row[0] for row in tables["Usage by model"][1:]]
    assert names[1:4] == [EVIL[1], "abcgnp.exe", "x[2J Total cost: $0"]
    assert EVIL[9] in names, "a template in a name is not run"
    assert "<bdi>&lt;script&gt;" in report_html(hostile())


def test_tables_can_be_read_aloud() -> None:
    page = report_html(hostile())

    tables = re.findall(r"<table>.*?</table>", page, re.DOTALL)
    assert len(tables) == 11
    for table in tables:
        assert "<caption>" in table and 'scope="col"' in table and 'scope="row"' in table


def test_line_says_what_its_cost_does_not_contain() -> None:
    page = report_html(hostile())

    assert "<small>3 calls without a known price, not in the cost; 2 calls with unknown" in page


def test_long_table_is_cut_to_its_dearest_lines_and_the_sum_stays() -> None:
    report = big(days=10, clients=3, users=2_500)

    tables, facts = tables_of(report_html(report))

    _, *rows = tables["Usage by user"]
    *shown, [others], [_, total] = rows
    assert len(shown) == 2_000
    assert others.startswith("and 500 more, $")
    costs = [usd(row[-1]) for row in shown]
    assert sum(costs, usd(others.partition("more, ")[2])) == usd(total) == report.spent.cost_usd
    assert usd(facts["Total cost"]) == report.spent.cost_usd
    dropped = [line.spent.cost_usd for line in report.by_user[2_000:]]
    assert max(dropped) <= min(costs)


def test_report_without_usage_is_a_page_with_one_sentence() -> None:
    page = report_html(empty())

    assert "<strong>No usage data found</strong>" in page
    assert "<table>" not in page


def test_chart_has_a_bar_for_every_day_also_when_a_correction_is_all_there_was() -> None:
    report: Report = hostile()
    corrected = replace(report.by_date[0], spent=Spent(cost_usd=Decimal("-1")))

    page = report_html(replace(report, by_date=[corrected, *report.by_date[1:]]))

    bars = re.findall(r'height="([\d.]+)"><title>([\d-]+): ([^<]+)<', page)
    assert len(bars) == 31
    assert bars[0] == ("0.0", "2026-08-01", "-$1.0000")
    assert bars[1][0] == "150.0"
