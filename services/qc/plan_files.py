"""Reading a media plan's file: XLSX and CSV become rows of text. Runs in the limited child process.

A workbook is a zip of XML: what it would unpack to is counted before it is opened, and
defusedxml, which openpyxl takes where it is installed, refuses entities.
"""

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from services.qc.domain.plan_row import NOT_CALCULATED
from services.qc.domain.plan_sheet import BadPlan, ReadPlan, Sheet, read_plan

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_FILE_BYTES = 10 << 20
MAX_UNPACKED_BYTES = 60 << 20
MAX_PARTS = 1_000
MAX_SHEETS = 40
MAX_ROWS = 5_000
MAX_SCANNED_ROWS = 20_000
MAX_COLUMNS = 200
MAX_CELLS = 100_000
MAX_CELL_CHARS = 2_000
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MERGED = re.compile(rb'mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def read_plan_file(path: Path) -> ReadPlan:
    """The placements in the file at `path`, whatever its name says. Raises BadPlan."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadPlan("plan_too_large", f"A media plan may have {MAX_FILE_BYTES >> 20} MB at most.")
    content = path.read_bytes()
    if content.startswith(b"PK"):
        return read_plan(list(_workbook(content)))
    if content.startswith(OLD_WORKBOOK):
        raise BadPlan(
            "old_or_locked_workbook",
            "This is an old XLS workbook or one with a password: save it as XLSX without one.",
        )
    return read_plan([Sheet(None, _limited(_csv_rows(_text(content))))])


def _text(content: bytes) -> str:
    """The text, by its mark, else as UTF-8, else as Windows wrote it in western Europe."""
    encoding = next((name for bom, name in BOMS.items() if content.startswith(bom)), None)
    try:
        text = content.decode(encoding or _guessed(content))
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252") if encoding is None else ""
        except UnicodeDecodeError:
            text = ""
    if not text.strip() or "\0" in text:
        raise BadPlan("no_plan", "This is neither an XLSX workbook nor a CSV text: export it anew.")
    return text


def _guessed(content: bytes) -> str:
    """UTF-16 without its mark shows by the NUL beside every plain letter."""
    head = content[:2_000]
    if len(head) >= 4 and head[1::2].count(0) > 0.4 * len(head) / 2:
        return "utf-16-le"
    if len(head) >= 4 and head[0::2].count(0) > 0.4 * len(head) / 2:
        return "utf-16-be"
    return "utf-8"


def _csv_rows(text: str) -> Iterator[list[str]]:
    """Rows of a CSV, separated by what stands most often in its first lines, outside quotes."""
    lines = text.splitlines()
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        separator, text = lines[0][4], text.split("\n", 1)[-1]
    else:
        head = "".join(part for part in "\n".join(lines[:30]).split('"')[::2])
        separator = max(";,\t|", key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise BadPlan("bad_csv", f"The CSV cannot be read: {error}.") from error


def _workbook(content: bytes) -> Iterator[Sheet]:
    """The visible sheets, with the values that formulas had when the file was saved."""
    _refuse_bombs(content)
    values = _opened(content, data_only=True)
    formulas = _opened(content, data_only=False)
    visible = [sheet.title for sheet in values.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise BadPlan("no_plan", "The workbook has no visible sheet.")
    for title in visible[:MAX_SHEETS]:
        merged = _merged(content, getattr(values[title], "_worksheet_path", ""))
        yield Sheet(title, _limited(_filled(_sheet_rows(values, formulas, title), merged)))


def _refuse_bombs(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            infos = parts.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged() from error
    if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
        raise BadPlan(
            "plan_too_large",
            f"The workbook unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB: copy the plan into "
            "a new one, without pictures.",
        )
    if not any(info.filename == "[Content_Types].xml" for info in infos):
        raise BadPlan(
            "no_plan", "This is a ZIP file but no XLSX workbook: export the plan as XLSX."
        )


def _opened(content: bytes, data_only: bool) -> "Workbook":
    from openpyxl import load_workbook

    try:
        return load_workbook(
            io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False
        )
    except MemoryError:
        raise
    except Exception as error:  # a hostile workbook breaks the library in ways without number
        raise _damaged() from error


def _merged(content: bytes, part: str) -> dict[tuple[int, int], int]:
    """By row and column of each cell that is merged with the one above it: the row of the text.

    Rows and columns count from 0. A reader that streams does not tell it.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if part not in parts.namelist():
            return {}
        found = _MERGED.findall(parts.read(part))
    merged: dict[tuple[int, int], int] = {}
    for column, first, last in found[:MAX_ROWS]:
        for row in range(int(first), min(int(last), MAX_SCANNED_ROWS)):
            merged[row, _column(column)] = int(first) - 1
        if len(merged) > MAX_CELLS:
            break
    return merged


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _filled(
    rows: Iterable[list[str]], merged: Mapping[tuple[int, int], int]
) -> Iterator[list[str]]:
    """The rows with the text of a merged cell in each row that it covers; only downwards."""
    texts: dict[tuple[int, int], str] = {}
    wanted = {(first, column) for (_, column), first in merged.items()}
    columns = {column for _, column in merged}
    for number, row in enumerate(rows):
        texts |= {(number, c): row[c] for c in columns if (number, c) in wanted and c < len(row)}
        for column in columns:
            first = merged.get((number, column))
            if first is not None and column < len(row) and not row[column]:
                row[column] = texts.get((first, column), "")
        yield row


def _sheet_rows(values: "Workbook", formulas: "Workbook", title: str) -> Iterator[list[str]]:
    seen, written = values[title], formulas[title]
    for sheet in (seen, written):
        sheet.reset_dimensions()  # what a sheet says of its own size is often wrong
    try:
        for row, source in zip(
            seen.iter_rows(max_row=MAX_SCANNED_ROWS, max_col=MAX_COLUMNS),
            written.iter_rows(max_row=MAX_SCANNED_ROWS, max_col=MAX_COLUMNS, values_only=True),
            strict=False,
        ):
            texts = [_cell(cell.value, getattr(cell, "number_format", "")) for cell in row]
            for at, formula in enumerate(source[: len(texts)]):
                if not texts[at] and isinstance(formula, str) and formula.startswith("="):
                    texts[at] = NOT_CALCULATED
            yield texts
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged() from error


def _cell(value: object, number_format: str) -> str:
    """The cell as a person reads it. A ratio typed as 16:9 is a time of day to a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, number_format or "")
    if isinstance(value, time):
        return _clock(value.hour, value.minute, value.second)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return _clock(*divmod(minutes, 60), seconds)
    if isinstance(value, datetime) and value.year <= 1900:
        days = (value - datetime(1899, 12, 31)).days  # noqa: DTZ001
        return _clock(days * 24 + value.hour, value.minute, value.second)
    if isinstance(value, date):
        return value.isoformat()[:10]
    return str(value).strip()[:MAX_CELL_CHARS]


def _number(value: float, number_format: str) -> str:
    """With the sign or unit that only the cell's format shows: 150 as `0" KB"` is 150 KB."""
    if not math.isfinite(value):
        return ""
    if "%" in number_format:
        return f"{value * 100:.6g}%"
    shown = str(int(value)) if value == int(value) else repr(value)
    return shown + "".join(re.findall(r'"([^"]*)"', number_format.split(";")[0]))


def _clock(hours: int, minutes: int, seconds: int) -> str:
    return f"{hours}:{minutes}" + (f":{seconds:02}" if seconds else "")


def _limited(rows: Iterable[list[str]]) -> list[list[str]]:
    """Rows with blank ends cut off. Raises BadPlan for more than a plan has."""
    kept: list[list[str]] = []
    filled = cells = 0
    for row in rows:
        texts = [text.strip() for text in row[:MAX_COLUMNS]]
        while texts and not texts[-1]:
            texts.pop()
        kept.append(texts)
        filled += bool(texts)
        cells += len(texts)
        if filled > MAX_ROWS or cells > MAX_CELLS or len(kept) > MAX_SCANNED_ROWS:
            raise BadPlan(
                "plan_too_large",
                f"A sheet may have {MAX_ROWS:,} rows and {MAX_CELLS:,} cells at most: "
                "leave only the plan in it.",
            )
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _damaged() -> BadPlan:
    return BadPlan(
        "damaged_workbook", "The workbook is damaged: open it and save it again as XLSX."
    )
