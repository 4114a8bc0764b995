"""Rules of the checks that look for badges, marks and products."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_logos import page_with, photograph
from tests.qc.factories import brief_with


def drawn(path: Path, text: str, colour: str) -> Path:
    """A round badge with a ring and a text."""
    badge = Image.new("RGBA", (400, 400))
    draw = ImageDraw.Draw(badge)
    draw.ellipse((4, 4, 396, 396), fill=colour)
    draw.ellipse((30, 30, 370, 370), outline="white", width=10)
    font = ImageFont.load_default(110)
    draw.text((200, 170), text, font=font, fill="white", anchor="mm", stroke_width=4)
    draw.text((200, 290), "since 1907", font=ImageFont.load_default(44), fill="white", anchor="mm")
    badge.save(path)
    return path


@pytest.fixture(scope="module")
def badges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("badges")
    return {
        "NEW badge": drawn(folder / "NEW badge.png", "NEW", "#c02040"),
        "Organic": drawn(folder / "Organic.png", "BIO", "#207040"),
    }


def page(*placed: tuple[Path, int, int, int]) -> Image.Image:
    """A photograph with badges: file, width, left, top."""
    picture = photograph()
    for path, width_px, left, top in placed:
        with Image.open(path) as file:
            picture = page_with(file.resize((width_px, width_px), 1), (left, top), picture)
    return picture


def measured(
    name: str,
    picture: SubjectOf,
    image: Image.Image,
    kind: str,
    references: list[Path],
    **given: object,
) -> Measured:
    subject = picture(image, "page.jpg", quality=90)
    subject.brief = brief_with(**{kind: references})
    return run_check(name, subject, given)  # type: ignore[arg-type]


def test_every_required_mark_must_be_there(badges: dict[str, Path], picture: SubjectOf) -> None:
    image = page((badges["Organic"], 120, 700, 650))
    files = list(badges.values())

    both = measured("brand_assets_visibility", picture, image, "brand_asset", files)
    one = measured(
        "brand_assets_visibility", picture, image, "brand_asset", files, required=["Organic"]
    )

    assert [finding.message for finding in both.findings] == ["“NEW badge” was not found."]
    assert (both.score, one.state) == (50, "passed")


def test_a_mark_that_is_too_small_is_shown(badges: dict[str, Path], picture: SubjectOf) -> None:
    image = page((badges["Organic"], 120, 700, 650))

    result = measured(
        "brand_assets_visibility",
        picture,
        image,
        "brand_asset",
        [badges["Organic"]],
        min_height_px=140,
    )

    [finding] = result.findings
    assert finding.region is not None
    assert (finding.region.x, finding.region.y) == pytest.approx((0.7, 0.65), abs=0.01)


def test_a_name_without_a_file_is_missing_input(
    badges: dict[str, Path], picture: SubjectOf
) -> None:
    files = list(badges.values())
    given = {"required": ["Kosher"]}

    unknown = measured("brand_assets_visibility", picture, page(), "brand_asset", files, **given)
    nothing = measured("brand_assets_visibility", picture, page(), "brand_asset", [])

    assert unknown.reason == "There is no brand asset called “Kosher”. Upload it."
    assert (unknown.state, nothing.state) == ("missing_input", "missing_input")


def test_a_product_that_is_found_is_measured(badges: dict[str, Path], picture: SubjectOf) -> None:
    product = [badges["Organic"]]
    large, small = page((badges["Organic"], 400, 100, 100)), page((badges["Organic"], 90, 100, 100))
    cut = page((badges["Organic"], 400, 750, 300))

    results = [
        measured("product_visibility", picture, image, "product", product)
        for image in (large, small, cut)
    ]

    assert [[f.message for f in result.findings] for result in results] == [
        [],
        ["The product is too small."],
        ["The product is cut off."],
    ]


def test_a_product_that_is_not_recognised_is_no_verdict(
    badges: dict[str, Path], picture: SubjectOf
) -> None:
    result = measured("product_visibility", picture, page(), "product", [badges["Organic"]])

    assert (result.state, result.score) == ("missing_input", None)


@pytest.mark.parametrize(("rule", "with_badge"), [("required", "passed"), ("forbidden", "failed")])
def test_a_badge_says_that_it_is_new(
    rule: str, with_badge: str, badges: dict[str, Path], picture: SubjectOf
) -> None:
    image = page((badges["NEW badge"], 130, 700, 650))

    result = measured(
        "new_visibility", picture, image, "brand_asset", list(badges.values()), rule=rule
    )

    assert result.state == with_badge


@pytest.mark.parametrize(
    ("text", "given", "state"),
    [
        ("Our NEW recipe", {}, "passed"),
        ("News from Newport", {}, "failed"),
        ("Jetzt NEU im Regal", {"languages": ["de_DE"]}, "passed"),
        ("Jetzt NEU im Regal", {"languages": ["en"]}, "failed"),
        ("A new way to start", {"rule": "forbidden"}, "failed"),
        ("A new way to start", {"rule": "forbidden", "capitals_only": True}, "passed"),
        ("Fresh from the press", {"words": ["fresh"]}, "passed"),
    ],
)
def test_the_word_in_the_copy_counts(
    text: str, given: dict[str, object], state: str, picture: SubjectOf
) -> None:
    image = Image.new("RGB", (700, 200), "white")
    font = ImageFont.load_default(56)
    ImageDraw.Draw(image).text((40, 60), text, font=font, fill="black")

    result = measured("new_visibility", picture, image, "brand_asset", [], **given)

    assert result.state == state
