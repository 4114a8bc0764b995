"""Rules of the width of lines in a PDF."""

import pytest

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet


@pytest.mark.parametrize(
    ("content", "state"),
    [
        ("0.25 w 20 20 m 120 20 l S", "passed"),
        ("0.1 w 20 20 m 120 20 l S", "failed"),
        ("0 w 20 20 m 120 20 l S", "failed"),
        ("q 0.1 0 0 0.1 0 0 cm 1 w 200 200 m 1200 200 l S Q", "failed"),
        ("q 10 0 0 10 0 0 cm 0.1 w 2 2 m 12 2 l S Q", "passed"),
        ("20 20 100 0.1 re f", "failed"),
        ("20 20 100 0.3 re f", "passed"),
        ("0.3 w 1 0 0 1 K 20 20 m 120 20 l S", "failed"),
        ("0.6 w 1 0 0 1 K 20 20 m 120 20 l S", "passed"),
        ("0.1 w 0 0 0 0 K 20 20 m 120 20 l S", "failed"),
        ("0.1 w 20 20 m 22 20 l S 1 w 20 20 m 90 20 l S", "passed"),
    ],
)
def test_a_line_is_as_thin_as_it_is_on_the_page(content: str, state: str, pdf: SubjectOf) -> None:
    subject = pdf(Sheet(content, marks_mm=None))

    assert (run_check("pdf_hairlines", subject, {}).state == "failed") == (state == "failed")


def test_white_on_bare_paper_is_no_line(pdf: SubjectOf) -> None:
    subject = pdf(Sheet("0.1 w 0 0 0 0 K 20 20 m 120 20 l S", ground_mm=None, marks_mm=None))

    assert run_check("pdf_hairlines", subject, {}).state == "not_applicable"


def test_a_hairline_is_found_where_it_lies(pdf: SubjectOf) -> None:
    subject = pdf(Sheet("0.05 w 20 100 m 120 100 l S"))

    (finding,) = run_check("pdf_hairlines", subject, {"min_line_pt_inks": 0}).findings

    assert finding.measured == "0.050 pt"
    assert finding.region is not None and finding.region.h < 0.01 and finding.region.w > 0.2
