"""A media plan: rows of text become placements, or say what is wrong with them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from libs.contracts.assets import PlanRow
from libs.contracts.brand import Placement
from libs.contracts.common import Reply
from services.qc.domain.plan_row import GROUPING, BadCells, placements_of
from services.qc.domain.plan_words import TOTALS, Field, column_of, folded

HEADER_WITHIN_ROWS = 50
MAX_PLACEMENTS = 1_000
MAX_BOOKINGS = 10 * MAX_PLACEMENTS
"""A placement may be booked many times: for each week, say."""

MAX_TOLD = 100
ENDS: Mapping[Field, tuple[Field, ...]] = {"channel": ("name", "market"), "name": ("market",)}
WHO: frozenset[Field] = frozenset({"name", "channel"})
WHAT: frozenset[Field] = frozenset(
    {"width", "height", "size", "ratio", "format", "form", "weight", "duration"}
)


class BadPlan(Exception):
    """The file is no media plan that can be read; `detail` says what to do about it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of a sheet from the first on, cells as text; a CSV file is one sheet without a name."""

    name: str | None
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Column:
    """`header` is what the plan calls it, `unit` what its name says: KB, s, % …"""

    index: int
    field: Field
    header: str
    unit: str | None


class ReadPlan(Reply):
    """Placements in the order of the file; `notes` are rows that are none and need not be."""

    placements: list[Placement] = []
    errors: list[PlanRow] = []
    notes: list[PlanRow] = []


@dataclass(frozen=True, slots=True)
class _Found:
    placement: Placement
    row: int
    sheet: str | None


def read_plan(sheets: Sequence[Sheet]) -> ReadPlan:
    """The placements of every sheet that has column names. Raises BadPlan when none has.

    Errors name the sheet when there are several such sheets.
    """
    tables = [(sheet, header) for sheet in sheets if (header := _header(sheet.rows))]
    if not tables:
        raise BadPlan(
            "no_plan_header",
            "No row with column names was found. A plan has a column like Placement or Channel, "
            "and one like Size, Width, Ratio, File format, Max weight or Duration.",
        )
    found: list[_Found] = []
    errors: list[PlanRow] = []
    notes: list[PlanRow] = []
    for sheet, (first, columns) in tables:
        name = sheet.name if len(tables) > 1 else None
        _read_rows(Sheet(name, sheet.rows), first, columns, found, errors, notes)
    placements = list(_with_own_names(found, errors))
    if len(placements) > MAX_PLACEMENTS:
        raise _too_many()
    if not placements and not errors:
        raise BadPlan("empty_plan", "There is no placement below the column names.")
    return ReadPlan(placements=placements, errors=errors[:MAX_TOLD], notes=notes[:MAX_TOLD])


def words_of(row: PlanRow) -> str:
    """`row 7, column Size: “1080x” is not a size like 1080x1920`."""
    sheet = f"sheet {row.sheet}, " if row.sheet else ""
    column = f", column {row.column}" if row.column else ""
    return f"{sheet}row {row.row}{column}: {row.reason}"


def _header(rows: Sequence[Sequence[str]]) -> tuple[int, list[Column]] | None:
    """Where the rows begin, and the columns: of the row, or two rows, that names most of them."""
    best: tuple[int, list[Column]] | None = None
    for at, row in enumerate(rows[:HEADER_WITHIN_ROWS]):
        for height, names in _candidates(rows, at, row):
            columns = _columns(names)
            fields = {column.field for column in columns}
            is_one = len(fields) >= 2 and fields & WHAT and fields & (WHO | {"form", "size"})
            if is_one and (best is None or len(columns) > len(best[1])):
                best = at + height, columns
    return best


def _candidates(
    rows: Sequence[Sequence[str]], at: int, row: Sequence[str]
) -> Iterator[tuple[int, Sequence[str]]]:
    """The row as it is and, where the next one names columns only, both laid together."""
    yield 1, row
    below = rows[at + 1] if at + 1 < len(rows) else ()
    named = [cell for cell in below if cell]
    if named and all(column_of(cell) for cell in named):
        width = max(len(row), len(below))
        upper = [*row, *[""] * (width - len(row))]
        lower = [*below, *[""] * (width - len(below))]
        yield 2, [low or up for up, low in zip(upper, lower, strict=True)]


def _columns(names: Sequence[str]) -> list[Column]:
    """Each field once, at the first column that tells it."""
    found: dict[Field, Column] = {}
    for index, header in enumerate(names):
        known = column_of(header) if header and len(header) <= 80 else None
        if known and known[0] not in found:
            found[known[0]] = Column(index, known[0], " ".join(header.split()), known[1])
    return list(found.values())


def _read_rows(
    sheet: Sheet,
    first: int,
    columns: Sequence[Column],
    found: list[_Found],
    errors: list[PlanRow],
    notes: list[PlanRow],
) -> None:
    above: dict[Field, str] = {}
    for number, row in enumerate(sheet.rows[first:], first + 1):
        cells = {c.field: row[c.index] for c in columns if c.index < len(row) and row[c.index]}
        if not any(row):
            above = {}
            continue
        if reason := _no_placement(row, cells, columns):
            notes.append(PlanRow(row=number, sheet=sheet.name, reason=reason))
            continue
        above = _carried(above, cells)
        units = {column.field: column.unit for column in columns}
        try:
            made = placements_of({**above, **cells}, units)
        except BadCells as bad:
            errors += _told(bad, columns, number, sheet.name)
            continue
        found += [_Found(placement, number, sheet.name) for placement in made]
        if len(found) > MAX_BOOKINGS:
            raise _too_many()


def _too_many() -> BadPlan:
    return BadPlan("plan_too_large", f"A plan has at most {MAX_PLACEMENTS:,} placements.")


def _told(
    bad: BadCells, columns: Sequence[Column], number: int, sheet: str | None
) -> Iterator[PlanRow]:
    """In the order of the columns."""
    headers = {column.field: (column.index, column.header) for column in columns}
    for field, why in sorted(bad.reasons.items(), key=lambda one: headers.get(one[0], (-1, ""))):
        header = headers[field][1] if field in headers else None
        yield PlanRow(row=number, sheet=sheet, column=header, reason=why)


def _no_placement(
    row: Sequence[str], cells: Mapping[Field, str], columns: Sequence[Column]
) -> str | None:
    """Why a row that is not blank is no placement; None when it is one."""
    first = next(cell for cell in row if cell)
    if TOTALS.match(folded(first)):
        return f"“{first[:60]}” is a total"
    if all(column_of(text) == (c.field, c.unit) for c in columns if (text := cells.get(c.field))):
        return "the column names again" if cells else "nothing in the columns of the plan"
    if not cells.keys() & WHAT:
        return f"“{first[:60]}” asks for nothing: taken as a heading or a remark"
    return None


def _carried(above: Mapping[Field, str], cells: Mapping[Field, str]) -> dict[Field, str]:
    """What a row takes from the rows above it, because people write what they group by once.

    A row with a name of its own has its own market, and one with a channel of its own its name.
    """
    kept = dict(above)
    for own, ends in ENDS.items():
        if own in cells:
            for field in ends:
                kept.pop(field, None)
    return {field: text for field, text in {**kept, **cells}.items() if field in GROUPING}


def _with_own_names(found: Sequence[_Found], errors: list[PlanRow]) -> Iterator[Placement]:
    """Placements whose names differ within a market; one that is there twice is one.

    Where a plan calls several by the same name, what tells them apart is added to it.
    """
    namesakes: dict[tuple[str, str | None], set[Placement]] = {}
    for one in found:
        namesakes.setdefault((one.placement.name, one.placement.market), set()).add(one.placement)
    marks = {key: _marks(placements) for key, placements in namesakes.items()}
    seen: dict[tuple[str, str | None], _Found] = {}
    for one in found:
        placement = one.placement
        words = [mark(placement) for mark in marks[placement.name, placement.market]]
        name = " ".join([placement.name, *filter(None, words)])[:80].strip()
        placement = placement.model_copy(update={"name": name})
        key = placement.name, placement.market
        if key not in seen:
            seen[key] = _Found(placement, one.row, one.sheet)
            yield placement
        elif seen[key].placement != placement:
            other = f"“{placement.name}” is also in row {seen[key].row} with other values"
            reason = f"{other}: give it a name of its own"
            errors.append(PlanRow(row=one.row, sheet=one.sheet, reason=reason))


def _marks(namesakes: set[Placement]) -> list[Callable[[Placement], str]]:
    """What tells placements of one name apart."""
    candidates = (_channel, _size, _ratio, _formats, _length)
    return [mark for mark in candidates if len({mark(one) for one in namesakes}) > 1]


def _channel(placement: Placement) -> str:
    return placement.channel or ""


def _size(placement: Placement) -> str:
    sides = placement.width_px, placement.height_px
    return f"{sides[0]}x{sides[1]}" if all(sides) else ""


def _ratio(placement: Placement) -> str:
    return "" if _size(placement) else placement.aspect_ratio or ""


def _formats(placement: Placement) -> str:
    return "/".join(placement.formats)


def _length(placement: Placement) -> str:
    return f"{placement.max_duration_s:g}s" if placement.max_duration_s else ""
