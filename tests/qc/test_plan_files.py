"""Media plans as people make them: workbooks and texts become rows, within limits."""

import datetime as dt
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from openpyxl import Workbook

from libs.contracts.brand import SafeZone
from services.qc.domain.plan_sheet import BadPlan, ReadPlan
from services.qc.plan_files import read_plan_file

Draw = Callable[[xlsxwriter.Workbook], None]
CSV = "Placement;Kanal;Größe;Max. Dateigröße (KB)\nStory;Meta;1080x1920;300\nReel;Meta;1080x1350;\n"


def read(tmp_path: Path, content: bytes, name: str = "plan") -> ReadPlan:
    path = tmp_path / name
    path.write_bytes(content)
    return read_plan_file(path)


def workbook(tmp_path: Path, draw: Draw) -> ReadPlan:
    path = tmp_path / "plan.xlsx"
    book = xlsxwriter.Workbook(str(path))
    draw(book)
    book.close()
    return read_plan_file(path)


def refusal(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(BadPlan) as refused:
        read(tmp_path, content)
    return refused.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_text_in_the_encodings_and_separators_that_spreadsheets_write(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    plan = read(tmp_path, CSV.replace(";", separator).encode(encoding))

    assert [(p.name, p.width_px, p.height_px, p.max_bytes) for p in plan.placements] == [
        ("Story", 1080, 1920, 300_000),
        ("Reel", 1080, 1350, None),
    ]


def test_quoted_cells_may_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    plan = read(tmp_path, b'sep=,\nPlacement,Sizes\n"Display, all","300x250\n728x90"\n')

    assert [p.name for p in plan.placements] == ["Display, all 300x250", "Display, all 728x90"]


def test_plan_with_merged_cells_blank_rows_a_total_and_two_rows_of_names(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("Cover")
        sheet.write(0, 0, "Campaign 2026")
        hidden = book.add_worksheet("Old plan")
        hidden.write_row(0, 0, ["Placement", "Size"])
        hidden.write_row(1, 0, ["Gone", "1x1000"])
        hidden.hide()
        sheet = book.add_worksheet("Plan")
        sheet.merge_range(0, 0, 0, 5, "Media plan, summer")
        sheet.write_row(3, 0, ["Channel", "Placement", "Market"])
        sheet.merge_range(3, 3, 3, 4, "Dimensions (px)")
        sheet.write(3, 5, "Max weight")
        sheet.write_row(4, 3, ["Width", "Height"])
        sheet.merge_range(5, 0, 6, 0, "Instagram")
        sheet.write_row(5, 1, ["Story", "", 1080, 1920, "≤ 2 MB"])
        sheet.write_row(6, 1, ["Feed", "", 1080, 1350, "1,5 MB"])
        sheet.merge_range(5, 2, 6, 2, "DE")
        sheet.write_row(8, 0, ["Display", "Banner", "AT", 300, 250, "150 KB"])
        sheet.write_row(9, 0, ["Total", "", "", "", "", 12])
        sheet.write_row(11, 0, ["* all files in sRGB"])
        sheet.write_row(5000, 0, [""], book.add_format({"bg_color": "red"}))

    plan = workbook(tmp_path, draw)

    assert [(p.channel, p.name, p.market, p.height_px, p.max_bytes) for p in plan.placements] == [
        ("Instagram", "Story", "de", 1920, 2_000_000),
        ("Instagram", "Feed", "de", 1350, 1_500_000),
        ("Display", "Banner", "at", 250, 150_000),
    ]
    assert plan.errors == []
    assert [(note.row, note.sheet) for note in plan.notes] == [(10, None), (12, None)]


def test_what_a_spreadsheet_made_of_ratios_lengths_percents_and_units(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        names = ["Placement", "Ratio", "Duration", "Safe zone top", "Max weight", "Width"]
        sheet.write_row(0, 0, names)
        clock = book.add_format({"num_format": "hh:mm"})
        sheet.write(1, 0, "Story")
        sheet.write_datetime(1, 1, dt.time(9, 16), clock)
        sheet.write_datetime(1, 2, dt.time(0, 0, 15), book.add_format({"num_format": "h:mm:ss"}))
        sheet.write(1, 3, 0.14, book.add_format({"num_format": "0%"}))
        sheet.write(1, 4, 150, book.add_format({"num_format": '0" KB"'}))
        sheet.write(1, 5, 1080.0)
        sheet.write(2, 0, "Film")
        sheet.write_datetime(2, 1, dt.time(16, 9), clock)
        sheet.write_datetime(2, 2, dt.time(0, 30), clock)

    story, film = workbook(tmp_path, draw).placements

    assert (story.aspect_ratio, story.max_duration_s, story.width_px) == ("9:16", 15, 1080)
    assert (story.safe_zone, story.max_bytes) == (SafeZone(top=0.14), 150_000)
    assert (film.aspect_ratio, film.max_duration_s) == ("16:9", 30)


def test_formula_counts_with_its_stored_value_and_is_an_error_without_one(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Placement", "Width", "Height"])
        sheet.write_row(1, 0, ["Story", 1080])
        sheet.write_formula(1, 2, "=B2*16/9", None, 1920)

    good = workbook(tmp_path, draw)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Placement", "Width", "Height"], ["Story", 1080, "=B2*16/9"]):
        sheet.append(row)
    saved = io.BytesIO()
    book.save(saved)
    bad = read(tmp_path, saved.getvalue())

    assert good.placements[0].height_px == 1920
    assert [(e.row, e.column) for e in bad.errors] == [(2, "Height")]
    assert "no stored value" in bad.errors[0].reason


def test_several_sheets_with_plans_are_one_and_errors_name_theirs(tmp_path: Path) -> None:
    def draw(book: xlsxwriter.Workbook) -> None:
        for title, size in (("Meta", "1080x1920"), ("Display", "300×")):
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, ["Placement", "Size"])
            sheet.write_row(1, 0, [f"{title} one", size])

    plan = workbook(tmp_path, draw)

    assert [p.name for p in plan.placements] == ["Meta one"]
    assert [(e.sheet, e.row, e.column) for e in plan.errors] == [("Display", 2, "Size")]


def _zip(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


def _with_entity(tmp_path: Path) -> bytes:
    path = tmp_path / "entity.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet().write_row(0, 0, ["Placement", "Size"])
    book.close()
    file = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(file, "w") as packed:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
                content = content.replace(b"?>", b"?>" + bomb, 1).replace(b"<v>0", b"<v>&b;0")
            packed.writestr(name, content)
    return file.getvalue()


def test_hostile_and_wrong_files_say_what_they_are(tmp_path: Path) -> None:
    bomb = _zip(**{"[Content_Types].xml": b"", "xl/sheet.xml": b"\0" * (61 << 20)})

    assert refusal(tmp_path, bomb) == "plan_too_large"
    assert refusal(tmp_path, _zip(**{"a.txt": b"hello"})) == "no_plan"
    assert refusal(tmp_path, b"PK\x03\x04 and nothing else") == "damaged_workbook"
    assert refusal(tmp_path, _with_entity(tmp_path)) == "damaged_workbook"
    assert refusal(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500) == (
        "old_or_locked_workbook"
    )
    assert refusal(tmp_path, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\xff\xd8\x81\x8d") == "no_plan"
    assert refusal(tmp_path, b"Dear team,\nplease find attached") == "no_plan_header"
    assert refusal(tmp_path, b"Placement,Size\n") == "empty_plan"
    assert refusal(tmp_path, b"Placement,Size\n" + b"a,300x250\n" * 5_001) == "plan_too_large"
    assert refusal(tmp_path, b'Placement,Size\n"' + b"a" * 200_000 + b'",1\n') == "bad_csv"


@pytest.mark.parametrize("seed", range(40))
def test_damaged_workbook_is_read_or_refused_and_never_breaks_the_reader(
    tmp_path: Path, seed: int
) -> None:
    path = tmp_path / "whole.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Placement", "Size", "Max weight"])
    sheet.merge_range(1, 0, 2, 0, "Story")
    sheet.write_row(1, 1, ["1080x1920", 150])
    book.close()
    chance = random.Random(seed)
    damaged = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 30)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    if seed % 4 == 0:
        damaged = damaged[: chance.randrange(len(damaged))]

    try:
        plan = read(tmp_path, bytes(damaged))
    except BadPlan as refused:
        assert refused.detail.endswith(".")
    else:
        assert plan.placements or plan.errors
