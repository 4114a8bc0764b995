"""The report as a spreadsheet: a sheet for each dimension, numbers that are numbers, charts.

A spreadsheet's number keeps 15 digits, so beside each cost stands its exact text: those
texts add up to the total. Text is never run: neither as a formula nor as a link.
"""

from collections.abc import Sequence
from datetime import UTC, date
from decimal import Decimal
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.usage.domain.period import Period
from services.usage.domain.report import NO_DATA, Report
from services.usage.domain.report_facts import Fact, efficiency, summary
from services.usage.domain.report_tables import tables
from services.usage.domain.shown import columns, digits, plain
from services.usage.domain.tables import Cell, Column, Kind, Table

NUMBER_FORMATS: dict[Kind, str] = {
    "count": "#,##0",
    "usd": "$#,##0.0000######;[Red]-$#,##0.0000######",
    "about_usd": "$#,##0.0000",
    "score": "#,##0.0",
    "percent": "0.0%",
    "day": "yyyy-mm-dd",
}
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
WIDEST, NARROWEST = 40, 9
SIGNS = ("=", "+", "-", "@")
CHARTED_CLIENTS = 20
FACT_NAME_WIDTH = 36

Formats = dict[str, Format]


def report_xlsx(report: Report) -> bytes:
    """The bytes of the file: always the same for the same report."""
    target = BytesIO()
    with Workbook(target, OPTIONS) as book:
        _describe(book, report)
        formats = _formats(book)
        front = book.add_worksheet("Summary")
        found = tables(report)
        for table in found:
            if table.name != "Verdicts":
                _sheet(book, formats, table)
        row = _facts(front, formats, 0, "Usage report", _head(report) + summary(report))
        verdicts: list[Fact] = [
            (f"Analyses: {verdict}", "count", count)
            for verdict, count, _ in (row.cells for row in found[-1].rows)
        ]
        row = _facts(front, formats, row + 1, "Efficiency", efficiency(report))
        _facts(front, formats, row + 1, "Analyses by verdict", verdicts)
        front.set_column(0, 0, FACT_NAME_WIDTH)
        front.set_column(1, 2, 24)
        _charts(book, front, report)
    return target.getvalue()


def _describe(book: Workbook, report: Report) -> None:
    created = report.generated_at.astimezone(UTC).replace(tzinfo=None)
    book.set_properties(
        {
            "title": "AI QC usage report",
            "subject": _spoken(report.period),
            "author": "AI QC",
            "category": "Usage and cost",
            "comments": "Costs are exact in the columns of text beside the numbers.",
            "created": created,
        }
    )


def _formats(book: Workbook) -> Formats:
    formats: Formats = {
        kind: book.add_format({"num_format": form}) for kind, form in NUMBER_FORMATS.items()
    }
    formats["text"] = book.add_format({"num_format": "@"})
    # Shows as it is, and stays text when a person edits the cell.
    formats["sign"] = book.add_format({"num_format": "@", "quote_prefix": True})
    formats["exact"] = book.add_format({"num_format": "@", "align": "right"})
    formats["title"] = book.add_format({"bold": True, "font_size": 14})
    formats["head"] = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"}
    )
    return formats


def _spoken(period: Period) -> str:
    return f"{period.first_on or 'the beginning'} to {period.last_on or 'now'} (UTC days)"


def _head(report: Report) -> list[Fact]:
    facts: list[Fact] = [
        ("Generated at (UTC)", "text", f"{report.generated_at:%Y-%m-%d %H:%M:%S}"),
        ("Period", "text", _spoken(report.period)),
    ]
    facts += [(f"Only {name}", "text", value) for name, value in report.filters]
    if report.is_empty:
        facts.append((NO_DATA, "text", ""))
    return facts


def _facts(sheet: Worksheet, formats: Formats, row: int, title: str, facts: Sequence[Fact]) -> int:
    """Write a block of names and values; return the row after it."""
    sheet.write_string(row, 0, title, formats["title"])
    for place, (name, kind, value) in enumerate(facts, row + 1):
        _text(sheet, formats, place, 0, name)
        _write(sheet, formats, place, 1, kind, value)
        if _is_exact(kind) and isinstance(value, Decimal):
            sheet.write_string(place, 2, digits(value), formats["exact"])
    return row + 1 + len(facts)


def _is_exact(kind: Kind) -> bool:
    return kind == "usd"


def _sheet(book: Workbook, formats: Formats, table: Table) -> None:
    sheet = book.add_worksheet(table.name)
    heads = [(column, exact) for column in table.columns for exact in _spread(column)]
    widths = [len(column.name) + 2 for column, _ in heads]
    for place, (column, exact) in enumerate(heads):
        name = f"{column.name} (exact)" if exact else column.name
        sheet.write_string(0, place, name, formats["head"])
    for number, row in enumerate(table.rows, 1):
        cells = zip(table.columns, row.cells, strict=True)
        spread = [(c, value, exact) for c, value in cells for exact in _spread(c)]
        for place, (column, value, exact) in enumerate(spread):
            if exact and isinstance(value, Decimal):
                sheet.write_string(number, place, digits(value), formats["exact"])
            else:
                _write(sheet, formats, number, place, column.kind, value)
            widths[place] = max(widths[place], _width(value))
    for place, width in enumerate(widths):
        sheet.set_column(place, place, min(max(width, NARROWEST), WIDEST))
    sheet.set_row(0, 30)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(table.rows), 1), len(heads) - 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _spread(column: Column) -> tuple[bool, ...]:
    """A cost takes two columns: the number, and its exact text."""
    return (False, True) if _is_exact(column.kind) else (False,)


def _width(value: Cell) -> int:
    return columns(value) + 1 if isinstance(value, str) else len(str(value)) + 4


def _write(
    sheet: Worksheet, formats: Formats, row: int, place: int, kind: Kind, value: Cell
) -> None:
    if value is None:
        return
    if isinstance(value, str):
        _text(sheet, formats, row, place, value)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, formats[kind])
    else:
        sheet.write_number(row, place, value, formats[kind])


def _text(sheet: Worksheet, formats: Formats, row: int, place: int, value: str) -> None:
    text = plain(value)
    form = formats["sign"] if text.startswith(SIGNS) else formats["text"]
    sheet.write_string(row, place, text, form)


def _charts(book: Workbook, front: Worksheet, report: Report) -> None:
    days, clients = len(report.by_date), min(len(report.by_client), CHARTED_CLIENTS)
    if days:
        _chart(book, front, "E2", "column", ("Cost by day", "Days", 4, days))
    if clients:
        cost = [column.name for column in tables(report)[0].columns].index("Cost")
        _chart(book, front, "E19", "bar", ("Cost by client", "Clients", cost, clients))


def _chart(
    book: Workbook, front: Worksheet, where: str, kind: str, what: tuple[str, str, int, int]
) -> None:
    title, sheet, column, rows = what
    chart = book.add_chart({"type": kind})
    chart.add_series(
        {
            "name": title,
            "categories": [sheet, 1, 0, rows, 0],
            "values": [sheet, 1, column, rows, column],
            "fill": {"color": "#2F6DA8"},
            "gap": 40,
        }
    )
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 640, "height": 300})
    if kind == "bar":
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"num_format": "$#,##0.00", "major_gridlines": {"visible": True}})
    else:
        chart.set_x_axis({"date_axis": True, "num_format": "yyyy-mm-dd"})
        chart.set_y_axis({"num_format": "$#,##0.00", "major_gridlines": {"visible": True}})
    front.insert_chart(where, chart, {"description": f"{title}, from the sheet {sheet}"})
