"""Rules of the check of the logo's colours."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_logos import NAVY, WHITE, Rgb, ink_of, page_with, photograph

CORAL_OFF: Rgb = (200, 40, 90)


def colours(
    page: Image.Image, logos: tuple[Path, ...], picture: SubjectOf, **given: object
) -> Measured:
    subject = picture(page, "page.jpg", logos=logos, quality=90)
    return run_check("logo_colour", subject, given)  # type: ignore[arg-type]


@pytest.mark.parametrize("width_px", [110, 600])
def test_the_right_colours_pass_on_any_ground(
    width_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    for ground in ((240, 244, 240), (250, 220, 60), photograph()):
        result = colours(
            page_with(ink_of(logo_file, width_px), ground=ground), (logo_file,), picture
        )

        assert result.findings == []


@pytest.mark.parametrize("width_px", [110, 600])
def test_a_logo_in_another_blue_is_caught(
    width_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = page_with(ink_of(logo_file, width_px, (40, 70, 130)))

    result = colours(page, (logo_file,), picture)

    assert result.state == "failed"
    assert "#0e1e3a is shown as" in result.findings[0].message
    assert result.findings[0].region is not None


def test_one_wrong_colour_of_two_is_named(logo_file: Path, picture: SubjectOf) -> None:
    ink = ink_of(logo_file, 500)
    pixels = ink.load()
    assert pixels is not None
    for x in range(ink.width):
        for y in range(ink.height):
            red, _, blue, alpha = pixels[x, y]  # type: ignore[misc]
            if red > blue + 60:
                pixels[x, y] = (*CORAL_OFF, alpha)

    result = colours(page_with(ink), (logo_file,), picture)

    assert [finding.message[:28] for finding in result.findings] == ["The logo's #e2583e is shown "]


def test_a_plain_white_logo_passes_where_it_is_allowed(logo_file: Path, picture: SubjectOf) -> None:
    page = page_with(ink_of(logo_file, 300, WHITE), ground=(40, 90, 60))

    assert colours(page, (logo_file,), picture).state == "failed"
    assert colours(page, (logo_file,), picture, allow_white=True).state == "passed"
    assert colours(page, (logo_file,), picture, allow_black=True).state == "failed"


def test_a_second_reference_logo_counts_as_much(
    tmp_path: Path, logo_file: Path, picture: SubjectOf
) -> None:
    ink_of(logo_file, 600, WHITE).save(tmp_path / "white.png")
    page = page_with(ink_of(logo_file, 300, WHITE), ground=NAVY)

    assert colours(page, (logo_file, tmp_path / "white.png"), picture).state == "passed"


def test_something_over_the_logo_is_caught(logo_file: Path, picture: SubjectOf) -> None:
    page = page_with(ink_of(logo_file, 500))
    ImageDraw.Draw(page).rectangle((640, 400, 720, 490), fill=(250, 200, 40))

    assert colours(page, (logo_file,), picture).state == "failed"
