"""The report as one HTML page: no script, nothing fetched, readable on a phone and on paper."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from libs.layouts import layouts_in
from services.usage.domain import trend
from services.usage.domain.report import NO_DATA, Report
from services.usage.domain.report_facts import Fact, efficiency, summary
from services.usage.domain.report_tables import tables
from services.usage.domain.report_text import spoken
from services.usage.domain.shown import about_usd, counted, named, usd
from services.usage.domain.tables import Column, Table, dearest, shown

MOST_ROWS = 2_000
CHART_WIDTH, CHART_HEIGHT = 720, 150
FEWEST_BARS = 12

LAYOUTS = Path(__file__).parent / "layouts"
STYLE = (LAYOUTS / "report.css").read_text()
ENVIRONMENT = layouts_in(LAYOUTS)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the chart, in units of the drawing, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True, slots=True)
class Head:
    name: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Body:
    """A row as text; `remark` stands below its name."""

    name: str
    cells: Sequence[str]
    remark: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as text. `others` says what is not shown, `total` what all of it comes to."""

    title: str
    anchor: str
    heads: Sequence[Head]
    rows: Sequence[Body]
    others: str
    total: str


def report_html(report: Report) -> str:
    """The page. Names in it are text: nothing of them is markup."""
    points = trend.daily(report)
    return ENVIRONMENT.get_template("report.html.j2").render(
        style=STYLE,
        style_sha256=b64encode(sha256(STYLE.encode()).digest()).decode(),
        period=spoken(report.period),
        generated_at=f"{report.generated_at:%Y-%m-%d %H:%M:%S} UTC",
        filters=[(name, named(value)) for name, value in report.filters],
        empty=NO_DATA if report.is_empty else "",
        summary=pairs(summary(report)),
        efficiency=pairs(efficiency(report)),
        bars=chart(points),
        days=[point.label for point in points],
        most=about_usd(max((p.cost_usd for p in points), default=report.spent.cost_usd)),
        chart={"width": CHART_WIDTH, "height": CHART_HEIGHT},
        tables=[shown_table(table, MOST_ROWS) for table in tables(report) if table.rows],
    )


def pairs(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    """Names and values as people read them."""
    return [(name, shown(kind, value)) for name, kind, value in facts]


def chart(points: Sequence[trend.Point]) -> list[Bar]:
    """The bars of a drawing whose baseline is at its height."""
    step = CHART_WIDTH / max(len(points), FEWEST_BARS)
    return [
        Bar(
            x=round(place * step + step * 0.1, 2),
            y=round(CHART_HEIGHT * (1 - point.of_most), 2),
            width=round(step * 0.8, 2),
            height=round(CHART_HEIGHT * point.of_most, 2),
            says=f"{point.label}: {about_usd(point.cost_usd)}",
        )
        for place, point in enumerate(points)
    ]


def shown_table(table: Table, most: int) -> Shown:
    """The table as text, cut to its `most` dearest rows with a word on the others."""
    places = [place for place, column in enumerate(table.columns) if not column.detail]
    heads = [_head(table.columns[place]) for place in places]
    cut = dearest(table, most)
    rows = []
    for row in cut.rows:
        cells = [shown(table.columns[place].kind, row.cells[place]) for place in places]
        rows.append(Body(cells[0] or named(""), cells[1:], row.remark))
    others = ""
    if cut.others:
        others = f"and {counted(cut.others, 'more', 'more')}"
        others += f", {usd(cut.others_usd)}" if table.has_cost else ""
    total = usd(table.cost_usd) if table.has_cost and len(table.rows) > 1 else ""
    return Shown(table.title, table.name.lower(), heads, rows, others, total)


def _head(column: Column) -> Head:
    return Head(column.name, column.kind in ("text", "day"))
