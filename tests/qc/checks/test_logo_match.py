"""Rules of the search for a reference mark on a page."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deploy.sample import write_sample
from services.qc.checks.logo_match import MOST_PAIRS, find_marks, pairs
from services.qc.checks.mark_points import PagePoints, Points
from services.qc.checks.mark_reference import Reference, load_reference, reference_of
from services.qc.checks.seen import LogoMatch
from services.qc.domain.brief import ReferenceFile
from services.qc.domain.creative import Limits

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "creative"
GROUND = (232, 240, 236)


@pytest.fixture(scope="module")
def logo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("logo")).logo


@pytest.fixture(scope="module")
def reference(logo: Path) -> Reference:
    return load_reference(logo, Limits(), "the logo")


def mark(logo: Path, width_px: int, colour: tuple[int, int, int] | None = None) -> Image.Image:
    with Image.open(logo) as file:
        whole = file.convert("RGBA")
    ink = whole.crop(whole.getchannel("A").getbbox())
    if colour:
        plain = Image.new("RGBA", ink.size, colour)
        plain.putalpha(ink.getchannel("A"))
        ink = plain
    return ink.resize((width_px, width_px * ink.height // ink.width), Image.Resampling.LANCZOS)


def search(
    reference: Reference, *placed: tuple[Image.Image, int, int], ground: tuple[int, ...] = GROUND
) -> tuple[LogoMatch, ...]:
    page = Image.new("RGB", (1200, 1200), ground)
    for ink, left, top in placed:
        page.paste(ink, (left, top), ink)
    return find_marks(PagePoints(np.asarray(page)), [reference]).matches


def test_every_occurrence_is_found(logo: Path, reference: Reference) -> None:
    found = search(
        reference, (mark(logo, 300), 60, 80), (mark(logo, 300), 700, 80), (mark(logo, 180), 60, 900)
    )

    lefts = sorted((round(m.quad[0][0]), round(m.quad[0][1])) for m in found)
    assert lefts == pytest.approx(np.array([(60, 80), (60, 900), (700, 80)]), abs=2)


@pytest.mark.parametrize(
    ("colour", "ground"),
    [((255, 255, 255), (14, 30, 58)), ((0, 0, 0), GROUND), ((200, 20, 90), (255, 255, 255))],
)
def test_a_logo_in_other_colours_is_found(
    colour: tuple[int, int, int], ground: tuple[int, int, int], logo: Path, reference: Reference
) -> None:
    [found] = search(reference, (mark(logo, 320, colour), 200, 300), ground=ground)

    assert found.width_px == pytest.approx(320, rel=0.01)


@pytest.mark.parametrize("width_px", [80, 160, 500])
def test_the_place_is_told_to_two_pixels(width_px: int, logo: Path, reference: Reference) -> None:
    ink = mark(logo, width_px)
    [found] = search(reference, (ink, 200, 300))

    right, bottom = found.quad[2]
    assert found.quad[0] == pytest.approx((200, 300), abs=1.5)
    assert (right, bottom) == pytest.approx((200 + ink.width, 300 + ink.height), abs=2)


def test_a_lean_is_measured(logo: Path, reference: Reference) -> None:
    ink = mark(logo, 320)
    lean = np.tan(np.radians(8))
    wide = (round(ink.width + lean * ink.height), ink.height)
    sheared = ink.transform(
        wide, Image.Transform.AFFINE, (1, lean, -lean * ink.height, 0, 1, 0), 3, fillcolor=0
    )

    [found] = search(reference, (sheared, 200, 300))

    assert abs(found.shear_deg) == pytest.approx(8, abs=0.5)
    assert found.rotation_deg == pytest.approx(0, abs=0.5)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared creatives are not here")
def test_plain_real_logos_are_found_on_a_photograph() -> None:
    with Image.open(SHARED / "pictures" / "skimage__coffee.png") as file:
        photo = file.convert("RGB").resize((1200, 800))
    for name in ("18f__18F-Logo-L.png", "dotnet__dotnet-logo.png"):
        page = photo.copy()
        with Image.open(SHARED / "logos" / name) as file:
            ink = file.convert("RGBA").resize((160, 160), Image.Resampling.LANCZOS)
        page.paste(ink, (700, 120), ink)

        found = find_marks(
            PagePoints(np.asarray(page)), [load_reference(SHARED / "logos" / name, Limits())]
        )

        assert found.match is not None
        assert found.match.width_px == pytest.approx(160, rel=0.02)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared creatives are not here")
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("godot__business-card-back.png", (0.05, 0.08)),
        ("godot__godotcon_brussels_poster_2018.png", (0.72, 0.06)),
        ("godot__godotcon_poznan_banner_2019.png", (0.88, 0.47)),
        ("godot__patreon1.png", None),
    ],
)
def test_a_real_mark_is_found_on_other_real_creatives(
    name: str, place: tuple[float, float] | None, tmp_path: Path
) -> None:
    with Image.open(SHARED / "pictures" / "godot__godotcon_brussels_banner_2018.png") as banner:
        banner.convert("RGB").crop((40, 335, 175, 470)).save(tmp_path / "head.png")
    with Image.open(SHARED / "pictures" / name) as file:
        page = np.asarray(file.convert("RGB"))

    search = find_marks(PagePoints(page), [load_reference(tmp_path / "head.png", Limits())])

    found = [(match.region.x, match.region.y) for match in search.matches]
    assert found == ([pytest.approx(place, abs=0.01)] if place else [])


def test_a_page_that_is_the_mark_all_over_is_searched_within_bounds(
    reference: Reference,
) -> None:
    own = reference.points[0]
    page = Points(*(np.concatenate([part] * 15) for part in astuple(own)))

    of, on = pairs(own, page)

    assert len(page) > 1.5 * MOST_PAIRS
    assert len(of) == len(on) == MOST_PAIRS


def test_a_reference_of_known_content_is_prepared_once(logo: Path) -> None:
    file = ReferenceFile(path=logo, name="the logo", sha256="one")
    first = reference_of(file, Limits())

    assert reference_of(file.model_copy(), Limits()) is first
    others = ({"sha256": "two"}, {"name": "a badge"}, {"sha256": ""})
    for other in others:
        assert reference_of(file.model_copy(update=other), Limits()) is not first
    assert reference_of(file, Limits(working_side_px=500)) is not first
    unknown = file.model_copy(update={"sha256": ""})
    assert reference_of(unknown, Limits()) is not reference_of(unknown, Limits())
