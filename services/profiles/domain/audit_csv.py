"""The audit as a table that spreadsheets open."""

import csv
import re
from collections.abc import Iterable
from io import StringIO

from libs.contracts.audit import AuditEntry

COLUMNS = (
    "seq",
    "at",
    "actor",
    "action",
    "object_kind",
    "object_id",
    "revision",
    "sentence",
    "changes",
    "request_id",
    "before_hash",
    "after_hash",
    "previous_hash",
    "hash",
)
FORMULA = re.compile(r"(^|[;\t])([\s\"'`]*)(?=[=+\-@＝＋－＠])")


def csv_header() -> str:
    """The first line."""
    return _lines([COLUMNS])


def csv_lines(entries: Iterable[AuditEntry]) -> str:
    """A line for each; no cell is one that a spreadsheet would run as a formula."""
    return _lines(_cells(entry) for entry in entries)


def _cells(entry: AuditEntry) -> list[str]:
    told = "; ".join(change.sentence for change in entry.changes)
    fields = entry.model_dump(mode="json") | {"changes": told}
    return [_harmless(fields[name]) for name in COLUMNS]


def _harmless(value: object) -> str:
    return "" if value is None else FORMULA.sub(r"\1'\2", str(value))


def _lines(table: Iterable[Iterable[str]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue()
