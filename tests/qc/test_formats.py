"""Each kind of picture comes out upright and in its colours, and moving ones as key frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from services.qc.decode import open_creative
from services.qc.domain.creative import Limits, Unreadable
from tests.qc.drawn_files import psd, saved, without_flattened_picture

PICTURES = Path(__file__).parents[1] / "fixtures" / "pictures"
RED_CORNER = Image.new("RGB", (96, 64), "white")
RED_CORNER.paste((255, 0, 0), (0, 0, 48, 32))


def plain(path: Path, **options: Any) -> Path:
    RED_CORNER.save(path, **options)
    return path


def turned(path: Path, **options: Any) -> Path:
    """Stored a quarter turn clockwise from upright, with the EXIF tag that says so."""
    exif = Image.Exif()
    exif[0x0112] = 8
    RED_CORNER.transpose(Image.Transpose.ROTATE_270).save(path, exif=exif, **options)
    return path


def kept(path: Path) -> Path:
    """Nothing here writes HEIC: two of RED_CORNER are kept, one with a turn for viewers."""
    return PICTURES / path.name


@pytest.mark.parametrize(
    ("format", "name", "write"),
    [
        ("BMP", "a.bmp", plain),
        ("GIF", "a.gif", plain),
        ("AVIF", "a.avif", lambda path: plain(path, quality=100)),
        ("AVIF", "turned.avif", lambda path: turned(path, quality=100)),
        ("HEIC", "corner.heic", kept),
        ("HEIC", "corner_turned.heic", kept),
        ("WEBP", "turned.webp", lambda path: turned(path, lossless=True)),
        ("TIFF", "turned.tif", turned),
        ("JPEG", "turned.jpg", lambda path: turned(path, quality=95, subsampling=0)),
        ("PSD", "a.psd", lambda path: saved(psd(path, RED_CORNER), path)),
        ("PSD", "a.psb", lambda path: saved(psd(path, RED_CORNER, large=True), path)),
    ],
)
def test_the_picture_is_upright_and_in_its_colours(
    format: str, name: str, write: Callable[[Path], Path], tmp_path: Path
) -> None:
    with open_creative(write(tmp_path / name), Limits()) as creative:
        page = creative.pages[0]
        pixels = creative.rgb(page).astype(int)

        assert (creative.format, page.width_px, page.height_px) == (format, 96, 64)
        assert np.abs(pixels[4:28, 4:44] - (255, 0, 0)).max() <= 6
        assert np.abs(pixels[36:, 52:] - 255).max() <= 6
        assert (creative.facts.mode in ("RGB", "P"), creative.facts.bit_depth) == (True, 8)


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_sixteen_bits_a_channel_are_read_and_told(name: str, tmp_path: Path) -> None:
    import cv2

    deep = np.zeros((16, 16, 3), np.uint16)
    deep[:] = (0, 32_896, 65_535)
    cv2.imwrite(str(tmp_path / name), deep)

    with open_creative(tmp_path / name, Limits()) as creative:
        assert creative.facts.bit_depth == 16
        assert list(creative.rgb(creative.pages[0])[8, 8]) == pytest.approx([255, 128, 0], abs=1)


def test_a_photoshop_file_in_cmyk_and_one_in_sixteen_bits(tmp_path: Path) -> None:
    from psd_tools import PSDImage

    red = psd(tmp_path / "cmyk.psd", Image.new("CMYK", (8, 8), (0, 255, 255, 0)))
    deep = PSDImage.new("RGB", (8, 8), color=(1.0, 0.5, 0.0), depth=16)

    for document, mode, bits, seen in ((red, "CMYK", 8, 0), (deep, "RGB", 16, 128)):
        with open_creative(saved(document, tmp_path / "a.psd"), Limits()) as creative:
            assert (creative.facts.mode, creative.facts.bit_depth) == (mode, bits)
            pixel = creative.rgb(creative.pages[0])[4, 4]
            assert list(pixel) == pytest.approx([255, seen, 0], abs=2)


@pytest.mark.parametrize(
    ("mode", "colour"), [("CMYK", (0, 255, 255, 0)), ("RGB", (255, 0, 0)), ("L", 76)]
)
def test_a_large_photoshop_file_looks_the_same_where_memory_is_short(
    mode: str, colour: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(psd(tmp_path / "a.psd", Image.new(mode, (64, 64), colour)), tmp_path / "a.psd")
    with open_creative(path, Limits()) as creative:
        usual = creative.rgb(creative.pages[0])
    monkeypatch.setattr("services.qc.psd.MAX_PICTURE_BYTES", 10_000)

    with open_creative(path, Limits()) as creative:
        assert np.array_equal(creative.rgb(creative.pages[0]), usual)


def test_a_photoshop_file_that_needs_too_much_memory_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from psd_tools import PSDImage

    monkeypatch.setattr("services.qc.psd.MAX_PICTURE_BYTES", 10_000)
    deep = PSDImage.new("RGB", (64, 64), color=0.5, depth=16)

    with pytest.raises(Unreadable, match="8 bits per channel") as refused:
        open_creative(saved(deep, tmp_path / "a.psd"), Limits())
    assert refused.value.code == "too_many_pixels"


def test_the_colour_profile_of_a_photoshop_file_is_told_and_applied(tmp_path: Path) -> None:
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource

    document = psd(tmp_path / "a.psd", Image.new("RGB", (8, 8), (200, 100, 100)))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, green, swapped = srgb.index(b"rXYZ"), srgb.index(b"gXYZ"), bytearray(srgb)
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    text = swapped.index("sRGB built-in".encode("utf-16-be"))
    swapped[text : text + 8] = "swap".encode("utf-16-be")
    key = Resource.ICC_PROFILE
    document.image_resources[key] = ImageResource(key=key.value, data=bytes(swapped))

    with open_creative(saved(document, tmp_path / "a.psd"), Limits()) as creative:
        assert (creative.facts.icc_profile or "").startswith("swap")
        red_now, green_now, _ = map(int, creative.rgb(creative.pages[0])[4, 4])
        assert green_now > red_now


def test_layers_are_told_from_the_topmost_down(tmp_path: Path) -> None:
    document = psd(tmp_path / "a.psd", Image.new("RGB", (100, 50), "white"))
    document.create_pixel_layer(Image.new("RGBA", (50, 25), "red"), name="Panel", top=25, left=50)
    group = document.create_group(name="Offer")
    price = document.create_pixel_layer(Image.new("RGBA", (4, 4), "red"), name="Price")
    price.visible = False
    group.append(price)

    with open_creative(saved(document, tmp_path / "a.psd"), Limits()) as creative:
        group_layer, price_layer, panel = creative.facts.layers or ()

    assert (group_layer.kind, group_layer.name, group_layer.empty) == ("group", "Offer", False)
    assert (price_layer.path, price_layer.hidden, panel.hidden) == (("Offer",), True, False)
    assert panel.region is not None
    assert (panel.region.x, panel.region.y, panel.region.w) == (0.5, 0.5, 0.5)


def test_a_photoshop_file_without_its_flattened_picture_says_what_to_do(tmp_path: Path) -> None:
    document = psd(tmp_path / "a.psd", RED_CORNER)
    without_flattened_picture(document)

    with pytest.raises(Unreadable, match="Maximize Compatibility") as refused:
        open_creative(saved(document, tmp_path / "a.psd"), Limits())

    assert refused.value.code == "no_flattened_picture"


def test_a_photoshop_file_cut_short_is_told(tmp_path: Path) -> None:
    path = saved(psd(tmp_path / "a.psd", RED_CORNER), tmp_path / "a.psd")
    path.write_bytes(path.read_bytes()[:-2_000])

    with pytest.raises(Unreadable, match="cut short"):
        open_creative(path, Limits())


SHADES = [Image.new("RGB", (60, 40), (20 * n, 0, 0)) for n in range(12)]


@pytest.mark.parametrize(
    ("name", "options", "plays"),
    [
        ("a.gif", {"loop": 2}, 3),
        ("a.gif", {"loop": 0}, 0),
        ("a.gif", {}, 1),
        ("a.webp", {"loop": 2, "lossless": True}, 2),
        ("a.png", {"loop": 2}, 2),
        ("a.avif", {"quality": 100}, 0),
    ],
)
def test_an_animation_has_key_frames_as_pages_and_tells_how_it_runs(
    name: str, options: dict[str, Any], plays: int, tmp_path: Path
) -> None:
    path = tmp_path / name
    SHADES[0].save(path, save_all=True, append_images=SHADES[1:], duration=100, **options)

    with open_creative(path, Limits()) as creative:
        motion = creative.facts.motion
        seen = {page.at_s: int(creative.rgb(page)[20, 30, 0]) for page in creative}
        backwards = [int(creative.rgb(page)[20, 30, 0]) for page in reversed(creative.pages)]
        played = [frame.at_s for frame in creative.frames(16)]

    assert motion is not None
    assert (motion.duration_s, motion.frames, motion.frame_rate) == (1.2, 12, 10.0)
    assert motion.plays == plays
    assert len(seen) == 5
    for at_s, red in seen.items():
        assert red == pytest.approx(200 * (at_s or 0), abs=8)
    assert backwards == list(reversed(seen.values()))
    assert played == pytest.approx([n / 10 for n in range(12)])


def test_too_long_an_animation_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.qc.animation.MAX_MOVING_PIXELS", 11 * 60 * 40)
    SHADES[0].save(tmp_path / "a.gif", save_all=True, append_images=SHADES[1:])

    with pytest.raises(Unreadable, match=r"12 frames .* at most 11"):
        open_creative(tmp_path / "a.gif", Limits())
