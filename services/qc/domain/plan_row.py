"""One row of a media plan: its cells become a placement, or one for each size and market."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, TypeVar

from pydantic import ValidationError

from libs.contracts.brand import Placement, SafeZone
from services.qc.domain import plan_values
from services.qc.domain.naming import kept_name
from services.qc.domain.plan_values import Size, is_blank
from services.qc.domain.plan_words import Field

GROUPING: frozenset[Field] = frozenset({"name", "channel", "market"})
MAX_OF_A_ROW = 50
MOST_OFF_RATIO = 1.1
"""People round: 970x250 is called 4:1."""

NOT_CALCULATED = "#UNCALCULATED"
"""What the reader of a file writes for a formula whose value was never stored."""

FAULTS = {"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#BEZUG!", "#NV"}
MARGINS: dict[Field, str] = {
    "safe_top": "top",
    "safe_right": "right",
    "safe_bottom": "bottom",
    "safe_left": "left",
}
Value = TypeVar("Value")


class BadCells(Exception):
    """Why a row is no placement, by the field whose cell is wrong."""

    def __init__(self, reasons: Mapping[Field, str]) -> None:
        super().__init__(dict(reasons))
        self.reasons = reasons


def placements_of(cells: Mapping[Field, str], units: Mapping[Field, str | None]) -> list[Placement]:
    """The placements of a row, one for each size and market that it names. Raises BadCells.

    `cells` are those that are not empty; `units` is what the columns' names say.
    """
    row = _Row(cells, units)
    rules: dict[str, Any] = {"channel": row.text("channel"), **_file_rules(row)}
    sizes, form_name = _sizes(row, rules)
    _compare_ratio(row, rules["aspect_ratio"], sizes)
    markets = row.read("market", plan_values.markets) or [None]
    zones = [_safe_zone(row, size) for size in sizes]
    if len(sizes) * len(markets) > MAX_OF_A_ROW:
        row.bad["size"] = f"names more than {MAX_OF_A_ROW} sizes and markets: use rows of their own"
    row.check()
    name = row.text("name") or _made_up(rules["channel"], form_name, sizes[0])
    made = []
    for (size, zone), market in product(zip(sizes, zones, strict=True), markets):
        width, height = size or (rules.get("width_px"), rules.get("height_px"))
        placement = {**rules, "name": name, "market": market, "safe_zone": zone}
        made.append(_placement(placement | {"width_px": width, "height_px": height}))
    return made


class _Row:
    def __init__(self, cells: Mapping[Field, str], units: Mapping[Field, str | None]) -> None:
        self._cells = cells
        self._units = units
        self.bad: dict[Field, str] = {}

    def text(self, field: Field) -> str | None:
        """The cell on one line; None when it says nothing or holds a fault."""
        text = self._cells.get(field, "")
        if is_blank(text):
            return None
        if text == NOT_CALCULATED:
            self.bad[field] = "the formula has no stored value: open and save the file again"
        elif text.upper() in FAULTS:
            self.bad[field] = f"the cell holds the error {text}"
        else:
            return kept_name(text)[:80]
        return None

    def raw(self, field: Field) -> str | None:
        return self._cells[field] if self.text(field) else None

    def read(self, field: Field, reader: Callable[..., Value], *more: object) -> Value | None:
        """What the cell says; None, and noted, when `reader` does not understand it."""
        text = self.raw(field)
        if text is None:
            return None
        try:
            return reader(text, *more)
        except ValueError as error:
            self.bad[field] = f"“{kept_name(text)[:60]}” {error}"
            return None

    def unit(self, field: Field) -> str | None:
        return self._units.get(field)

    def check(self) -> None:
        if self.bad:
            raise BadCells(self.bad)


def _file_rules(row: _Row) -> dict[str, Any]:
    """What the row asks of the file, apart from its size."""
    rules: dict[str, Any] = {
        "formats": row.read("format", plan_values.formats) or (),
        "max_bytes": row.read("weight", plan_values.weight, row.unit("weight")),
        "aspect_ratio": row.read("ratio", plan_values.ratio),
    }
    span = row.read("duration", plan_values.durations, row.unit("duration"))
    least = row.read("min_duration", plan_values.durations, row.unit("min_duration"))
    if span:
        rules |= {"min_duration_s": span[0], "max_duration_s": span[1]}
    if least:
        rules["min_duration_s"] = least[1]
    if span and least and least[1] > span[1]:
        row.bad["min_duration"] = "is more than the greatest length"
    return rules


def _sizes(row: _Row, rules: dict[str, Any]) -> tuple[list[Size | None], str | None]:
    """The sizes of the row, [None] for none; and a word in a Format column that is a name."""
    name = _form(row, rules)
    _size_cell(row, rules)
    sizes: list[Size] = rules.pop("sizes", [])
    width, height = row.read("width", plan_values.side), row.read("height", plan_values.side)
    if not sizes:
        rules |= {"width_px": width, "height_px": height}
        if width and height:
            sizes = [(width, height)]
    elif (width and height) and sizes != [(width, height)]:
        row.bad["size"] = "says another size than width and height do"
    return [*sizes] or [None], name


def _compare_ratio(row: _Row, ratio: str | None, sizes: list[Size | None]) -> None:
    """A size of another ratio is a slip, and no creative could keep both."""
    if ratio is None or not row.raw("ratio"):
        return
    wide, high = (float(part) for part in ratio.split(":"))
    for size in filter(None, sizes):
        share = size[0] * high / (size[1] * wide)
        if not 1 / MOST_OFF_RATIO <= share <= MOST_OFF_RATIO:
            row.bad["ratio"] = f"“{ratio}” is not the ratio of {size[0]} x {size[1]} px"
            return


def _size_cell(row: _Row, rules: dict[str, Any]) -> None:
    """Sizes; or what people also write into that column: a ratio, or a weight."""
    text = row.raw("size")
    if text and not _is_taken(text, rules, ("sizes", "aspect_ratio", "max_bytes")):
        row.read("size", plan_values.sizes)


def _form(row: _Row, rules: dict[str, Any]) -> str | None:
    """Take a column called only Format for what its cell is; a word that is nothing is a name."""
    text = row.raw("form")
    if text is None or _is_taken(text, rules, ("sizes", "aspect_ratio", "formats")):
        return None
    return row.text("form")


_READERS: Mapping[str, Callable[[str], object]] = {
    "sizes": plan_values.sizes,
    "aspect_ratio": plan_values.ratio,
    "formats": plan_values.formats,
    "max_bytes": plan_values.weight,
}


def _is_taken(text: str, rules: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Note the text under the first of the rules that it can be; False when it is none."""
    for name in names:
        try:
            value = _READERS[name](text)
        except ValueError:
            continue
        rules[name] = rules.get(name) or value
        return True
    return False


def _safe_zone(row: _Row, size: Size | None) -> SafeZone | None:
    zone = row.read("safe_zone", plan_values.safe_zone, size)
    sides = {
        name: value
        for field, name in MARGINS.items()
        if (value := row.read(field, plan_values.margin, name, size, row.unit(field))) is not None
    }
    if not sides:
        return zone
    return SafeZone(**{**(zone.model_dump() if zone else {}), **sides})


def _made_up(channel: str | None, form: str | None, size: Size | None) -> str:
    """A name for a row that has none: its channel, its kind, its size."""
    words = [channel, form, f"{size[0]}x{size[1]}" if size else None]
    return " ".join(word for word in words if word)[:80].strip() or "placement"


def _placement(fields: dict[str, Any]) -> Placement:
    try:
        return Placement(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadCells({"name": f"{first['loc'][0]}: {first['msg']}"}) from error
