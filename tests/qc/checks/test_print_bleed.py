"""Rules of bleed: the boxes, and the artwork that has to fill them."""

import pytest

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, image, placed


def test_a_sheet_with_bleed_that_is_filled_passes(pdf: SubjectOf) -> None:
    measured = run_check("print_bleed", pdf(Sheet()), {})

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])
    assert measured.measurements["bleed_mm"] == [dict(left=3, bottom=3, right=3, top=3)]


def test_a_page_without_a_trim_box_fails(pdf: SubjectOf) -> None:
    measured = run_check("print_bleed", pdf(Sheet(boxes=False)), {})

    assert (measured.state, measured.score) == ("failed", 0)
    assert "no trim box" in measured.findings[0].message


def test_bleed_that_is_too_narrow_fails_with_its_millimetres(pdf: SubjectOf) -> None:
    measured = run_check("print_bleed", pdf(Sheet(bleed_mm=2)), {})

    assert measured.state == "failed"
    assert measured.findings[0].measured == "left 2.0 mm, bottom 2.0 mm, right 2.0 mm, top 2.0 mm"
    assert run_check("print_bleed", pdf(Sheet(bleed_mm=2)), {"min_bleed_mm": 2}).state == "passed"


def test_a_bleed_box_without_artwork_in_it_fails_on_every_side(pdf: SubjectOf) -> None:
    measured = run_check("print_bleed", pdf(Sheet(ground_mm=0)), {})

    assert measured.state == "failed"
    sides = {finding.message.split(" on the ")[1].split(":")[0] for finding in measured.findings}
    assert sides == {"left", "right", "top", "bottom"}


def test_a_picture_that_stops_at_one_edge_is_found_there(pdf: SubjectOf) -> None:
    content = placed("I", 100, 100, x=0, y=50)
    sheet = Sheet(content, ground_mm=None, resources={"XObject": {"I": image(8, 8)}})

    (finding,) = run_check("print_bleed", pdf(sheet), {}).findings

    assert "on the left" in finding.message
    assert finding.region is not None and finding.region.x < 0.12 and finding.region.w < 0.2


@pytest.mark.parametrize("gap_mm", [1.0, 5.0])
def test_artwork_that_keeps_clear_of_the_edge_needs_no_bleed(gap_mm: float, pdf: SubjectOf) -> None:
    sheet = Sheet(ground_mm=-gap_mm)

    assert run_check("print_bleed", pdf(sheet), {}).state == "passed"


def test_white_paper_with_text_needs_no_bleed(pdf: SubjectOf) -> None:
    sheet = Sheet("BT /F 12 Tf 40 40 Td (Hello) Tj ET", ground_mm=None)

    assert run_check("print_bleed", pdf(sheet), {}).state == "passed"


def test_a_turned_page_has_the_same_bleed(pdf: SubjectOf) -> None:
    (finding,) = run_check("print_bleed", pdf(
        Sheet(placed("I", 100, 100, x=0, y=50), ground_mm=None,
              resources={"XObject": {"I": image(8, 8)}}, extra={"Rotate": 90})
    ), {}).findings  # fmt: skip

    assert "on the left" in finding.message
    assert finding.region is not None and finding.region.y < 0.12 and finding.region.h < 0.2


def test_a_picture_is_not_asked_for_bleed(sample: SubjectOf) -> None:
    assert run_check("print_bleed", sample(), {}).state == "not_applicable"
