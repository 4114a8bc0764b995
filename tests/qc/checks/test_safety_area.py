"""Rules of the check of the distance from the trimmed edge."""

from pathlib import Path
from typing import Any

import pikepdf
import pytest

from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.lines import line

MM = 72 / 25.4


def write_pdf(
    path: Path, *texts: tuple[str, float, float], trim: bool = True, turn: int = 0
) -> Path:
    """A page of 110 by 110 mm with a trim box of 100 by 100 mm; texts of 4 mm stand at (x, y) mm
    from the bottom left of the trim."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(110 * MM, 110 * MM))
    if trim:
        page.trimbox = pikepdf.Array([5 * MM, 5 * MM, 105 * MM, 105 * MM])
    if turn:
        page.rotate(turn, relative=False)
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=pdf.make_indirect(font)))
    drawn = "".join(
        f"BT /F {4 * MM} Tf {(5 + x) * MM} {(5 + y) * MM} Td ({text}) Tj ET\n"
        for text, x, y in texts
    )
    page.Contents = pdf.make_stream(drawn.encode("latin-1"))
    pdf.save(path)
    return path


@pytest.mark.parametrize("turn", [0, 90])
@pytest.mark.parametrize(("x", "near"), [(1.5, True), (4.0, False)])
def test_a_pdf_is_measured_from_its_trim_box(
    x: float, near: bool, turn: int, tmp_path: Path
) -> None:
    texts = ("Made for slow nights", x, 50.0), ("Job 4711 file name", 30.0, -4.5)
    path = write_pdf(tmp_path / "a.pdf", *texts, turn=turn)
    with open_creative(path, Limits()) as creative:
        measured = run_check("safety_area", Subject(creative), {})

    assert measured.measurements["unit"] == "mm"
    assert measured.measurements["least_distance"] == pytest.approx(x, abs=0.4)
    assert (measured.state == "failed") == near
    side = "top" if turn else "left"
    assert [f.message for f in measured.findings] == [
        f"The text is too near to the {side} edge."
    ] * near


def test_without_a_trim_box_the_page_is_cut_at_its_edge(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ("Made for slow nights", -3.5, 50.0), trim=False)
    with open_creative(path, Limits()) as creative:
        measured = run_check("safety_area", Subject(creative), {})

    assert measured.measurements["least_distance"] == pytest.approx(1.5, abs=0.4)
    assert measured.state == "failed"


@pytest.mark.parametrize(("x", "state"), [(10, "failed"), (60, "passed")])
def test_a_picture_is_measured_in_shares_of_its_short_side(
    x: float, state: str, read: SubjectOf
) -> None:
    measured: Any = run_check("safety_area", read(line("Made for slow nights", x=x, y=800)), {})

    assert measured.state == state
    assert measured.measurements["least_distance"] == pytest.approx(x)


def test_nothing_placed_is_not_judged(read: SubjectOf) -> None:
    assert run_check("safety_area", read(), {}).state == "not_applicable"
