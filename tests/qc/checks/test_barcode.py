"""Rules of the check of barcodes."""

from typing import Any

import pytest
from PIL import Image
from zxingcpp import BarcodeFormat, create_barcode

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf


def page_with(
    value: str,
    format: BarcodeFormat = BarcodeFormat.EAN13,
    paper: int = 60,
    turn_deg: int = 0,
    around: int = 40,
) -> Image.Image:
    """A code on white paper of that margin in px (4 px are a module), on a dark page."""
    framed = format is BarcodeFormat.ITF14  # its bearer bars need the room
    bars = Image.fromarray(create_barcode(value, format).to_image(scale=4, add_quiet_zones=framed))
    page = Image.new("L", (900, 900), around)
    white = Image.new("L", (bars.width + 2 * paper, bars.height + 60), 255)
    white.paste(bars, (paper, 30))
    page.paste(white.rotate(turn_deg, expand=True), (120, 120))
    return page


def test_nothing_there_is_not_applicable_unless_it_is_required(picture: SubjectOf) -> None:
    subject = picture(Image.new("L", (300, 300), 255))

    assert run_check("barcode", subject, {}).state == "not_applicable"
    for parameters in ({"required": True}, {"expected": "5012345678900"}):
        measured = run_check("barcode", subject, parameters)  # type: ignore[arg-type]
        assert [finding.message for finding in measured.findings] == ["No barcode was found."]


def test_another_value_than_expected_fails(picture: SubjectOf) -> None:
    subject = picture(page_with("4006381333931"))

    assert run_check("barcode", subject, {"expected": "4006381333931"}).state == "passed"
    measured = run_check("barcode", subject, {"expected": "5012345678900"})
    assert (measured.findings[0].measured, measured.findings[0].rule) == (
        "4006381333931",
        "5012345678900",
    )


def test_a_upc_is_the_ean_with_a_leading_zero(picture: SubjectOf) -> None:
    subject = picture(page_with("036000291452", BarcodeFormat.UPCA))

    assert run_check("barcode", subject, {"expected": "036000291452"}).state == "passed"
    assert run_check("barcode", subject, {"expected": "0036000291452"}).state == "passed"


@pytest.mark.parametrize(("paper", "clear"), [(48, True), (24, False)])
@pytest.mark.parametrize("turn_deg", [0, 90, 180])
def test_clear_space_is_measured_in_modules_whichever_way_the_code_stands(
    paper: int, clear: bool, turn_deg: int, picture: SubjectOf
) -> None:
    subject = picture(page_with("5012345678900", paper=paper, turn_deg=turn_deg))

    measured = run_check("barcode", subject, {})

    codes: Any = measured.measurements["barcodes"]
    assert codes[0]["quiet_modules"] == pytest.approx([paper / 4, paper / 4], abs=0.5)
    assert (measured.state == "passed") == clear


def test_other_codes_are_read_without_a_clear_space_rule(picture: SubjectOf) -> None:
    subject = picture(page_with("https://example.org", BarcodeFormat.QRCode))

    measured = run_check("barcode", subject, {"expected": "https://example.org"})

    assert measured.state == "passed"


@pytest.mark.parametrize(
    ("print_width_mm", "said"),
    [(74.25, None), (50, "too small"), (180, "too large")],
)
def test_the_printed_size_is_held_to_80_to_200_percent(
    print_width_mm: float, said: str | None, picture: SubjectOf
) -> None:
    """4 px are a module and the page has 900: 74.25 mm is 100 %."""
    subject = picture(page_with("5012345678900"))

    measured = run_check("barcode", subject, {"print_width_mm": print_width_mm})

    codes: Any = measured.measurements["barcodes"]
    assert codes[0]["module_mm"] == pytest.approx(4 * print_width_mm / 900, rel=0.02)
    assert [said in finding.message for finding in measured.findings if said] == [True] * bool(said)
    assert (measured.state == "passed") == (said is None)


def test_a_picture_of_unknown_print_size_has_no_size_to_judge(picture: SubjectOf) -> None:
    measured = run_check("barcode", picture(page_with("5012345678900")), {})

    codes: Any = measured.measurements["barcodes"]
    assert codes[0]["module_mm"] is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("15012345678907", BarcodeFormat.ITF14),
        ("ABC-12345", BarcodeFormat.Code128),
        ("12345678", BarcodeFormat.DataMatrix),
    ],
)
def test_the_module_of_packaging_codes_is_measured(
    value: str, kind: BarcodeFormat, picture: SubjectOf
) -> None:
    subject = picture(page_with(value, kind, around=255))

    measured = run_check("barcode", subject, {"print_width_mm": 225})

    codes: Any = measured.measurements["barcodes"]
    assert codes[0]["module_mm"] == pytest.approx(1, rel=0.13)


def test_qr_code_stands_in_for_no_barcode(picture: SubjectOf) -> None:
    image = Image.new("RGB", (900, 600), "white")
    code = create_barcode("https://example.com", BarcodeFormat.QRCode).to_image(scale=8)
    image.paste(Image.fromarray(code), (100, 100))

    measured = run_check("barcode", picture(image), {"required": True})

    assert (measured.state, measured.findings[0].measured) == ("failed", "none")
    assert run_check("barcode", picture(image, "b.png"), {}).state == "not_applicable"
