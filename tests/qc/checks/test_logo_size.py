"""Rules of the check of the logo's size."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_logos import GROUND, ink_of, page_with
from tests.qc.factories import brief_with

MeasuredOf = Callable[..., Measured]


@pytest.fixture
def measured(logo_file: Path, picture: SubjectOf) -> MeasuredOf:
    def measure(width_px: int, name: str = "page.png", **given: float) -> Measured:
        page = page_with(ink_of(logo_file, width_px))
        subject = picture(page, name, logos=(logo_file,), resolution=150)
        return run_check("logo_size", subject, given)  # type: ignore[arg-type]

    return measure


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ({"min_width_px": 295, "max_width_px": 305}, []),
        ({"min_width_px": 320}, ["The logo has too little width."]),
        ({"max_width_px": 280}, ["The logo has too much width."]),
        ({"min_height_px": 130}, ["The logo has too little height."]),
        ({"min_width_share": 0.29, "max_height_share": 0.2}, []),
        ({"max_width_share": 0.28}, ["The logo has too much width."]),
    ],
)
def test_a_picture_is_judged_in_pixels_and_shares(
    given: dict[str, float], messages: list[str], measured: MeasuredOf
) -> None:
    result = measured(300, **given)

    assert [finding.message for finding in result.findings] == messages
    assert all(f.region and f.region.x == pytest.approx(0.3, abs=0.005) for f in result.findings)


def test_a_pdf_is_judged_in_millimetres(measured: MeasuredOf) -> None:
    wide_mm = 300 / 150 * 25.4

    good = measured(300, "page.pdf", min_width_mm=wide_mm - 1, max_width_mm=wide_mm + 1)
    small = measured(300, "page.pdf", min_width_mm=wide_mm + 2, min_width_px=5000)

    assert good.state == "passed"
    assert [finding.rule for finding in small.findings] == [f"at least {wide_mm + 2:g} mm"]


def test_a_logo_that_is_not_there_is_for_another_check(logo_file: Path, picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (400, 400)), logos=(logo_file,))

    assert run_check("logo_size", subject, {}).state == "not_applicable"


def test_limits_that_cross_are_refused(measured: MeasuredOf) -> None:
    result = measured(300, min_width_px=300, max_width_px=200)

    assert result.reason == "Parameter min_width_px: is greater than max_width_px."


@pytest.mark.parametrize("width_mm", [8, 12, 30])
def test_a_small_logo_on_a_pdf_is_looked_at_closer(
    width_mm: float, tmp_path: Path, logo_file: Path, opened: ExitStack
) -> None:
    page = Image.new("RGB", (2480, 3508), GROUND)
    ink = ink_of(logo_file, round(width_mm / 25.4 * 300))
    page.paste(ink, (500, 2900), ink)
    page.save(tmp_path / "a4.pdf", resolution=300)
    creative = opened.enter_context(open_creative(tmp_path / "a4.pdf", Limits()))
    subject = Subject(creative, brief_with(logo=[logo_file]))

    logos = run_check("logo_size", subject, {}).measurements["logos"]

    assert isinstance(logos, list) and isinstance(logos[0], dict)
    assert [logos[0]["width_mm"]] == pytest.approx([width_mm], rel=0.02)
