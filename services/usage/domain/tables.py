"""Tables of cells with a kind, which the sheet, the page and the print draw each in its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from services.usage.domain.report import exact_sum
from services.usage.domain.shown import about_usd, percent, plain, usd

Kind = Literal["text", "count", "usd", "about_usd", "score", "percent", "day"]
"""`about_usd` is an average: four places are enough for the eye."""
Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """`percent` cells are shares of 1. A `detail` is for sheets, where there is room."""

    name: str
    kind: Kind = "count"
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """`remark` says what the row's cost does not contain."""

    cells: Sequence[Cell]
    cost_usd: Decimal = Decimal(0)
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is short enough for a sheet's tab. `has_cost`: the rows' costs are a whole."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    has_cost: bool = True

    @property
    def cost_usd(self) -> Decimal:
        return exact_sum(row.cost_usd for row in self.rows)


@dataclass(frozen=True, slots=True)
class Cut:
    """The dearest rows of a table, and what the others come to."""

    rows: Sequence[Row]
    others: int
    others_usd: Decimal


def dearest(table: Table, most: int) -> Cut:
    """The `most` dearest rows in the order of the table, so that the sum can still be drawn."""
    if len(table.rows) <= most:
        return Cut(table.rows, 0, Decimal(0))
    if not table.has_cost:
        return Cut(table.rows[:most], len(table.rows) - most, Decimal(0))
    order = sorted(range(len(table.rows)), key=lambda place: -table.rows[place].cost_usd)
    kept, dropped = sorted(order[:most]), order[most:]
    others_usd = exact_sum(table.rows[place].cost_usd for place in dropped)
    return Cut([table.rows[place] for place in kept], len(dropped), others_usd)


def shown(kind: Kind, value: Cell) -> str:
    """The cell as people read it; a dash where nothing is known."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Decimal):
        return _figure(kind, value)
    return value.isoformat() if isinstance(value, date) else f"{value:,}"


def _figure(kind: Kind, value: Decimal) -> str:
    if kind == "usd":
        return usd(value)
    if kind == "about_usd":
        return about_usd(value)
    return percent(value) if kind == "percent" else f"{value:,.1f}"
