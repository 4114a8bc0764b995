"""Rules of the check of the brand's colours."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from libs.contracts.brand import BrandColour, BrandData
from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.domain.brief import Brief
from tests.qc.checks.conftest import SubjectOf

NAVY, NAVY_OFF, CORAL, WHITE = (14, 30, 58), (34, 48, 92), (226, 88, 62), (255, 255, 255)
BRAND = Brief(
    brand=BrandData(
        colours=(
            BrandColour(name="Navy", hex="#0e1e3a", tolerance=4),
            BrandColour(name="Coral", hex="#e2583e"),
        )
    )
)
NAVY_HERE = {"colour": "Navy", "x": 0.0, "y": 0.75, "w": 1.0, "h": 0.25}

Rgb = tuple[int, int, int]


def photo(size: tuple[int, int], noise: float = 6) -> Image.Image:
    """Soft waves of many colours under the noise of a camera."""
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(0, 255, (5, 7, 3), np.uint8))
    soft = np.asarray(small.resize(size, Image.Resampling.BICUBIC), float)
    return Image.fromarray(np.clip(soft + rng.normal(0, noise, soft.shape), 0, 255).astype("uint8"))


def page(panel: Rgb, ground: Rgb = WHITE, in_photo: Rgb | None = None) -> Image.Image:
    """A ground, a photograph on it (with a patch of `in_photo`), a panel along the foot."""
    picture = Image.new("RGB", (800, 800), ground)
    shot = photo((800, 400))
    if in_photo:
        patch = np.clip(
            np.array(in_photo) + np.random.default_rng(1).normal(0, 6, (200, 300, 3)), 0, 255
        )
        shot.paste(Image.fromarray(patch.astype("uint8")), (100, 100))
    picture.paste(shot, (0, 100))
    ImageDraw.Draw(picture).rectangle((0, 600, 800, 800), fill=panel)
    return picture


def measured(picture: SubjectOf, image: Image.Image, brief: Brief = BRAND, **given: object):  # type: ignore[no-untyped-def]
    subject = picture(image, "page.jpg", quality=88)
    subject.brief = brief
    return run_check("brand_colors", subject, given)  # type: ignore[arg-type]


def test_without_colours_the_input_is_missing(picture: SubjectOf) -> None:
    assert measured(picture, page(NAVY), Brief()).state == "missing_input"


def test_a_wrong_shade_is_found_though_a_photograph_has_the_right_one(picture: SubjectOf) -> None:
    result: Measured = measured(picture, page(NAVY_OFF, in_photo=NAVY))

    assert result.state == "failed"
    [finding] = result.findings
    assert finding.message.startswith("The colour is off by ΔE ")
    assert finding.message.endswith(" from Navy.")
    assert finding.region and finding.region.y == pytest.approx(0.75, abs=0.01)
    assert finding.region.h == pytest.approx(0.25, abs=0.01)


def test_a_photograph_with_a_wrong_shade_is_not_flagged(picture: SubjectOf) -> None:
    result = measured(picture, page(NAVY, in_photo=NAVY_OFF))

    assert (result.state, result.score, result.findings) == ("passed", 100, [])


@pytest.mark.parametrize(
    ("panel", "state"),
    [((17, 32, 62), "passed"), ((255, 255, 255), "passed"), ((30, 30, 30), "passed")],
)
def test_shades_within_tolerance_and_neutrals_pass(
    panel: Rgb, state: str, picture: SubjectOf
) -> None:
    assert measured(picture, page(panel)).state == state


def test_a_gradient_through_a_wrong_shade_is_not_an_area(picture: SubjectOf) -> None:
    across = np.linspace((0, 0, 20), (90, 110, 190), 800)
    sky = np.broadcast_to(np.round(across).astype(np.uint8), (800, 800, 3))

    assert measured(picture, Image.fromarray(sky)).state == "not_applicable"


@pytest.mark.parametrize(
    ("foreign_colours", "state", "severities"),
    [("allow", "passed", []), ("warn", "passed", ["minor"]), ("deny", "failed", ["major"])],
)
def test_colours_of_nobody_are_judged_as_the_profile_says(
    foreign_colours: str, state: str, severities: list[str], picture: SubjectOf
) -> None:
    result = measured(picture, page((40, 160, 70)), foreign_colours=foreign_colours)

    assert result.state == state
    assert [finding.severity for finding in result.findings] == severities


def test_a_place_must_have_its_colour_though_another_brand_colour_is_there(
    picture: SubjectOf,
) -> None:
    assert measured(picture, page(NAVY), regions=[NAVY_HERE]).state == "passed"
    result = measured(picture, page(CORAL), regions=[NAVY_HERE])

    assert result.state == "failed"
    assert result.findings[0].region and result.findings[0].region.y == 0.75


def test_a_colour_must_take_its_share_of_the_page(picture: SubjectOf) -> None:
    rule = [{"colour": "Navy", "min_share": 0.2, "max_share": 0.4}]

    assert measured(picture, page(NAVY), shares=rule).state == "passed"
    little = measured(picture, page(WHITE), shares=rule)
    much = measured(picture, page(NAVY, ground=NAVY), shares=rule)

    assert [f.message for f in little.findings] == ["There is too little Navy."]
    assert [f.message for f in much.findings] == ["There is too much Navy."]


def test_parts_of_a_panel_count_together(picture: SubjectOf) -> None:
    image = Image.new("RGB", (800, 800), WHITE)
    draw = ImageDraw.Draw(image)
    for column in range(4):
        draw.rectangle((40 + 200 * column, 300, 120 + 200 * column, 390), fill=NAVY_OFF)

    assert len(measured(picture, image).findings) == 1


def test_a_name_that_no_colour_has_is_refused(picture: SubjectOf) -> None:
    result = measured(picture, page(NAVY), shares=[{"colour": "Navi"}])

    assert (result.state, result.reason) == (
        "error",
        "Parameter shares: “Navi” is not one of the colours.",
    )


def test_colour_without_a_tolerance_has_that_of_the_brand(picture: SubjectOf) -> None:
    navy = BrandColour(name="Navy", hex="#0e1e3a")
    strict = Brief(brand=BrandData(colours=(navy,), colour_tolerance=1))
    loose = Brief(brand=BrandData(colours=(navy,), colour_tolerance=40))

    assert measured(picture, page(NAVY_OFF), strict).state == "failed"
    assert measured(picture, page(NAVY_OFF), loose).state == "passed"
    own = [{"name": "Navy", "hex": "#0e1e3a", "tolerance": 1}]
    assert measured(picture, page(NAVY_OFF), loose, colours=own).state == "failed"
