"""Rules of the check of QR codes."""

from typing import Any

import pytest
from PIL import Image
from zxingcpp import BarcodeFormat, create_barcode

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf

TARGET = "https://www.brand.com/summer"


def page_with(value: str, scale: int = 6, paper: int = 4, turn_deg: int = 0) -> Image.Image:
    """A code with `paper` squares of white around it, on a dark page."""
    code = create_barcode(value, BarcodeFormat.QRCode)
    squares = Image.fromarray(code.to_image(scale=scale, add_quiet_zones=False))
    page = Image.new("L", (900, 900), 30)
    side = squares.width + 2 * paper * scale
    white = Image.new("L", (side, side), 255)
    white.paste(squares, (paper * scale, paper * scale))
    page.paste(white.rotate(turn_deg, expand=True, fillcolor=30), (200, 200))
    return page


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("https://www.brand.com/summer", True),
        ("https://www.brand.com/summer?utm_source=pack", True),
        ("https://www.brand.com/summer/win", True),
        ("https://www.brand.com/summertime", False),
        ("https://www.brand.com.evil.io/summer", False),
        ("https://www.brand.com:8443/summer", False),
        ("https://www.brand.com@evil.io/summer", False),
        ("http://www.brand.com/summer", False),
        ("https://brand.com/summer", False),
        ("Some words", False),
    ],
)
def test_only_the_target_and_pages_below_it_are_right(
    value: str, right: bool, picture: SubjectOf
) -> None:
    measured = run_check("qr_target", picture(page_with(value)), {"targets": [TARGET]})

    assert measured.state == ("passed" if right else "failed")
    if not right:
        assert measured.findings[0].region is not None


@pytest.mark.parametrize("turn_deg", [0, 90, 180])
@pytest.mark.parametrize(("paper", "clear"), [(4, True), (2, False)])
def test_the_clear_space_is_four_squares(
    paper: int, clear: bool, turn_deg: int, picture: SubjectOf
) -> None:
    measured = run_check("qr_target", picture(page_with(TARGET, 6, paper, turn_deg)), {})

    codes: Any = measured.measurements["codes"]
    assert codes[0]["quiet_modules"] == pytest.approx(paper, abs=0.5)
    assert (measured.state == "passed") == clear


def test_the_square_is_measured_in_the_files_pixels(picture: SubjectOf) -> None:
    measured = run_check("qr_target", picture(page_with(TARGET, scale=5)), {"min_module_px": 6})

    codes: Any = measured.measurements["codes"]
    assert codes[0]["module_px"] == pytest.approx(5, rel=0.03)
    assert measured.findings[0].message == "The QR code is too small."


def test_a_pdf_page_is_measured_in_millimetres(picture: SubjectOf) -> None:
    """900 px on 150 mm: 6 px are 1 mm."""
    subject = picture(page_with(TARGET), "page.pdf", resolution=900 / (150 / 25.4))

    codes: Any = run_check("qr_target", subject, {}).measurements["codes"]

    assert codes[0]["module_mm"] == pytest.approx(1, rel=0.03)


def test_no_code_is_a_fault_only_when_it_is_required(picture: SubjectOf) -> None:
    subject = picture(Image.new("L", (400, 400), 255))

    assert run_check("qr_target", subject, {}).state == "not_applicable"
    assert run_check("qr_target", subject, {"required": True}).state == "failed"
