"""Rules of crop marks on PDF pages and in pictures."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

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


def proof(corners: int = 4, ground: int = 255) -> Image.Image:
    """Noise as artwork on a wide rim, with hairline marks outside its trim."""
    picture = Image.new("RGB", (1000, 800), (ground,) * 3)
    noise = np.random.default_rng(7).integers(0, 255, (600, 800, 3), np.uint8)
    picture.paste(Image.fromarray(noise), (100, 100))
    draw = ImageDraw.Draw(picture)
    for x, y in ((110, 110), (889, 110), (110, 689), (889, 689))[:corners]:
        out_x, out_y = (-1 if x < 500 else 1), (-1 if y < 400 else 1)
        draw.line((x, y + 30 * out_y, x, y + 75 * out_y), fill=0)
        draw.line((x + 30 * out_x, y, x + 75 * out_x, y), fill=0)
    return picture


def test_marks_in_a_picture_fail_where_they_stand(picture: SubjectOf) -> None:
    subject = picture(proof())

    measured = run_check("crop_marks", subject, {})

    (finding,) = measured.findings
    assert (measured.state, measured.measurements["marked_corners"]) == ("failed", [4])
    assert finding.region is not None
    assert (finding.region.x, finding.region.w) == pytest.approx((0.035, 0.93), abs=0.01)
    assert run_check("crop_marks", subject, {"marks": "required"}).state == "passed"


@pytest.mark.parametrize("image", [proof(corners=0), proof(corners=2), proof(ground=90)])
def test_a_picture_without_four_marks_on_paper_has_none(
    image: Image.Image, picture: SubjectOf
) -> None:
    assert run_check("crop_marks", picture(image), {}).state == "passed"
    assert run_check("crop_marks", picture(image), {"marks": "required"}).state == "failed"
