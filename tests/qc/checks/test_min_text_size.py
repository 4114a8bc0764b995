"""Rules of the smallest type, on PDFs and in pictures."""

import pytest

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, text


@pytest.mark.parametrize(
    ("content", "state", "smallest"),
    [
        (text("legal line", 5), "passed", 5),
        (text("legal line", 4.5), "failed", 4.5),
        ("q 0.5 0 0 0.5 0 0 cm " + text("legal line", 8, 40, 40) + " Q", "failed", 4),
        ("BT /F 1 Tf 6 0 0 6 20 20 Tm (legal line) Tj ET", "passed", 6),
        ("BT /F 1 Tf 0 4 -4 0 60 20 Tm (on end) Tj ET", "failed", 4),
        ("BT /F 1 Tf 12 0 0 3 20 20 Tm (squashed) Tj ET", "failed", 3),
        ("0 0 0 0 k " + text("reversed", 7), "failed", 7),
        ("0 0.5 1 0.2 k " + text("three inks", 7), "failed", 7),
        ("0 0 0 0.6 k " + text("grey", 7), "passed", 7),
        (text("fine", 9) + "BT 3 Tr /F 2 Tf 20 60 Td (scanned) Tj ET", "passed", 9),
        (text("fine", 9) + text("   ", 1, 20, 60), "passed", 9),
        (text("fine", 9) + "BT /F 4 Tf 20 50 Td [(leg) -20 (al)] TJ ET", "failed", 4),
    ],
)
def test_type_is_as_large_as_it_is_on_the_page(
    content: str, state: str, smallest: float, pdf: SubjectOf
) -> None:
    measured = run_check("min_text_size", pdf(Sheet(content)), {})

    assert (measured.state, measured.measurements["smallest_pt"]) == (state, smallest)


def test_small_type_is_quoted_where_it_stands(pdf: SubjectOf) -> None:
    sheet = Sheet(text("SALE", 30, 20, 150) + text("Terms apply", 4, 20, 20) * 2)

    (finding,) = run_check("min_text_size", pdf(sheet), {}).findings

    assert finding.evidence is not None and "Terms apply" in finding.evidence
    assert finding.measured == "4.0 pt (1.41 mm, 2 places)"
    assert finding.region is not None
    assert finding.region.y > 0.6 and finding.region.h < 0.03


def test_millimetres_can_be_asked_for(pdf: SubjectOf) -> None:
    subject = pdf(Sheet(text("legal line", 8)))

    assert run_check("min_text_size", subject, {"min_mm": 2.8}).state == "passed"
    assert run_check("min_text_size", subject, {"min_mm": 3}).state == "failed"


def test_in_a_picture_lines_are_measured_in_pixels(sample: SubjectOf) -> None:
    measured = run_check("min_text_size", sample("tiny_text"), {"min_px": 15})

    assert (measured.state, measured.measurements["by"]) == ("failed", "OCR")
    assert measured.findings[0].region is not None
