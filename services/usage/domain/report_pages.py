"""The report as what is drawn on A4 pages: the layout is ours, the data is never markup."""

from dataclasses import asdict

from libs.letters import need_other_fonts
from services.usage.domain import trend
from services.usage.domain.report import NO_DATA, Report
from services.usage.domain.report_facts import efficiency, summary
from services.usage.domain.report_html import pairs, shown_table
from services.usage.domain.report_tables import tables
from services.usage.domain.report_text import spoken
from services.usage.domain.shown import about_usd, named

MOST_ROWS = 1_000
OTHER_SCRIPTS = (
    "Some names have letters that the built-in fonts lack: where the machine has no font for "
    "them, boxes stand in their place. The HTML and XLSX forms show them."
)


def pages(report: Report) -> dict[str, object]:
    """What the layout `report.typ` draws, as JSON can hold it. All of it is text and figures.

    Each table has its 1,000 dearest rows at most, which bounds time and size.
    """
    points = trend.daily(report)
    found = [shown_table(table, MOST_ROWS) for table in tables(report) if table.rows]
    filters = [(name, named(value)) for name, value in report.filters]
    most = max((point.cost_usd for point in points), default=report.spent.cost_usd)
    names = (cell for table in found for row in table.rows for cell in (row.name, *row.cells))
    return {
        "period": spoken(report.period),
        "made_at": report.generated_at.isoformat(timespec="seconds"),
        "generated_at": f"{report.generated_at:%Y-%m-%d %H:%M:%S} UTC",
        "filters": filters,
        "note": OTHER_SCRIPTS if need_other_fonts(names) else "",
        "empty": NO_DATA if report.is_empty else "",
        "summary": pairs(summary(report)),
        "efficiency": pairs(efficiency(report)),
        "bars": [{"label": point.label, "of_most": point.of_most} for point in points],
        "most": about_usd(most),
        "tables": [asdict(table) for table in found],
    }
