"""Rules of the check of the smallest text."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf

COPY = ("Please recycle this bottle", "Made for slow nights", "SUMMER NIGHTS")


def with_text(text: str, size_px: int) -> Image.Image:
    image = Image.new("RGB", (1200, 900), "white")
    ImageDraw.Draw(image).text((60, 400), text, fill="black", font=ImageFont.load_default(size_px))
    return image


@pytest.mark.parametrize("text", COPY)
@pytest.mark.parametrize("size_px", [24, 48, 80])
def test_the_x_height_is_estimated_to_fifteen_percent(
    text: str, size_px: int, picture: SubjectOf
) -> None:
    _, top, _, bottom = ImageFont.load_default(size_px).getbbox("x")

    measured = run_check("text_readability", picture(with_text(text, size_px)), {})

    assert measured.measurements["smallest_x_height"] == pytest.approx(
        bottom - top, rel=0.15, abs=1
    )


def test_the_limit_may_be_a_share_of_the_short_side(picture: SubjectOf) -> None:
    subject = picture(with_text(COPY[0], 40))

    assert run_check("text_readability", subject, {"min_x_height_share": 0.02}).state == "passed"
    measured = run_check("text_readability", subject, {"min_x_height_share": 0.04})
    assert measured.state == "failed"
    assert measured.findings[0].rule == "x-height at least 36.0 px"


def test_a_pdf_page_is_judged_in_millimetres(tmp_path: Path) -> None:
    with_text(COPY[0], 40).save(tmp_path / "page.pdf", resolution=300)

    with open_creative(tmp_path / "page.pdf", Limits()) as creative:
        measured = run_check("text_readability", Subject(creative), {})

    assert measured.measurements["unit"] == "mm"
    assert measured.measurements["smallest_x_height"] == pytest.approx(1.8, rel=0.2)


def test_a_picture_without_text_is_not_judged(picture: SubjectOf) -> None:
    measured = run_check("text_readability", picture(Image.new("RGB", (300, 300))), {})

    assert measured.state == "not_applicable"


def test_rule_of_a_table_is_not_measured_as_text(picture: SubjectOf) -> None:
    image = Image.new("RGB", (900, 600), "white")
    draw = ImageDraw.Draw(image)
    for row in range(4):
        top = 100 + 62 * row
        draw.line((100, top, 700, top), fill="black", width=2)
        draw.text(
            (124, top + 10), f"Sugars {row}.9 g", font=ImageFont.load_default(38), fill="black"
        )

    measured = run_check("text_readability", picture(image), {"min_x_height_px": 15})

    assert measured.state == "passed", measured.findings
