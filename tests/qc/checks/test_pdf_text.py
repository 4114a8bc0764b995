"""Rules of reading a PDF's own text."""

from pathlib import Path

import pytest

from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.test_safety_area import write_pdf

PROSE = "Elderflower and lime, lightly sparkling"


def lines_of(path: Path) -> list[Line]:
    with open_creative(path, Limits()) as creative:
        subject = Subject(creative)
        return subject.lines(subject.pages[0])


@pytest.mark.parametrize(("turn", "upright"), [(0, True), (90, False), (180, True), (270, False)])
def test_text_is_exact_and_stands_where_it_is_drawn(
    turn: int, upright: bool, tmp_path: Path
) -> None:
    from services.qc.checks.ink import ink_of

    path = write_pdf(tmp_path / "a.pdf", (PROSE, 10, 50), turn=turn)
    with open_creative(path, Limits()) as creative:
        subject = Subject(creative)
        (line,) = subject.lines(subject.pages[0])
        ink = ink_of(subject.rgb(subject.pages[0]), line)

    assert (line.text, line.exact) == (PROSE, True)
    along, across = (line.region.w, line.region.h) if upright else (line.region.h, line.region.w)
    assert 0.55 < along < 0.7
    assert 0.03 < across < 0.06
    if turn == 0:
        assert line.region.x == pytest.approx(0.13, abs=0.01)
        assert line.region.y == pytest.approx(0.467, abs=0.01)
        assert ink is not None and ink.contrast > 15


def test_hidden_text_and_text_without_ink_are_not_there(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", (PROSE, 10, 50), (") Tj 3 Tr (invisible", 10, 20))
    shown = {line.text for line in lines_of(path)}

    assert shown == {PROSE}


def test_columns_are_lines_of_their_own(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ("Made for slow", 5, 50), ("summer nights here", 60, 50))

    assert {line.text for line in lines_of(path)} == {"Made for slow", "summer nights here"}


def test_ocr_reads_what_only_pixels_show(tmp_path: Path) -> None:
    """A picture of text beside live text: both are read, the live one exactly."""
    import pikepdf
    from PIL import Image, ImageDraw, ImageFont

    path = write_pdf(tmp_path / "a.pdf", (PROSE, 10, 20))
    picture = Image.new("L", (900, 200), 255)
    ImageDraw.Draw(picture).text(
        (20, 40), "SUMMER NIGHTS", fill=0, font=ImageFont.load_default(100)
    )
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        image = pdf.make_stream(
            picture.tobytes(),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=900,
            Height=200,
            ColorSpace=pikepdf.Name.DeviceGray,
            BitsPerComponent=8,
        )
        pdf.pages[0].Resources.XObject = pikepdf.Dictionary(I=image)
        pdf.pages[0].contents_add(b"q 250 0 0 55 30 180 cm /I Do Q")
        pdf.save(path)

    assert {(line.text, line.exact) for line in lines_of(path)} == {
        (PROSE, True),
        ("SUMMER NIGHTS", False),
    }
