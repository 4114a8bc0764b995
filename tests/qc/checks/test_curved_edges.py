"""Rules of the check of the artwork's corners."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from pydantic import JsonValue

from services.qc.checks import run_check
from services.qc.checks.corners import corner_radii
from services.qc.domain.creative import Rgb
from tests.qc.checks.artwork import SIZE, artwork
from tests.qc.checks.conftest import SubjectOf


def rounded(radius: int, corners: tuple[bool, bool, bool, bool] = (True,) * 4) -> Image.Image:
    """Cut with soft edges, as graphic programs do; corners clockwise from the top left."""
    mask = Image.new("L", (SIZE[0] * 4, SIZE[1] * 4), 0)
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * 4, fill=255, corners=corners)
    page = artwork().point(lambda value: value * 3 // 4)  # nothing as white as the ground
    page.putalpha(mask.resize(SIZE, Image.Resampling.BOX))
    return page


@pytest.mark.parametrize("radius", [12, 40, 150])
def test_the_radius_is_measured(radius: int, picture: SubjectOf) -> None:
    measured = run_check("curved_edges", picture(rounded(radius)), {"expected": "rounded"})

    shares = measured.measurements["radius_shares"]
    assert isinstance(shares, dict)
    assert measured.state == "passed"
    assert [share * 700 for share in shares.values()] == pytest.approx(  # type: ignore[operator]
        [radius] * 4, rel=0.04, abs=1.5
    )


def test_square_corners_pass_and_are_wrong_where_round_ones_are_asked_for(
    picture: SubjectOf,
) -> None:
    for page in (artwork(), Image.new("RGB", (300, 300), "red")):
        assert run_check("curved_edges", picture(page), {}).state == "passed"
        measured = run_check("curved_edges", picture(page), {"expected": "rounded"})
        assert (measured.state, measured.score, len(measured.findings)) == ("failed", 0, 4)


def test_a_single_round_corner_is_found_where_it_is(picture: SubjectOf) -> None:
    page = rounded(60, (False, True, False, False))

    measured = run_check("curved_edges", picture(page), {})

    [finding] = measured.findings
    assert (finding.evidence, measured.score) == ("top right", 75)
    assert finding.region and finding.region.y == 0
    assert finding.region.x == pytest.approx(1 - 60 / 900, abs=0.005)
    assert finding.region.h == pytest.approx(60 / 700, abs=0.005)


def test_stored_as_jpeg_on_white_it_is_measured_alike(picture: SubjectOf) -> None:
    page = Image.new("RGB", SIZE, "white")
    page.paste(rounded(40), (0, 0), rounded(40))

    measured = run_check("curved_edges", picture(page, "a.jpg", quality=85), {})

    assert len(measured.findings) == 4


def test_a_cut_or_a_shape_in_the_corner_is_no_round_corner(picture: SubjectOf) -> None:
    page = artwork().point(lambda value: value * 3 // 4)
    draw = ImageDraw.Draw(page)
    draw.polygon(((0, 0), (80, 0), (0, 80)), fill="white")
    draw.rectangle((840, 0, 900, 60), fill="white")
    draw.pieslice((-70, 630, 70, 770), 0, 360, fill="white")

    assert run_check("curved_edges", picture(page), {}).findings == []


def test_radius_limits_and_sameness_are_rules(picture: SubjectOf) -> None:
    asked: dict[str, JsonValue] = {"expected": "rounded", "max_radius_share": 0.03}
    uneven = rounded(40)
    uneven.paste(rounded(70).crop((0, 0, 450, 350)), (0, 0))

    too_round = run_check("curved_edges", picture(rounded(40)), asked)
    differing = run_check("curved_edges", picture(uneven), {"expected": "rounded"})

    assert {f.message for f in too_round.findings} == {
        "The corner has another radius than asked for."
    }
    assert [f.evidence for f in differing.findings] == ["top left"]


def grainy(seed: int, coarse_px: float) -> Rgb:
    """A photograph with the grain of black and white film."""
    noise = np.random.default_rng(seed)
    fine = noise.normal(0, 1, (80, 80))
    grain = np.asarray(cv2.GaussianBlur(fine, (0, 0), coarse_px)) if coarse_px else fine
    pixels = noise.integers(20, 200, 3) + 6 * (grain / grain.std())[..., None]
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


@pytest.mark.parametrize("coarse_px", [0, 0.8])
def test_grain_that_happens_to_lie_on_a_circle_is_no_round_corner(coarse_px: float) -> None:
    cut = [seed for seed in range(200) if any(corner_radii(grainy(seed, coarse_px)).values())]

    assert cut == []


def test_a_small_round_corner_counts_when_another_is_like_it() -> None:
    page = np.full((200, 300, 3), 90, np.uint8)
    rows, columns = np.mgrid[0:8, 0:8] + 0.5
    page[:8, :8][np.hypot(8 - rows, 8 - columns) > 8] = 255
    alone = corner_radii(page)
    page[:, ::-1][:8, :8] = page[:8, :8]

    assert not any(alone.values())
    assert corner_radii(page)["top left"] == pytest.approx(8, abs=1.5)
    assert corner_radii(page)["top right"] == pytest.approx(8, abs=1.5)


def test_a_round_shape_of_a_like_tone_is_part_of_the_picture() -> None:
    page = np.full((200, 300, 3), 90, np.uint8)
    rows, columns = np.mgrid[0:60, 0:60] + 0.5
    outside = np.hypot(60 - rows, 60 - columns) > 60

    for ground, radius in ((104, 0), (200, 60)):
        page[:60, :60][outside] = ground
        assert corner_radii(page)["top left"] == pytest.approx(radius, rel=0.04, abs=0.1)
