"""Rules of the count of elements on plain ground."""

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf


def page_of(number: int) -> Image.Image:
    """So many discs, the last of them a block of text."""
    page = Image.new("RGB", (1000, 1000), "#f4f0e6")
    draw = ImageDraw.Draw(page)
    for at in range(number - 1):
        left, top = 60 + 240 * (at % 4), 60 + 240 * (at // 4)
        draw.ellipse((left, top, left + 130, top + 130), fill="#147840")
    if number:
        text = "Elderflower and lime\nlightly sparkling"
        draw.text((60, 840), text, font=ImageFont.load_default(48), fill="#0e1e3a")
    return page


@pytest.mark.parametrize("number", [1, 3, 7, 9])
def test_separate_elements_are_counted(number: int, picture: SubjectOf) -> None:
    measured = run_check("visual_elements_count", picture(page_of(number)), {})

    assert measured.measurements["elements"] == number
    assert measured.state == ("passed" if number <= 7 else "failed")


def test_compression_adds_no_element(picture: SubjectOf) -> None:
    subject = picture(page_of(5), "a.jpg", quality=70)

    assert run_check("visual_elements_count", subject, {}).measurements["elements"] == 5


def test_a_cloud_of_the_ground_is_no_element(picture: SubjectOf) -> None:
    clouds = Image.new("L", (1000, 1000))
    ImageDraw.Draw(clouds).ellipse((600, 560, 760, 720), fill=255)
    clouds = clouds.filter(ImageFilter.GaussianBlur(40))
    page = page_of(3)
    page.paste("#a09a8c", (0, 0), clouds)

    measured = run_check("visual_elements_count", picture(page), {})

    assert measured.measurements["elements"] == 3


def test_a_pale_panel_is_one(picture: SubjectOf) -> None:
    page = page_of(3)
    ImageDraw.Draw(page).rectangle((600, 560, 760, 720), fill="#d8d4ca")

    measured = run_check("visual_elements_count", picture(page), {})

    assert measured.measurements["elements"] == 4


def test_an_empty_page_has_too_few(picture: SubjectOf) -> None:
    measured = run_check("visual_elements_count", picture(page_of(0)), {})

    assert (measured.state, measured.score) == ("failed", 0)


def test_on_a_picture_nothing_is_counted(picture: SubjectOf) -> None:
    page = Image.effect_noise((600, 600), 90).convert("RGB")

    measured = run_check("visual_elements_count", picture(page), {})

    assert (measured.state, measured.score) == ("not_applicable", None)
