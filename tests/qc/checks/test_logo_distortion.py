"""Rules of the check of the logo's shape."""

import math
from pathlib import Path

import pytest
from PIL import Image

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_logos import ink_of, page_with


def stretched(ink: Image.Image, factor: float) -> Image.Image:
    return ink.resize((round(ink.width * factor), ink.height), Image.Resampling.LANCZOS)


def turned(ink: Image.Image, degrees: float) -> Image.Image:
    return ink.rotate(-degrees, expand=True, resample=Image.Resampling.BICUBIC)


def sheared(ink: Image.Image, degrees: float) -> Image.Image:
    lean = math.tan(math.radians(degrees))
    size = (round(ink.width + lean * ink.height), ink.height)
    matrix = (1, lean, -lean * ink.height, 0, 1, 0)
    return ink.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def messages(page: Image.Image, logo: Path, picture: SubjectOf, **given: object) -> list[str]:
    result = run_check("logo_distortion", picture(page, logos=(logo,)), given)  # type: ignore[arg-type]
    assert result.state == ("failed" if result.findings else "passed")
    return [finding.message for finding in result.findings]


@pytest.mark.parametrize("width_px", [120, 520])
@pytest.mark.parametrize(
    ("shape", "amount", "message"),
    [
        (stretched, 1.08, "The logo is stretched sideways."),
        (stretched, 0.88, "The logo is squeezed sideways."),
        (turned, 5, "The logo is turned."),
        (sheared, 6, "The logo leans."),
    ],
)
def test_each_distortion_is_named(  # type: ignore[no-untyped-def]
    shape, amount: float, message: str, width_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = page_with(shape(ink_of(logo_file, width_px), amount))

    assert messages(page, logo_file, picture) == [message]


@pytest.mark.parametrize("width_px", [100, 520])
def test_what_nobody_sees_passes(width_px: int, logo_file: Path, picture: SubjectOf) -> None:
    page = page_with(turned(stretched(ink_of(logo_file, width_px), 1.012), 0.6))

    assert messages(page, logo_file, picture) == []


def test_a_logo_may_stand_upright_where_that_is_allowed(
    logo_file: Path, picture: SubjectOf
) -> None:
    page = page_with(turned(ink_of(logo_file, 300), -90))

    assert messages(page, logo_file, picture) == ["The logo is turned."]
    assert messages(page, logo_file, picture, allowed_rotations_deg=[0, -90]) == []


def test_each_of_two_logos_is_judged(logo_file: Path, picture: SubjectOf) -> None:
    page = page_with(ink_of(logo_file, 300), (60, 60))
    ink = stretched(ink_of(logo_file, 300), 1.12)
    page.paste(ink, (500, 600), ink)
    subject = picture(page, logos=(logo_file,))

    result = run_check("logo_distortion", subject, {})

    [finding] = result.findings
    assert finding.region is not None
    assert finding.region.x == pytest.approx(0.5, abs=0.01)
    logos = result.measurements["logos"]
    assert isinstance(logos, list) and len(logos) == 2
