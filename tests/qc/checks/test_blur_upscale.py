"""Rules of the check of blurred and scaled-up pictures."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from services.qc.checks import run_check
from tests.qc.checks.artwork import artwork
from tests.qc.checks.conftest import SubjectOf

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "creative"
PANEL = (480, 100, 864, 484)


def texture(size: tuple[int, int]) -> Image.Image:
    """Many edges in all directions, as in a photograph."""
    page = Image.new("RGB", size, "#dfe6da")
    draw = ImageDraw.Draw(page)
    for step in range(400):
        x, y = step * 97 % size[0], step * 61 % size[1]
        colour = (step * 37 % 200, step * 53 % 180, step * 29 % 220)
        draw.ellipse((x, y, x + 22, y + 14), fill=colour)
    return page


def small_print(size: tuple[int, int]) -> Image.Image:
    """A table of facts, its rules finer than what scaling up does to an edge."""
    page = Image.new("RGB", size, "#faf6ee")
    draw = ImageDraw.Draw(page)
    for top in range(20, size[1] - 60, 62):
        draw.line((20, top, size[0] - 20, top), fill="#0c0e12", width=2)
        for left in (30, 480):
            text = "Energy 84 kJ Sugars 4.9 g"
            draw.text((left, top + 10), text, font=ImageFont.load_default(32), fill="#0c0e12")
    return page


def scaled_up(
    page: Image.Image, factor: int, reduced: Image.Resampling = Image.Resampling.BOX
) -> Image.Image:
    small = page.resize((page.width // factor, page.height // factor), reduced)
    return small.resize(page.size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("factor", [4, 6])
def test_a_picture_that_was_scaled_up_fails(factor: int, picture: SubjectOf) -> None:
    measured = run_check("blur_upscale", picture(scaled_up(texture((900, 700)), factor)), {})

    assert measured.state == "failed"
    assert [finding.message for finding in measured.findings] == [
        "The picture is blurred or scaled up."
    ]


def test_small_print_that_was_scaled_up_fails(picture: SubjectOf) -> None:
    page = small_print((900, 700))

    enlarged = scaled_up(page, 4, Image.Resampling.BILINEAR)

    assert run_check("blur_upscale", picture(page), {}).state == "passed"
    assert run_check("blur_upscale", picture(enlarged), {}).state == "failed"


def test_sharp_copy_does_not_make_a_soft_picture_sharp(picture: SubjectOf) -> None:
    page = texture((900, 700)).filter(ImageFilter.GaussianBlur(4))
    draw = ImageDraw.Draw(page)
    for top in (40, 540):
        draw.text((40, top), "Summer nights", font=ImageFont.load_default(60), fill="#0c0e12")

    assert run_check("blur_upscale", picture(page), {}).state == "failed"


@pytest.mark.parametrize("drawn", [texture((900, 700)), artwork()], ids=["busy", "flat"])
def test_sharp_pictures_pass_and_blurred_ones_fail(drawn: Image.Image, picture: SubjectOf) -> None:
    sharp = run_check("blur_upscale", picture(drawn), {})
    stored = run_check("blur_upscale", picture(drawn, "a.jpg", quality=85), {})
    blurred = run_check("blur_upscale", picture(drawn.filter(ImageFilter.GaussianBlur(4))), {})

    assert (sharp.state, stored.state, blurred.state) == ("passed", "passed", "failed")


def test_a_picture_in_a_sharp_layout_is_found_where_it_is(picture: SubjectOf) -> None:
    layout = artwork()
    layout.paste(scaled_up(texture((384, 384)), 6), PANEL[:2])

    measured = run_check("blur_upscale", picture(layout), {})

    [finding] = measured.findings
    assert finding.region
    box = [finding.region.x * 900, finding.region.y * 700]
    box += [box[0] + finding.region.w * 900, box[1] + finding.region.h * 700]
    assert all(abs(edge - truth) <= 60 for edge, truth in zip(box, PANEL, strict=True))
    layout.paste(texture((384, 384)), PANEL[:2])
    assert run_check("blur_upscale", picture(layout), {}).findings == []


def test_soft_shadows_and_gradients_are_no_blur(picture: SubjectOf) -> None:
    shadow = Image.new("L", (900, 700), 0)
    ImageDraw.Draw(shadow).rounded_rectangle((120, 120, 780, 580), 40, fill=150)
    page = Image.linear_gradient("L").resize((900, 700)).convert("RGB")
    page.paste((20, 20, 40), (0, 0), shadow.filter(ImageFilter.GaussianBlur(14)))
    ImageDraw.Draw(page).rounded_rectangle((110, 110, 770, 570), 40, fill="#faf6ee")

    assert run_check("blur_upscale", picture(page), {}).state == "passed"


def test_a_plain_area_has_no_edges_to_judge(picture: SubjectOf) -> None:
    measured = run_check("blur_upscale", picture(Image.new("RGB", (600, 600), "red")), {})

    assert (measured.state, measured.score) == ("not_applicable", None)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared creatives are not here")
def test_real_pictures_are_sharp(picture: SubjectOf) -> None:
    for file in sorted((SHARED / "pictures").glob("*")):
        if file.name == "easyocr__french.jpg":  # a photograph that is half out of focus
            continue
        with Image.open(file) as image:
            measured = run_check("blur_upscale", picture(image.convert("RGB"), "real.png"), {})
        assert measured.state in ("passed", "not_applicable"), file.name
