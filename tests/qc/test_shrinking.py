"""Pictures made smaller: as good as Pillow's best for eyes, exact for what is measured."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, JpegImagePlugin

from services.qc.checks import CHECKS, run_check
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Creative, Limits, Page, Rgb, Unreadable
from services.qc.domain.views import Showing, Sight
from services.qc.pillow_file import pillow_file, upright_glance
from services.qc.showing import draw
from services.qc.shrinking import fitted, measured_rgb
from tests.drawn_pictures import artwork, photograph

WHITE = (255, 255, 255)
LEAST_DB = 40.0
SIZE = (3000, 2000)


@pytest.fixture(scope="module")
def art() -> Image.Image:
    return artwork(*SIZE)


def likeness_db(one: Any, other: Any) -> float:
    """Peak signal to noise ratio; the limit is about where people see no difference."""
    off = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    error = float(np.mean(off**2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def in_full(image: Image.Image, side_px: int) -> Image.Image:
    return image.resize(fitted((image.width, image.height), side_px), Image.Resampling.LANCZOS)


def see_through(art: Image.Image, path: Path) -> Image.Image:
    """The artwork fades out to the right. Returned as it is seen on white."""
    fade = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize(art.size)
    art.putalpha(fade)
    art.save(path, compress_level=1)
    seen = Image.new("RGB", art.size, "white")
    seen.paste(art, mask=fade)
    return seen


def with_profile(art: Image.Image, path: Path) -> Image.Image:
    """In a space whose red and green are changed over."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, green, swapped = srgb.index(b"rXYZ"), srgb.index(b"gXYZ"), bytearray(srgb)
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    text = swapped.index("sRGB built-in".encode("utf-16-be"))
    swapped[text : text + 8] = "swap".encode("utf-16-be")
    art.save(path, compress_level=1, icc_profile=bytes(swapped))
    red_band, green_band, blue_band = art.split()
    return Image.merge("RGB", (green_band, red_band, blue_band))


def saved(**options: Any) -> Callable[[Image.Image, Path], Image.Image]:
    def save(art: Image.Image, path: Path) -> Image.Image:
        art.save(path, **options)
        with Image.open(path) as image:
            return image.convert("RGB")

    return save


def turned(art: Image.Image, path: Path) -> Image.Image:
    exif = Image.Exif()
    exif[0x0112] = 6
    art.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=95, subsampling=0)
    return art


def in_cmyk(art: Image.Image, path: Path) -> Image.Image:
    art.convert("CMYK").save(path, quality=95)
    return art.convert("CMYK").convert("RGB")


def in_sixteen_bits(art: Image.Image, path: Path) -> Image.Image:
    cv2.imwrite(str(path), np.asarray(art, np.uint16)[..., ::-1] * 257)
    return art


@pytest.mark.parametrize("side_px", [768, 1500, 2048])
@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.jpg", saved(quality=95, subsampling=0)),
        ("sampled.jpg", saved(quality=92)),
        ("progressive.jpg", saved(quality=92, progressive=True)),
        ("turned.jpg", turned),
        ("cmyk.jpg", in_cmyk),
        ("a.png", saved(compress_level=1)),
        ("grey.png", lambda art, path: saved(compress_level=1)(art.convert("L"), path)),
        ("deep.png", in_sixteen_bits),
        ("clear.png", see_through),
        ("profile.png", with_profile),
        ("a.webp", saved(quality=95, method=0)),
    ],
)
def test_a_glance_is_as_good_as_the_whole_picture_scaled_with_lanczos(
    name: str,
    write: Callable[[Image.Image, Path], Image.Image],
    side_px: int,
    art: Image.Image,
    tmp_path: Path,
) -> None:
    best = in_full(write(art.copy(), tmp_path / name), side_px)

    with open_creative(tmp_path / name, Limits(), lazy=True) as creative:
        seen = creative.glance(creative.pages[0], side_px)

    assert seen.shape == (best.height, best.width, 3)
    assert likeness_db(seen, best) >= LEAST_DB


def test_of_a_jpeg_no_more_is_decoded_than_the_glance_needs(
    art: Image.Image, tmp_path: Path
) -> None:
    art.save(tmp_path / "a.jpg")

    for side_px, decoded in (
        (1027, (1500, 1000)),
        (1028, SIZE),
        (514, (750, 500)),
        (9, (750, 500)),
    ):
        with pillow_file(tmp_path / "a.jpg", "JPEG", Limits()) as image:
            upright_glance(image, side_px, WHITE)
            assert image.size == decoded


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("size", [(9000, 1), (1, 9000), (4001, 3), (4100, 4099)])
def test_no_shape_is_too_odd(size: tuple[int, int], name: str, tmp_path: Path) -> None:
    Image.new("RGB", size, (200, 30, 90)).save(tmp_path / name, quality=100, subsampling=0)

    with open_creative(tmp_path / name, Limits(), lazy=True) as creative:
        page = creative.pages[0]
        for seen in (creative.glance(page, 300), creative.rgb(page)):
            assert max(seen.shape) in (300, 4000)
            assert np.abs(seen.astype(int) - (200, 30, 90)).max() <= 3


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_a_glance_finds_out_a_file_that_is_cut_short(
    name: str, art: Image.Image, tmp_path: Path
) -> None:
    art.save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 9 // 10])

    with pytest.raises(Unreadable), open_creative(tmp_path / name, Limits(), lazy=True) as creative:
        creative.glance(creative.pages[0], 64)


@pytest.mark.parametrize(
    ("size", "wanted", "levels"),
    [
        ((1200, 800), (1200, 800), 0),
        ((1200, 800), (600, 400), 0),
        ((1200, 900), (1000, 750), 0),
        ((1201, 797), (1000, 664), 1),
        ((40, 1999), (20, 1000), 1),
        ((3000, 1), (1000, 1), 0),
    ],
)
def test_what_is_measured_are_the_means_of_areas(
    size: tuple[int, int], wanted: tuple[int, int], levels: int
) -> None:
    image = photograph(*size)
    whole = cv2.resize(np.asarray(image), wanted, interpolation=cv2.INTER_AREA)

    off = np.abs(measured_rgb(image, wanted, WHITE).astype(int) - whole)

    assert off.max() <= levels


def test_grey_in_floats_keeps_its_white_where_some_values_are_no_number(tmp_path: Path) -> None:
    grey = np.full((600, 8), 0.5, np.float32)
    grey[0], grey[590] = np.nan, 1.0
    Image.fromarray(grey).save(tmp_path / "a.tif")

    with open_creative(tmp_path / "a.tif", Limits()) as creative:
        pixels = creative.rgb(creative.pages[0])

    assert [int(pixels[row, 0, 0]) for row in (0, 300, 590)] == [0, 127, 255]


def counted(creative: Creative) -> dict[int, int]:
    """How often each page is decoded, from now on."""
    times: dict[int, int] = {}
    decode = creative._decode

    def count(page: Page) -> Rgb:
        times[page.number] = times.get(page.number, 0) + 1
        return decode(page)

    creative._decode = count
    return times


def test_each_of_ten_a3_pages_is_rasterised_once_for_all_checks(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (1754, 1240), (20 * n, 90, 200)) for n in range(10)]
    rest: dict[str, Any] = {"save_all": True, "append_images": pages[1:], "resolution": 106.05}
    pages[0].save(tmp_path / "a3.pdf", **rest)

    with open_creative(tmp_path / "a3.pdf", Limits(), lazy=True) as creative:
        times = counted(creative)
        subject = Subject(creative)
        for name in sorted(name for name, check in CHECKS.items() if not check.reads_words):
            run_check(name, subject, {})
        for page in creative:
            creative.rgb(page)

    assert creative.pages[0].width_mm == pytest.approx(420, abs=1)
    assert times == dict.fromkeys(range(1, 11), 1)


def shown(creative: Creative, folder: Path, checks: tuple[str, ...] = ()) -> Path:
    wanted = Showing(folder=folder, sides_px={1: (1024, 512)}, sight=Sight())
    largest, smaller = draw(Subject(creative), wanted, checks)
    assert (largest.width_px, smaller.width_px) == (1024, 512)
    return folder / largest.sha256


def test_pictures_for_models_are_good_and_keep_their_colours(
    art: Image.Image, tmp_path: Path
) -> None:
    art.save(tmp_path / "a.jpg", quality=95, subsampling=0)
    with Image.open(tmp_path / "a.jpg") as whole:
        best = in_full(whole.convert("RGB"), 1024)
    best.save(tmp_path / "best.jpg", quality=90, subsampling=0)

    with open_creative(tmp_path / "a.jpg", Limits(), lazy=True) as creative:
        drawn = shown(creative, tmp_path)

    with Image.open(drawn) as picture, Image.open(tmp_path / "best.jpg") as in_turn:
        assert JpegImagePlugin.get_sampling(picture) == 0, "4:4:4"
        assert likeness_db(picture, best) >= likeness_db(in_turn, best) - 1


@pytest.mark.parametrize(("checks", "decoded"), [((), {}), (("sharpness",), {1: 1})])
def test_a_page_is_decoded_for_checks_only_where_there_are_some(
    checks: tuple[str, ...], decoded: dict[int, int], art: Image.Image, tmp_path: Path
) -> None:
    art.save(tmp_path / "a.jpg")

    with open_creative(tmp_path / "a.jpg", Limits(), lazy=True) as creative:
        times = counted(creative)
        shown(creative, tmp_path, checks)

    assert times == decoded
