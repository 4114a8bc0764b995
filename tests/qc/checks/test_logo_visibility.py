"""Rules of the check of the logo."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from deploy.sample import write_sample
from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from tests.qc.checks.conftest import SubjectOf

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "creative"


@pytest.fixture(scope="module")
def logo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("logo")).logo


def page_with(logo: Path, size: tuple[int, int], turn_deg: float = 0) -> Image.Image:
    page = Image.new("RGB", (1200, 1200), (232, 240, 236))
    mark = Image.open(logo).resize(size, Image.Resampling.LANCZOS)
    mark = mark.rotate(turn_deg, expand=True, resample=Image.Resampling.BICUBIC)
    page.paste(mark, (300, 400), mark)
    return page


def test_without_a_reference_the_input_is_missing(picture: SubjectOf) -> None:
    measured = run_check("logo_visibility", picture(Image.new("RGB", (200, 200))), {})

    assert (measured.state, measured.score) == ("missing_input", None)


def test_a_plain_reference_is_missing_input_and_not_an_absent_logo(
    tmp_path: Path, picture: SubjectOf
) -> None:
    Image.new("RGB", (200, 80), "red").save(tmp_path / "plain.png")
    subject = picture(Image.new("RGB", (400, 400)), logos=(tmp_path / "plain.png",))

    assert run_check("logo_visibility", subject, {}).state == "missing_input"


def test_the_width_is_measured_to_two_percent(logo: Path, picture: SubjectOf) -> None:
    subject = picture(page_with(logo, (420, 150)), logos=(logo,))

    measured = run_check("logo_visibility", subject, {})

    with Image.open(logo) as mark:
        left, _, right, _ = mark.getchannel("A").getbbox() or (0, 0, 0, 0)
        share = (right - left) / mark.width * 420 / 1200
    assert measured.state == "passed"
    assert measured.measurements["width_share"] == pytest.approx(share, rel=0.02)


@pytest.mark.parametrize(
    ("size", "turn_deg", "message"),
    [
        ((560, 150), 0, "The logo is stretched."),
        ((420, 150), 12, "The logo is turned."),
        ((70, 25), 0, "The logo is too small."),
    ],
)
def test_a_logo_out_of_shape_fails(
    size: tuple[int, int], turn_deg: float, message: str, logo: Path, picture: SubjectOf
) -> None:
    subject = picture(page_with(logo, size, turn_deg), logos=(logo,))

    measured = run_check("logo_visibility", subject, {})

    assert [finding.message for finding in measured.findings] == [message]


def test_part_of_a_logo_is_not_the_logo(logo: Path, picture: SubjectOf) -> None:
    page = page_with(logo, (840, 300))
    ImageDraw.Draw(page).rectangle((600, 390, 1190, 720), fill=(232, 240, 236))

    measured = run_check("logo_visibility", picture(page, logos=(logo,)), {})

    assert [finding.message for finding in measured.findings] == ["The logo was not found."]


def test_a_damaged_reference_is_an_error_that_says_so(tmp_path: Path, picture: SubjectOf) -> None:
    (tmp_path / "logo.png").write_bytes(b"")
    subject = picture(Image.new("RGB", (200, 200)), logos=(tmp_path / "logo.png",))

    measured = run_check("logo_visibility", subject, {})

    assert (measured.state, measured.reason) == (
        "error",
        "The file is empty. Export it again and upload the result.",
    )


@pytest.mark.skipif(not SHARED.exists(), reason="the shared creatives are not here")
def test_no_logo_is_seen_where_there_is_none(picture: SubjectOf) -> None:
    logos = tuple(sorted((SHARED / "logos").glob("*.png")))
    for name in ("skimage__coffee.png", "off__front_de.jpg", "gopher__pirate-boat.png"):
        with Image.open(SHARED / "pictures" / name) as photo:
            subject: Subject = picture(photo.convert("RGB"), name, logos=logos)
        assert run_check("logo_visibility", subject, {}).measurements["found"] is False
