"""Rules of crop marks on PDF pages."""

import pytest

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import MM, Sheet


@pytest.mark.parametrize("boxes", [True, False])
def test_marks_at_four_corners_pass_with_and_without_a_trim_box(
    boxes: bool, pdf: SubjectOf
) -> None:
    measured = run_check("crop_marks", pdf(Sheet(boxes=boxes)), {})

    assert (measured.state, measured.measurements["marked_corners"]) == ("passed", [4])


def test_a_page_without_marks_fails_when_they_are_required(pdf: SubjectOf) -> None:
    subject = pdf(Sheet(marks_mm=None))

    assert run_check("crop_marks", subject, {}).state == "failed"
    assert run_check("crop_marks", subject, {"marks": "any"}).state == "passed"
    assert run_check("crop_marks", subject, {"marks": "forbidden"}).state == "passed"


def test_forbidden_marks_fail_where_they_stand(pdf: SubjectOf) -> None:
    (finding,) = run_check("crop_marks", pdf(Sheet()), {"marks": "forbidden"}).findings

    assert finding.region is not None and finding.region.w > 0.8


def test_marks_in_the_bleed_fail(pdf: SubjectOf) -> None:
    (finding,) = run_check("crop_marks", pdf(Sheet(marks_mm=1)), {}).findings

    assert finding.measured == "1.0 mm from the trim"


def test_a_missing_corner_fails(pdf: SubjectOf) -> None:
    (finding,) = run_check("crop_marks", pdf(Sheet(corners=3)), {}).findings

    assert finding.measured == "3 of 4 corners"


def test_a_table_on_the_page_is_no_mark(pdf: SubjectOf) -> None:
    rules = " ".join(
        f"{20 * column * MM} 10 m {20 * column * MM} 30 l 10 {10 * column} m 30 {10 * column} l"
        for column in range(1, 5)
    )
    subject = pdf(Sheet(f"0.25 w {rules} S", marks_mm=None))

    assert run_check("crop_marks", subject, {}).measurements["marked_corners"] == [0]
