"""Rules of the check of compression."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from services.qc.checks import run_check
from tests.qc.checks.artwork import artwork
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.test_blur_upscale import texture
from tests.qcbench import defects, drawing, layout

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "creative"


def compressed(page: Image.Image, quality: int) -> Image.Image:
    stored = BytesIO()
    page.save(stored, "JPEG", quality=quality)
    return Image.open(stored).convert("RGB")


def discs() -> Image.Image:
    page = Image.new("RGB", (800, 800), "white")
    draw = ImageDraw.Draw(page)
    for number in range(40):
        left, top = 40 + number % 5 * 150, 40 + number // 5 * 92
        draw.ellipse((left, top, left + 61 + number, top + 47), fill="#1a4fa0")
    return page


@pytest.mark.parametrize("quality", [15, 40, 75])
@pytest.mark.parametrize("drawn", [texture((640, 480)), artwork()], ids=["busy", "flat"])
def test_the_quality_of_a_png_that_was_a_jpeg_is_told(
    drawn: Image.Image, quality: int, picture: SubjectOf
) -> None:
    measured = run_check("compression_artifacts", picture(compressed(drawn, quality)), {})

    estimated = measured.measurements["estimated_quality"]
    assert isinstance(estimated, int) and abs(estimated - quality) <= 2
    assert measured.state == ("failed" if quality < 60 else "passed")
    assert all(finding.region for finding in measured.findings)


def test_saving_again_at_a_high_quality_hides_nothing(picture: SubjectOf) -> None:
    grain = Image.effect_noise((640, 480), 40).convert("RGB")
    photograph = Image.blend(texture((640, 480)), grain, 0.3)
    page = compressed(compressed(photograph, 30), 95).crop((3, 5, 640, 480))

    assert run_check("compression_artifacts", picture(page), {}).state == "failed"


def test_flat_art_with_nearly_too_much_of_both_traces_was_compressed_too_strongly(
    picture: SubjectOf,
) -> None:
    page = drawing.draw(defects.crushed("flat")(layout.layout(1041))).picture

    measured = run_check("compression_artifacts", picture(page), {})
    steps_alone = run_check("compression_artifacts", picture(page), {"max_ringing_levels": 64})

    assert steps_alone.state == "passed"
    assert measured.state == "failed" and 90 < (measured.score or 0) < 100
    assert "steps of" in (measured.findings[0].measured or "")


def test_traces_of_two_pages_are_not_added_up(picture: SubjectOf) -> None:
    steps = drawing.draw(defects.crushed("flat")(layout.layout(1039))).picture
    pages = picture(compressed(discs(), 60), "a.tif", save_all=True, append_images=[steps])

    measured = run_check(
        "compression_artifacts", pages, {"max_ringing_levels": 3.0, "max_blocking_levels": 0.21}
    )

    assert (measured.state, measured.score) == ("passed", 100)


@pytest.mark.parametrize("cut", [(0, 0), (3, 5)])
def test_waves_beside_edges_tell_where_flat_art_has_no_quality(
    cut: tuple[int, int], picture: SubjectOf
) -> None:
    page = discs()
    crushed = compressed(page, 40).crop((*cut, 800, 800))

    measured = run_check("compression_artifacts", picture(crushed), {})

    assert measured.measurements["estimated_quality"] is None
    assert measured.state == "failed" and measured.findings[0].region
    assert "beside edges" in (measured.findings[0].measured or "")
    for kept in (page, compressed(page, 90), page.resize((500, 500))):
        assert run_check("compression_artifacts", picture(kept), {}).state == "passed"


def test_bands_of_a_dithered_gradient_are_found(picture: SubjectOf) -> None:
    rows = np.linspace(10, 90, 1200)[:, None, None] * np.array([0.5, 0.7, 1.0])
    noise = np.random.default_rng(7).random((1200, 900, 1))
    dithered = Image.fromarray((rows + noise).astype(np.uint8))

    assert run_check("compression_artifacts", picture(dithered), {}).state == "passed"
    [finding] = run_check(
        "compression_artifacts", picture(ImageOps.posterize(dithered, 6)), {}
    ).findings
    assert finding.message == "A gradient shows bands." and finding.region


def test_a_picture_that_was_never_compressed_has_no_quality(picture: SubjectOf) -> None:
    for page in (texture((640, 480)), artwork(), Image.new("RGB", (300, 300), "red")):
        measured = run_check("compression_artifacts", picture(page), {})

        assert measured.measurements["estimated_quality"] is None
        assert (measured.state, measured.score) == ("passed", 100)


@pytest.mark.parametrize("turned", [False, True])
def test_bands_in_a_gradient_are_found_where_they_are(turned: bool, picture: SubjectOf) -> None:
    ramp = Image.linear_gradient("L").resize((600, 600))
    smooth = ramp.rotate(90) if turned else ramp
    page = Image.new("RGB", (1000, 1000), "white")
    page.paste(ImageOps.posterize(smooth, 4).convert("RGB"), (200, 300))

    [finding] = run_check("compression_artifacts", picture(page), {}).findings

    assert finding.message == "A gradient shows bands."
    assert (
        finding.region and abs(finding.region.x - 0.2) < 0.1 and abs(finding.region.y - 0.3) < 0.1
    )
    page.paste(smooth.convert("RGB"), (200, 300))
    assert run_check("compression_artifacts", picture(page), {}).state == "passed"


def test_stripes_and_a_few_tints_are_no_bands(picture: SubjectOf) -> None:
    page = Image.new("RGB", (800, 800), "#808080")
    draw = ImageDraw.Draw(page)
    for top in range(0, 400, 40):
        draw.rectangle((0, top, 800, top + 19), fill="#8a8a8a")
    for number, tint in enumerate(("#909090", "#9c9c9c")):
        draw.rectangle((0, 500 + 100 * number, 800, 800), fill=tint)

    assert run_check("compression_artifacts", picture(page), {}).state == "passed"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared creatives are not here")
def test_real_pictures_are_not_compressed_too_strongly(picture: SubjectOf) -> None:
    for file in sorted((SHARED / "pictures").glob("*")):
        with Image.open(file) as image:
            measured = run_check("compression_artifacts", picture(image.convert("RGB")), {})
        assert measured.state == "passed", (file.name, measured)
