"""What is read from a PDF, and that no file keeps the reader from ending."""

import random
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from libs.contracts.qc import CreativePage
from services.qc.checks import CHECKS, run_check
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.decoder_process import ChildLimits
from services.qc.decoders import Decoders
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Limits
from services.qc.preflight.facts import PageFacts, PdfFacts
from services.qc.preflight.reader import Damaged, read_pdf
from tests.qc.checks.drawn_pdfs import SLUG, Sheet, separation, text, write_pdf
from tests.qc.test_decoders import creative

ROOT = Path(__file__).parents[3]
SHARED = ROOT / ".." / "shared" / "data" / "creative"
REAL = sorted((SHARED / "pdfs").glob("*.pdf"))
HOSTILE = sorted((SHARED / "hostile").glob("*.pdf"))
PDF_CHECKS = [name for name, check in CHECKS.items() if "pdf" in check.needs]
MINUTE = 60.0


def facts(path: Path, seconds: float = MINUTE) -> PdfFacts:
    return read_pdf(path, most_pages=100, most_seconds=seconds)


def read_page(tmp_path: Path, sheet: Sheet) -> PageFacts:
    return facts(write_pdf(tmp_path / "sheet.pdf", sheet)).pages[0]


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [(0, (0, 1)), (90, (0, 0)), (180, (1, 0)), (270, (1, 1)), (-90, (1, 1)), (450, (0, 0))],
)
def test_a_region_is_where_the_page_shows_it(
    rotation: int, corner: tuple[int, int], tmp_path: Path
) -> None:
    sheet = Sheet("1 0 0 0 k -42 -42 20 20 re f", ground_mm=None, marks_mm=None,
                  extra={"Rotate": rotation})  # fmt: skip
    page = read_page(tmp_path, sheet)

    region = page.region(page.marks[0].box)

    assert (round(region.x + region.w / 2), round(region.y + region.h / 2)) == corner
    size = page.size_mm()
    assert size == pytest.approx((100, 80) if rotation % 180 == 0 else (80, 100))


def test_a_region_is_a_share_of_the_crop_box(tmp_path: Path) -> None:
    crop = Array([SLUG, SLUG, SLUG + 100, SLUG + 100])
    page = read_page(tmp_path, Sheet("0 50 50 50 re f", marks_mm=None, extra={"CropBox": crop}))

    region = page.region(page.marks[-1].box)

    assert (region.x, region.y, region.w, region.h) == pytest.approx((0, 0, 0.5, 0.5), abs=1e-3)


def test_the_graphics_state_is_saved_and_restored(tmp_path: Path) -> None:
    content = "q 2 0 0 2 0 0 cm 3 w 0 0 m 9 9 l S Q 0 0 m 9 9 l S Q Q Q 0 0 m 9 9 l S"
    page = read_page(tmp_path, Sheet(content, marks_mm=None, ground_mm=None))

    assert [mark.line_pt for mark in page.marks] == [6, 1, 1]


def test_looks_and_spots_come_from_the_resources(tmp_path: Path) -> None:
    states = {"T": Dictionary(ca=0.5, BM=Name.Multiply, OP=True, op=False, OPM=1)}
    sheet = Sheet(
        "/T gs /S cs 0.25 scn 9 9 9 9 re f",
        resources={"ExtGState": states, "ColorSpace": {"S": separation("Gold")}},
    )
    mark = read_page(tmp_path, sheet).marks[-1]

    assert mark.fill is not None and mark.fill.plates() == {"Gold": 0.25}
    assert (mark.look.fill_alpha, mark.look.blend) == (0.5, "Multiply")
    assert (mark.look.fill_overprint, mark.look.stroke_overprint) == (False, True)


def test_text_moves_its_pen_by_the_widths_of_its_letters(tmp_path: Path) -> None:
    page = read_page(tmp_path, Sheet("BT /F 10 Tf 20 20 Td (iiii) Tj (i) Tj (W) Tj ET"))

    first, second, wide = (mark.box for mark in page.marks if mark.text)
    assert second[0] == pytest.approx(first[2])
    assert first[2] - first[0] == pytest.approx(4 * (second[2] - second[0]))
    assert wide[2] - wide[0] > 2 * (second[2] - second[0])


def _endless_form(pdf: pikepdf.Pdf) -> Any:
    form = pdf.make_indirect(Stream(pdf, b"/X Do " * 50))
    form.Subtype, form.BBox = Name.Form, Array([0, 0, 100, 100])
    form.Resources = Dictionary(XObject=Dictionary(X=form))
    return form


def _bush(pdf: pikepdf.Pdf) -> Any:
    """Forms that each paint ten of the next: ten billion marks."""
    inner = pdf.make_indirect(Stream(pdf, b"0 0 9 9 re f "))
    inner.Subtype, inner.BBox = Name.Form, Array([0, 0, 100, 100])
    for _ in range(9):
        outer = pdf.make_indirect(Stream(pdf, b"/X Do " * 10))
        outer.Subtype, outer.BBox = Name.Form, Array([0, 0, 100, 100])
        outer.Resources = Dictionary(XObject=Dictionary(X=inner))
        inner = outer
    return inner


def _wrong_types(pdf: pikepdf.Pdf) -> dict[str, Any]:
    return {
        "Font": {"Z": Array([1, 2])},
        "ColorSpace": {"S": Array([Name.ICCBased, 7]), "D": Array([Name.DeviceN, 3, 3, 3])},
        "ExtGState": {"T": Dictionary(OPM=Name.Yes, ca=Name.No, Font=Array([]), SMask=3, LW="x")},
        "XObject": {"I": Dictionary(Subtype=Name.Image)},
        "Pattern": {"P": Dictionary(Shading=Dictionary(ColorSpace=4))},
    }


NONSENSE = (
    "/Z 9 Tf /S cs 1 sc /D CS 1 SC /T gs /I Do /P scn 0 0 9 9 re f (x) Tj cm w "
    "1 cm /None gs /None Do /None sh BT ET EMC EMC Q Q 1e99 0 0 1e99 0 0 cm 0 0 9 9 re f "
    "/P /Q /R re BI /W -4 /H x ID EI"
)


def test_nonsense_is_passed_over_and_what_follows_is_read(tmp_path: Path) -> None:
    sheet = Sheet(f"q {NONSENSE} Q 1 0 0 0 k 0 0 9 9 re f", resources=_wrong_types(pikepdf.new()))

    page = read_page(tmp_path, sheet)

    assert page.marks[-1].fill is not None and page.marks[-1].fill.values == (1, 0, 0, 0)
    assert page.notes


@pytest.mark.parametrize("made", [_endless_form, _bush])
def test_forms_in_forms_end(made: Any, tmp_path: Path) -> None:
    sheet = Sheet("/X Do", resources={"XObject": {"X": made}})
    path = write_pdf(tmp_path / "deep.pdf", sheet, Sheet("0 0 9 9 re f"))
    started = time.monotonic()

    found = facts(path, seconds=1)

    assert time.monotonic() - started < 10
    assert len(found.pages) == 2


def test_what_is_not_read_leaves_a_result_unsure(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "slow.pdf", Sheet("9 9 m 99 99 l S"), Sheet("9 9 m 99 99 l S"))
    with open_creative(path, Limits()) as creative:
        subject = Subject(creative, pdf_seconds=0.0)
        states = {name: run_check(name, subject, {}).state for name in PDF_CHECKS}

    assert "passed" not in states.values()
    assert states["pdf_hairlines"] == states["pdf_contents"] == "unsure"


@pytest.mark.parametrize("file", REAL, ids=lambda file: file.name)
def test_real_files_are_read_whole(file: Path) -> None:
    found = facts(file)

    assert found.notes == []
    assert [page.notes for page in found.pages] == [[]] * len(found.pages)
    assert any(page.marks for page in found.pages)


def test_a_file_that_is_none_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing")

    with pytest.raises(Damaged):
        facts(path)


def _bomb(path: Path) -> Path:
    pdf = pikepdf.new()
    page = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 99, 99]))
    stream = Stream(pdf, zlib.compress(b"0 0 9 9 re f " * 10_000_000, 1))
    stream.Filter = Name.FlateDecode
    page.Contents = stream
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    pdf.save(path, compress_streams=False)
    return path


def test_content_that_grows_a_thousandfold_is_read_in_part(tmp_path: Path) -> None:
    path = _bomb(tmp_path / "bomb.pdf")
    started = time.monotonic()

    found = facts(path, seconds=1)

    assert time.monotonic() - started < 10
    assert found.notes or found.pages[0].notes


def _mutated(path: Path, seed: int) -> Path:
    """A whole file of many features with bytes changed at random."""
    sheet = Sheet(text("Hello") + NONSENSE, resources=_wrong_types(pikepdf.new()))
    whole = write_pdf(path, sheet, Sheet(text("Hello again", font="H")))
    data, chance = bytearray(whole.read_bytes()), random.Random(seed)
    for _ in range(30):
        data[chance.randrange(20, len(data))] = chance.randrange(256)
    path.write_bytes(data)
    return path


async def test_hostile_files_end_in_results_or_a_problem(tmp_path: Path) -> None:
    """Each within ten seconds and a gibibyte, in one worker that stays alive."""
    limits = ChildLimits(1 << 30, 64_000_000, 100, 10.0, 30.0)
    mutated = [_mutated(tmp_path / f"mutated{seed}.pdf", seed) for seed in range(12)]
    questions = {name: {"measure": name, "parameters": {}} for name in PDF_CHECKS}
    async with Decoders(1, limits) as decoders:
        for file in [*HOSTILE, *mutated]:
            started = time.monotonic()
            stream = decoders.examine(file, creative(file.name), questions, Brief(), None)
            told = [message async for message in stream]
            results = [message for message in told if "measured" in message]

            assert {message["check_id"] for message in results} == set(PDF_CHECKS), file.name
            assert time.monotonic() - started < 10, file.name
            assert not any("broke while" in str(message["measured"]["reason"])
                           for message in results), file.name  # fmt: skip


def test_a_large_page_has_its_millimetres_from_its_unit(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "poster.pdf", Sheet(extra={"UserUnit": 10}), Sheet())

    with open_creative(path, Limits()) as opened:
        assert [round(page.width_mm or 0) for page in opened.pages] == [1300, 130]


async def test_the_upload_door_lists_the_pages(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "two.pdf", Sheet(), Sheet(trim_mm=(50, 50), boxes=False))

    async with Decoders(1, ChildLimits(1 << 30, 64_000_000, 100, 20.0, 30.0)) as decoders:
        opened = await decoders.open(path, "two.pdf")

    first, second = map(CreativePage.model_validate, opened["strip"])
    assert (first.number, first.type, first.width_mm) == (1, "artwork", 130.0)
    assert (first.trim_width_mm, first.trim_height_mm) == (100.0, 80.0)
    assert (second.width_mm, second.trim_width_mm) == (80.0, None)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_region_lies_on_the_pixels_that_are_shown(rotation: int, tmp_path: Path) -> None:
    crop = Array([SLUG - 9, SLUG + 5, SLUG + 250, SLUG + 190])
    sheet = Sheet("0 1 1 0 k 30 40 60 20 re f", ground_mm=None, marks_mm=None,
                  extra={"CropBox": crop, "Rotate": rotation})  # fmt: skip
    with open_creative(write_pdf(tmp_path / "turned.pdf", sheet), Limits()) as opened:
        subject = Subject(opened)
        pixels = subject.rgb(opened.pages[0])
        (page,) = subject.pdf_pages()
        region = page.region(page.marks[0].box)
    rows, columns = np.nonzero(pixels[..., 1] < 128)
    height, width = pixels.shape[:2]

    assert (region.x, region.y) == pytest.approx(
        (columns.min() / width, rows.min() / height), abs=0.004
    )
    assert (region.x + region.w, region.y + region.h) == pytest.approx(
        ((columns.max() + 1) / width, (rows.max() + 1) / height), abs=0.004
    )
