"""Rules of the check of the number of pixels."""

from pathlib import Path

import pytest
from PIL import Image

from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf


@pytest.mark.parametrize(("width_mm", "state"), [(100, "passed"), (101, "failed")])
def test_a_print_size_needs_its_dots_per_inch(
    width_mm: float, state: str, picture: SubjectOf
) -> None:
    subject = picture(Image.new("RGB", (1182, 1182)))

    measured = run_check(
        "image_resolution", subject, {"print_width_mm": width_mm, "print_height_mm": 100}
    )

    assert measured.state == state


def test_the_score_is_the_worst_share_of_the_required_pixels(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (2000, 250)))

    measured = run_check(
        "image_resolution", subject, {"min_short_side_px": 1000, "min_long_side_px": 4000}
    )

    assert measured.score == 25
    assert len(measured.findings) == 2


def test_a_pdf_has_no_pixels_to_judge(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "page.pdf")

    with open_creative(tmp_path / "page.pdf", Limits()) as creative:
        measured = run_check("image_resolution", Subject(creative), {})

    assert (measured.state, measured.score) == ("not_applicable", None)
