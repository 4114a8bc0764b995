"""The matrix of a campaign as CSV: a line for each file, some columns for each profile."""

import csv
import io
from collections.abc import Iterator

from libs.contracts.campaigns import Cell, Matrix
from services.qc.domain.report import calls_in_words
from services.qc.domain.sheet_text import for_csv

OF_FILE = ("File", "SHA-256", "Bytes")
OF_CELL = (
    "Verdict",
    "Score",
    "Coverage",
    "Failed Checks",
    "Checks With Errors",
    "Cost USD",
    "Analysis",
    "Note",
)
COULD_NOT_RUN = "could not run"


def matrix_csv(matrix: Matrix) -> str:
    """With one profile its columns have no prefix. Costs have every digit."""
    profiles = [profile.profile_id for profile in matrix.campaign.profiles]
    prefixes = [f"{name}: " for name in profiles] if len(profiles) > 1 else [""]
    target = io.StringIO()
    table = csv.writer(target, lineterminator="\r\n")
    table.writerow([*OF_FILE, *(for_csv(f"{p}{name}") for p in prefixes for name in OF_CELL)])
    for row in matrix.rows:
        cells = row.cells or [Cell(profile_id=name, state="waiting") for name in profiles]
        told = [text for cell in cells for text in _cell(cell)]
        table.writerow([for_csv(row.file), row.sha256, row.bytes, *told])
    return target.getvalue()


def _cell(cell: Cell) -> Iterator[str]:
    yield verdict_of(cell)
    yield number(cell.score)
    yield number(cell.coverage)
    yield for_csv(" ".join(cell.failed_checks))
    yield for_csv(" ".join(cell.broken_checks))
    yield "" if cell.cost_usd is None else format(cell.cost_usd, "f")
    yield str(cell.analysis_id or "")
    yield for_csv(note_of(cell))


def verdict_of(cell: Cell) -> str:
    """The verdict, or what became of the cell instead."""
    return cell.verdict or (COULD_NOT_RUN if cell.state == "failed" else cell.state)


def note_of(cell: Cell) -> str:
    """What a verdict and a cost leave out, and why there is none."""
    calls = f"{calls_in_words(cell.unknown_calls)} of unknown cost" if cell.unknown_calls else ""
    reviewed = "reviewed" if cell.reviewed else ""
    return "; ".join(filter(None, (reviewed, orders_of(cell), calls, cell.reason)))


def orders_of(cell: Cell) -> str:
    """How much in the file gives orders; empty when nothing does."""
    orders = "suspected order" if cell.suspected == 1 else "suspected orders"
    return f"{cell.suspected} {orders}" if cell.suspected else ""


def number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
