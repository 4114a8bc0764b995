"""The matrix of a campaign as a spreadsheet: the matrix, every result, every finding.

Text is never run there: neither as a formula nor as a link. A spreadsheet's number keeps 15
digits, so costs are their exact text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from libs.contracts.campaigns import Matrix
from libs.contracts.qc import Finding
from services.qc.domain.matrix_csv import note_of, verdict_of
from services.qc.domain.sheet_text import looks_like_formula, one_line

MOST_FINDINGS = 20_000
MOST_CHARS = 32_000
WIDEST = 60
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
COLOURS = {
    "pass": "#D9EFD9",
    "fail": "#F6D5D5",
    "incomplete": "#FCEBC5",
    "could not run": "#E4DCEB",
}
RESULTS = (
    "File",
    "Profile",
    "Version",
    "Verdict",
    "Score",
    "Coverage",
    "Failed checks",
    "Checks with errors",
    "Cost (USD)",
    "Tries",
    "Analysis",
    "Note",
)
FINDINGS = ("File", "Profile", "Check", "Severity", "Finding", "Page", "Measured", "Rule", "Fix")
Value = str | float | None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with where it was made."""

    file: str
    profile_id: str
    check_id: str
    finding: Finding


def matrix_xlsx(matrix: Matrix, findings: Iterable[Found]) -> bytes:
    """The bytes of the file; at most `MOST_FINDINGS` findings, and the sheet says so."""
    target = BytesIO()
    with Workbook(target, OPTIONS) as book:
        book.set_properties(
            {
                "title": one_line(matrix.campaign.name),
                "author": "AI QC",
                "created": matrix.campaign.created_at.replace(tzinfo=None),
            }
        )
        forms = _Forms(book)
        _matrix(book.add_worksheet("Matrix"), forms, matrix)
        _results(book.add_worksheet("Results"), forms, matrix)
        _findings(book.add_worksheet("Findings"), forms, findings)
    return target.getvalue()


class _Forms:
    def __init__(self, book: Workbook) -> None:
        self.head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"}
        )
        self.text = book.add_format({"num_format": "@", "valign": "top"})
        # Shows as it is, and stays text when a person edits the cell.
        self.sign = book.add_format({"num_format": "@", "valign": "top", "quote_prefix": True})
        self.number = book.add_format({"num_format": "0.0", "valign": "top"})
        self._of_verdict = {
            verdict: book.add_format({"num_format": "@", "valign": "top", "bg_color": colour})
            for verdict, colour in COLOURS.items()
        }

    def verdict(self, verdict: str) -> Format:
        return self._of_verdict.get(verdict, self.text)


def _matrix(sheet: Worksheet, forms: _Forms, matrix: Matrix) -> None:
    profiles = [profile.profile_id for profile in matrix.campaign.profiles]
    heads = ["File", *(head for name in profiles for head in (name, f"{name}: score"))]
    rows = []
    for row in matrix.rows:
        told: list[Value] = [row.file]
        for cell in row.cells:
            told += [verdict_of(cell), cell.score]
        rows.append(told)
    _table(sheet, forms, heads, rows, verdicts=range(1, len(heads), 2))


def _results(sheet: Worksheet, forms: _Forms, matrix: Matrix) -> None:
    versions = {one.profile_id: one.version for one in matrix.campaign.profiles}
    rows: list[list[Value]] = [
        [
            row.file,
            cell.profile_id,
            float(versions[cell.profile_id]),
            verdict_of(cell),
            cell.score,
            cell.coverage,
            " ".join(cell.failed_checks),
            " ".join(cell.broken_checks),
            None if cell.cost_usd is None else format(cell.cost_usd, "f"),
            float(cell.tries),
            str(cell.analysis_id or ""),
            note_of(cell),
        ]
        for row in matrix.rows
        for cell in row.cells
    ]
    _table(sheet, forms, RESULTS, rows, verdicts=[RESULTS.index("Verdict")])


def _findings(sheet: Worksheet, forms: _Forms, findings: Iterable[Found]) -> None:
    rows: list[list[Value]] = []
    for found in findings:
        if len(rows) == MOST_FINDINGS:
            rows.append([f"There are more than {MOST_FINDINGS:,}: the analyses have them all."])
            break
        finding = found.finding
        rows.append(
            [
                found.file,
                found.profile_id,
                found.check_id,
                finding.severity,
                finding.message,
                float(finding.page),
                finding.measured,
                finding.rule,
                finding.fix,
            ]
        )
    _table(sheet, forms, FINDINGS, rows)


def _table(
    sheet: Worksheet,
    forms: _Forms,
    heads: Sequence[str],
    rows: Sequence[Sequence[Value]],
    verdicts: Iterable[int] = (),
) -> None:
    coloured = set(verdicts)
    widths = [len(head) + 2 for head in heads]
    for column, head in enumerate(heads):
        _text(sheet, forms, 0, column, head, forms.head)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, float | int):
                whole = float(value).is_integer()
                sheet.write_number(number, column, value, forms.text if whole else forms.number)
            elif value is not None:
                form = forms.verdict(value) if column in coloured else None
                _text(sheet, forms, number, column, value, form)
                widths[column] = max(widths[column], len(value) + 1)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width, WIDEST))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(heads) - 1)


def _text(
    sheet: Worksheet, forms: _Forms, row: int, column: int, value: str, form: Format | None
) -> None:
    text = one_line(value)[:MOST_CHARS]
    plain = forms.sign if looks_like_formula(text) else forms.text
    sheet.write_string(row, column, text, form or plain)
