"""Rules of the check of the space round the logo."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_logos import NAVY, ink_of, page_with, photograph

WIDTH_PX = 400


@pytest.fixture
def height_px(logo_file: Path) -> int:
    return ink_of(logo_file, WIDTH_PX).height


def space(
    page: Image.Image, logo: Path, picture: SubjectOf, name: str = "page.jpg", **given: object
) -> Measured:
    subject = picture(page, name, logos=(logo,), quality=88)
    return run_check("logo_clear_space", subject, given)  # type: ignore[arg-type]


def with_text(page: Image.Image, top_px: int, text: str = "New for summer") -> Image.Image:
    font = ImageFont.load_default(40)
    ImageDraw.Draw(page).text((320, top_px), text, font=font, fill=NAVY, anchor="lt")
    return page


@pytest.mark.parametrize(("gap_share", "kept"), [(0.1, False), (0.2, False), (0.3, True)])
def test_text_is_kept_away(
    gap_share: float, kept: bool, height_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = page_with(ink_of(logo_file, WIDTH_PX))
    top_px = 400 + height_px + round(gap_share * height_px)

    result = space(with_text(page, top_px), logo_file, picture)

    assert (result.state == "passed") is kept
    if not kept:
        [finding] = result.findings
        assert finding.region and finding.region.y == pytest.approx(top_px / 1000, abs=0.01)
        assert float((finding.measured or "").split()[0]) == pytest.approx(gap_share, abs=0.04)


@pytest.mark.parametrize("ground", ["gradient", "panel", "shadow"])
def test_a_soft_ground_and_far_things_pass(
    ground: str, height_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = Image.new("RGB", (1000, 1000), (240, 244, 240))
    if ground == "gradient":
        down = np.linspace((255, 236, 210), (180, 220, 250), 1000)[:, None]
        page = Image.fromarray(np.repeat(down, 1000, axis=1).astype(np.uint8))
    if ground == "panel":
        reach = round(0.3 * height_px)
        box = (300 - reach, 400 - reach, 300 + WIDTH_PX + reach, 400 + height_px + reach)
        ImageDraw.Draw(page).rectangle(box, fill=(255, 255, 255), outline=NAVY)
    if ground == "shadow":
        soft = Image.new("L", (7, 7), 255)
        soft.putpixel((3, 4), 170)
        page = soft.resize((1000, 1000), Image.Resampling.BICUBIC).convert("RGB")

    result = space(page_with(ink_of(logo_file, WIDTH_PX), ground=page), logo_file, picture)

    assert result.findings == []


def test_a_smooth_picture_that_touches_the_logo_is_caught(
    height_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = page_with(ink_of(logo_file, WIDTH_PX))
    page.paste((200, 60, 40), (300 + WIDTH_PX + 2, 380, 1000, 420 + height_px))

    assert space(page, logo_file, picture).state == "failed"


@pytest.mark.parametrize("reach_share", [0.09, 0.15])
def test_a_frame_too_near_is_caught(
    reach_share: float, height_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = Image.new("RGB", (1000, 1000), (240, 244, 240))
    reach = round(reach_share * height_px)
    box = (300 - reach, 400 - reach, 300 + WIDTH_PX + reach, 400 + height_px + reach)
    ImageDraw.Draw(page).rectangle(box, outline=NAVY, width=4)

    result = space(page_with(ink_of(logo_file, WIDTH_PX), ground=page), logo_file, picture)

    assert result.state == "failed"


def test_on_a_photograph_only_text_counts(
    height_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = page_with(ink_of(logo_file, WIDTH_PX, (255, 255, 255)), ground=photograph())
    clean = space(page.copy(), logo_file, picture)
    box = (310, 404 + height_px, 700, 480 + height_px)
    ImageDraw.Draw(page).rectangle(box, fill=(250, 250, 250))
    near = space(with_text(page, 414 + height_px, "Summer nights"), logo_file, picture)

    assert clean.findings == []
    assert near.state == "failed"


def test_the_page_edge_counts_unless_told_otherwise(logo_file: Path, picture: SubjectOf) -> None:
    page = page_with(ink_of(logo_file, WIDTH_PX), (10, 400))

    near = space(page, logo_file, picture)

    assert [f.message for f in near.findings] == ["The logo stands too near the page's edge."]
    assert space(page, logo_file, picture, page_edge_share=0).state == "passed"


def grained(page: Image.Image, coarse: bool = False) -> Image.Image:
    """With the grain of a photograph of high sensitivity, or of black and white film."""
    rng = np.random.default_rng(7)
    pixels = np.asarray(page, np.int16)
    grain = rng.normal(0, 7, pixels.shape)
    if coarse:
        grey = cv2.GaussianBlur(rng.normal(0, 1, pixels.shape[:2]), (0, 0), 0.9)
        grain = 6.5 * (grey / grey.std())[..., None]
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype("uint8"))


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("clear_share", [0.25, 1.0])
def test_grain_is_nothing_that_stands_there(
    coarse: bool, clear_share: float, height_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = grained(page_with(ink_of(logo_file, WIDTH_PX)), coarse)

    assert space(page, logo_file, picture, clear_share=clear_share).findings == []


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("what", ["text", "rule"])
def test_what_stands_in_grain_is_found(
    what: str, coarse: bool, height_px: int, logo_file: Path, picture: SubjectOf
) -> None:
    page = page_with(ink_of(logo_file, WIDTH_PX))
    top_px = 400 + height_px + round(0.12 * height_px)
    if what == "text":
        with_text(page, top_px)
    else:
        ImageDraw.Draw(page).line((330, top_px, 420, top_px), fill=(150, 160, 150), width=2)

    assert space(grained(page, coarse), logo_file, picture).state == "failed"
