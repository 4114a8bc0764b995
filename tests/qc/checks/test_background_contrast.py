"""Rules of the check of contrast."""

import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import JsonValue

from services.qc.checks import run_check
from services.qc.checks.ink import Ink
from tests.qc.checks.conftest import SubjectOf


def with_text(grey: int, size_px: int) -> Image.Image:
    image = Image.new("RGB", (1000, 1000), "white")
    ImageDraw.Draw(image).text(
        (80, 400), "Summer nights", fill=(grey,) * 3, font=ImageFont.load_default(size_px)
    )
    return image


def test_the_ratio_is_that_of_wcag() -> None:
    assert Ink(9, 9, (0, 0, 0), (255, 255, 255)).contrast == pytest.approx(21)
    assert Ink(9, 9, (119, 119, 119), (255, 255, 255)).contrast == pytest.approx(4.478, abs=0.001)


def test_the_measured_ratio_is_that_of_the_colours_drawn(picture: SubjectOf) -> None:
    measured = run_check("background_contrast", picture(with_text(119, 60)), {})

    assert measured.measurements["lowest_ratio"] == pytest.approx(4.48, abs=0.1)


def test_a_ratio_just_below_the_rule_is_not_told_as_the_rule(picture: SubjectOf) -> None:
    """4.478 is less than 4.48, and would read like it."""
    given: dict[str, JsonValue] = {"min_ratio": 4.48, "min_ratio_large": 4.48}

    (finding,) = run_check("background_contrast", picture(with_text(119, 60)), given).findings

    assert (finding.measured, finding.rule) == ("4.47:1", "at least 4.48:1")


def test_large_text_needs_less_contrast_than_small(picture: SubjectOf) -> None:
    large, small = picture(with_text(140, 60), "l.png"), picture(with_text(140, 20), "s.png")

    assert run_check("background_contrast", large, {}).state == "passed"
    assert run_check("background_contrast", small, {}).state == "failed"


def test_a_picture_without_text_is_not_judged(picture: SubjectOf) -> None:
    measured = run_check("background_contrast", picture(Image.new("RGB", (300, 300))), {})

    assert (measured.state, measured.score) == ("not_applicable", None)
