"""Rules of the check of transparent pictures on light and dark backgrounds."""

from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf

NAVY, GREY = (14, 30, 58, 255), (130, 130, 130, 255)


def mark(
    colour: tuple[int, int, int, int], plate: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> Image.Image:
    """A ring and a name on nothing, or on a plate."""
    picture = Image.new("RGBA", (900, 400), (255, 255, 255, 0))
    draw = ImageDraw.Draw(picture)
    if plate[3]:
        draw.rectangle((20, 20, 880, 380), fill=plate)
    draw.ellipse((60, 100, 260, 300), outline=colour, width=24)
    draw.text((320, 150), "Northwind", fill=colour, font=ImageFont.load_default(100))
    return picture


def test_dark_type_on_nothing_is_lost_in_the_dark(picture: SubjectOf) -> None:
    measured = run_check("dark_mode_legibility", picture(mark(NAVY)), {})

    assert measured.state == "failed"
    assert {finding.rule for finding in measured.findings} == {
        "contrast at least 3:1 on #000000",
        "contrast at least 3:1 on #121212",
    }
    assert measured.score == pytest.approx(33.3)
    region = measured.findings[0].region
    assert region is not None and region.x > 0.3


def test_white_type_on_nothing_is_lost_in_the_light(picture: SubjectOf) -> None:
    """OCR sees nothing on white, so the outline tells it."""
    measured = run_check("dark_mode_legibility", picture(mark((255, 255, 255, 255))), {})

    (finding,) = measured.findings
    assert finding.message == "The outline sinks into #FFFFFF."
    assert finding.region is not None


@pytest.mark.parametrize("picture_of", [mark(GREY), mark(NAVY, plate=(255, 160, 20, 255))])
def test_a_middle_tone_and_a_plate_show_on_all(picture_of: Image.Image, picture: SubjectOf) -> None:
    given: Any = {"backgrounds": ["#121212", "#1C1C1E"]}

    assert run_check("dark_mode_legibility", picture(picture_of), given).state == "passed"


@pytest.mark.parametrize(
    ("colour", "rim"), [("white", "white"), ("black", "black"), ("red", "other")]
)
def test_an_opaque_picture_is_not_judged_but_its_rim_is_told(
    colour: str, rim: str, picture: SubjectOf
) -> None:
    measured = run_check("dark_mode_legibility", picture(Image.new("RGB", (300, 300), colour)), {})

    assert (measured.state, measured.measurements["rim"]) == ("not_applicable", rim)


@pytest.mark.parametrize("box", [(0, 0, 299, 1), (298, 0, 299, 199), (0, 198, 299, 199)])
def test_a_clear_strip_along_an_edge_lets_no_background_through(
    box: tuple[int, int, int, int], picture: SubjectOf
) -> None:
    """As an export leaves it where the artboard ends on half a pixel."""
    image = Image.new("RGBA", (300, 200), NAVY)
    image.paste((0, 0, 0, 0), (box[0], box[1], box[2] + 1, box[3] + 1))

    measured = run_check("dark_mode_legibility", picture(image), {})

    assert (measured.state, measured.measurements["rim"]) == ("not_applicable", "other")


def test_a_strip_tells_nothing_of_the_outline_of_what_is_clear_elsewhere(
    picture: SubjectOf,
) -> None:
    image = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    image.paste(NAVY, (0, 0, 300, 80))
    image.paste((0, 0, 0, 0), (0, 0, 300, 1))
    image.paste((255, 160, 20, 255), (0, 70, 300, 80))

    given: Any = {"backgrounds": ["#121212"], "max_lost_edge": 0.2}

    assert run_check("dark_mode_legibility", picture(image), given).state == "passed"


def test_alpha_is_read_off_two_backgrounds(picture: SubjectOf) -> None:
    image = Image.new("RGBA", (64, 64), (200, 40, 90, 128))
    image.putpixel((3, 5), (0, 0, 0, 255))
    subject = picture(image)

    alpha = subject.alpha(subject.pages[0])

    assert alpha is not None
    assert int(alpha[20, 20]) == pytest.approx(128, abs=1)
    assert int(alpha[5, 3]) == 255
