"""One report with hostile names in every form, as it was looked at and found good.

When a form is meant to change, look at the new one, then write it down:
`python -m tests.usage.domain.test_golden` from the top of the repository.
"""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook

from services.usage.domain.report import Report
from services.usage.domain.report_csv import report_csv
from services.usage.domain.report_focus import report_focus
from services.usage.domain.report_html import report_html
from services.usage.domain.report_json import report_json
from services.usage.domain.report_text import report_text
from services.usage.domain.report_xlsx import report_xlsx
from services.usage.printing import report_pdf
from tests.usage.drawn import charged, hostile
from tests.usage.reading import pdf_text

GOLDEN = Path(__file__).parent / "golden"
PAGE = re.compile(r"Page \d+ of \d+$")


def _cells(report: Report) -> str:
    """Every cell of every sheet, with its number format."""
    book = load_workbook(io.BytesIO(report_xlsx(report)))
    return "".join(
        f"{sheet.title}!{cell.coordinate} {cell.number_format} {cell.data_type} {cell.value!r}\n"
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    )


def _printed(report: Report) -> str:
    """Lines of the pages, each once and without what stands on every page.

    Which of other scripts' letters there are, how high their lines stand and so where a page
    ends depends on the fonts of the machine.
    """
    lines = pdf_text(report_pdf(report)).replace("\r", "").splitlines()
    kept = (line for line in lines if line.isascii() and not PAGE.search(line))
    return "".join(f"{line}\n" for line in dict.fromkeys(kept))


FORMS: dict[str, Callable[[Report], str]] = {
    "report.txt": report_text,
    "report.json": report_json,
    "report.csv": report_csv,
    "report.html": report_html,
    "sheets.txt": _cells,
    "pages.txt": _printed,
    "focus.csv": lambda _: "".join(report_focus(charged())),
}


@pytest.mark.parametrize("name", FORMS)
def test_form_is_as_it_was_found_good(name: str) -> None:
    drawn = FORMS[name](hostile())

    assert drawn == (GOLDEN / name).read_bytes().decode()


@pytest.mark.parametrize("write", [report_xlsx, report_pdf], ids=["xlsx", "pdf"])
def test_same_report_makes_the_same_bytes(write: Callable[[Report], bytes]) -> None:
    assert write(hostile()) == write(hostile())


if __name__ == "__main__":
    for golden, draw in FORMS.items():
        (GOLDEN / golden).write_bytes(draw(hostile()).encode())
