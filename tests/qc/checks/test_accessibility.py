"""Rules of the checks of accessibility and of small screens."""

from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from services.qc.checks.colour_vision import as_seen, difference
from tests.qc.checks.conftest import SubjectOf

Colour = tuple[int, int, int]
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def with_text(*drawn: tuple[str, Colour, int], background: Colour = WHITE) -> Image.Image:
    image = Image.new("RGB", (1200, 900), background)
    for row, (text, colour, size_px) in enumerate(drawn):
        at = (60, 80 + 200 * row)
        ImageDraw.Draw(image).text(at, text, fill=colour, font=ImageFont.load_default(size_px))
    return image


def messages(subject: Any, **parameters: Any) -> list[str]:
    return [f.message for f in run_check("accessibility", subject, parameters).findings]


def test_red_on_black_is_lost_to_people_without_red_cones(picture: SubjectOf) -> None:
    subject = picture(with_text(("Hot summer nights", (225, 0, 0), 60), background=BLACK))

    assert messages(subject) == ["The text hardly stands out for people with protanopia."]
    assert messages(subject, colour_blindness=False) == []


def test_plain_and_strong_text_passes(picture: SubjectOf) -> None:
    subject = picture(with_text(("Hot summer nights", BLACK, 60), ("and days", (0, 60, 140), 60)))

    measured = run_check("accessibility", subject, {})

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])


def test_small_and_pale_text_are_both_told(picture: SubjectOf) -> None:
    subject = picture(with_text(("Please recycle this", (185, 185, 185), 30)))

    assert messages(subject, min_x_height_px=30) == [
        "The text hardly stands out from its background.",
        "The text is too small to be read.",
    ]


def test_red_and_green_that_mean_something_are_told_without_a_fault(picture: SubjectOf) -> None:
    subject = picture(
        with_text(("In stock today", (0, 118, 0), 60), ("Sold out", (176, 62, 0), 60))
    )

    measured = run_check("accessibility", subject, {"min_ratio": 3})

    assert measured.state == "passed"
    (finding,) = measured.findings
    assert "cannot tell its colour" in finding.message
    assert finding.region is not None


def test_grey_looks_the_same_to_everybody() -> None:
    for grey in (0, 90, 255):
        colour = (grey, grey, grey)
        assert difference(as_seen(colour, "deuteranopia"), colour) < 1


@pytest.mark.parametrize(
    ("widths", "state"), [([320], "failed"), ([768], "passed"), ([768, 320], "failed")]
)
def test_text_is_judged_at_the_smallest_width(
    widths: list[int], state: str, picture: SubjectOf
) -> None:
    """A type of 28 px on 1200: 3.9 px of x-height at 320, 9.3 at 768."""
    subject = picture(with_text(("Made for slow nights", BLACK, 90), ("Please recycle", BLACK, 24)))

    measured = run_check("responsiveness", subject, {"widths_px": list(widths)})

    assert measured.state == state
    if state == "failed":
        (finding,) = measured.findings
        assert finding.message == "The text cannot be read at a width of 320 px."
        assert finding.evidence == "Please recycle"


def test_small_print_is_told_without_a_fault_when_asked(picture: SubjectOf) -> None:
    subject = picture(with_text(("Made for slow nights", BLACK, 90), ("Please recycle", BLACK, 24)))

    measured = run_check("responsiveness", subject, {"small_print_share": 0.4})

    assert (measured.state, [f.severity for f in measured.findings]) == ("passed", ["minor"])


def test_a_width_that_is_no_screens_is_refused(picture: SubjectOf) -> None:
    measured = run_check("responsiveness", picture(with_text()), {"widths_px": [0]})

    assert measured.reason == "Parameter widths_px: a width is from 50 to 10000."
