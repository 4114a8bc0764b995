"""The spreadsheet: numbers are numbers, days are days, and no name is ever run."""

import io
import zipfile
from datetime import datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook

from services.usage.domain.report_xlsx import report_xlsx
from tests.usage.drawn import EVIL, GENERATED_AT, hostile

SHEETS = [
    "Summary",
    "Clients",
    "Users",
    "Profiles",
    "Days",
    "Months",
    "Providers",
    "Models",
    "Checks",
    "Fill",
    "Tools",
]


@pytest.fixture(scope="module")
def content() -> bytes:
    return report_xlsx(hostile())


@pytest.fixture
def book(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def test_each_dimension_has_a_sheet(book: Workbook) -> None:
    assert book.sheetnames == SHEETS


def test_no_cell_is_a_formula_or_a_link(book: Workbook, content: bytes) -> None:
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]

    assert {cell.data_type for cell in cells} == {"s", "n", "d"}
    assert not any(cell.hyperlink for cell in cells)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [name for name in parts.namelist() if "worksheets/sheet" in name]
        assert not any(b"<f>" in parts.read(name) for name in sheets)
        rels = [parts.read(name) for name in parts.namelist() if name.endswith(".rels")]
        assert not any(b"External" in rel for rel in rels)


def test_text_that_looks_like_a_formula_stays_text_when_it_is_edited(book: Workbook) -> None:
    cell = book["Clients"]["A2"]

    assert cell.value == EVIL[0]
    assert cell.quotePrefix


def test_letters_of_every_script_are_kept(book: Workbook) -> None:
    names = [row[0] for row in book["Clients"].iter_rows(min_row=2, values_only=True)]

    assert "李伟 的 品牌" in names
    assert "👩‍🎨 studio 🎉" in names
    assert "abcgnp.exe" in names


def test_cost_is_a_number_and_beside_it_its_exact_text(book: Workbook) -> None:
    head = [cell.value for cell in book["Clients"][1]]
    place = head.index("Cost")
    row = book["Clients"][3]

    assert head[place + 1] == "Cost (exact)"
    assert row[place].value == pytest.approx(11.0049825)
    assert row[place].number_format.startswith("$#,##0.0000")
    assert Decimal(row[place + 1].value) == Decimal("11.0049825000001")


def test_days_are_dates_and_shares_are_percentages(book: Workbook) -> None:
    day = book["Days"]["A2"]
    fill = book["Fill"]["D2"]

    assert day.value == datetime(2026, 8, 1)  # noqa: DTZ001 (a sheet's days have no zone)
    assert day.number_format == "yyyy-mm-dd"
    assert fill.number_format == "0.0%"
    assert fill.value == pytest.approx(0.91967, abs=1e-5)


@pytest.mark.parametrize("name", SHEETS[1:])
def test_sheet_keeps_its_heading_in_sight_and_can_be_filtered(book: Workbook, name: str) -> None:
    sheet = book[name]

    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet["A1"].font.bold
    assert all(sheet.column_dimensions[c.column_letter].width >= 9 for c in sheet[1])


def test_summary_has_charts_of_days_and_clients(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        charts = [parts.read(name) for name in parts.namelist() if "charts/chart" in name]

    assert [b"Days!$E$2:$E$13" in chart for chart in charts] == [True, False]
    assert [b"Clients!$J$2:$J$13" in chart for chart in charts] == [False, True]


def test_file_tells_what_it_is(book: Workbook) -> None:
    assert book.properties.title == "AI QC usage report"
    assert book.properties.created == GENERATED_AT.replace(tzinfo=None)
