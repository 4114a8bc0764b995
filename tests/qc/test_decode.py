"""Rules of opening a creative: what is refused, and that colours and directions come out right."""

import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.qc.decode import open_creative
from services.qc.domain.creative import Creative, Limits, Unreadable

ROOT = Path(__file__).parents[2]
SHARED = ROOT / ".." / "shared" / "data" / "creative"
GOOD = sorted(
    file for pattern in ("pictures/*", "logos/*.png", "pdfs/*") for file in SHARED.glob(pattern)
)
HOSTILE = sorted((SHARED / "hostile").glob("*"))
GIB = 2**30


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def first_pixel(path: Path, **options: Any) -> list[int]:
    with open_creative(path, Limits(), **options) as creative:
        return list(map(int, creative.rgb(creative.pages[0])[0, 0]))


def refusal(path: Path, limits: Limits | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        open_creative(path, limits or Limits())
    return caught.value


def chunk(name: bytes, content: bytes) -> bytes:
    """A part of a PNG, with its length and checksum."""
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


@pytest.mark.parametrize(
    ("content", "code", "clue"),
    [
        (b"", "empty_file", "empty"),
        (b"Dear all, here is the file.", "unknown_type", "text file (it begins “Dear all"),
        (b"<!DOCTYPE html><html>", "unknown_type", "web page"),
        (bytes(range(256)), "unknown_type", "not a picture"),
        (b"GIF89a\x01\x00\x01\x00", "damaged", "GIF"),
        (b"PK\x03\x04", "type_not_supported", "ZIP"),
        (b"\x1aE\xdf\xa3\x42\x82\x88matroska", "type_not_supported", "Matroska"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "type_not_supported", "AVI"),
        (b"\x00\x00\x00\x18ftypM4A ", "type_not_supported", "sound"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "type_not_supported", "PostScript"),
        (b'<?xml version="1.0"?><svg>', "damaged", "SVG"),
        (b"<!DOCTYPE html><p><svg></svg>", "unknown_type", "web page"),
        (b"\x00\x00\x00\x1cftypavif", "damaged", "AVIF"),
        (b"\x00\x00\x00\x1cftypheic", "damaged", "HEIC"),
        (b"\x00\x00\x00\x1cftypisom", "damaged", "MP4"),
        (b"8BPS\x00\x01", "damaged", "Photoshop"),
        (b"%PDF-1.7 nothing", "damaged", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "damaged", "PNG"),
    ],
)
def test_what_is_not_a_creative_is_refused_by_its_content(
    content: bytes, code: str, clue: str, tmp_path: Path
) -> None:
    path = tmp_path / "creative.png"
    path.write_bytes(content)

    refused = refusal(path)

    assert (refused.code, clue in refused.detail) == (code, True)


def test_the_refusal_survives_the_pipe_of_a_process() -> None:
    copied = pickle.loads(pickle.dumps(Unreadable("truncated", "It is cut short.")))

    assert (copied.code, copied.detail, str(copied)) == ("truncated", *["It is cut short."] * 2)


def test_pixels_are_counted_before_they_are_decoded(tmp_path: Path) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0))
    path = tmp_path / "claims.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + b"\x00\x00\x40\x00IDAT")

    assert refusal(path).code == "too_many_pixels"


def test_the_pixel_limit_itself_is_allowed(tmp_path: Path) -> None:
    path = saved(Image.new("L", (100, 100)), tmp_path / "square.png")

    assert refusal(path, Limits(max_pixels=9_999)).code == "too_many_pixels"
    open_creative(path, Limits(max_pixels=10_000)).close()


def test_a_picture_cut_short_is_told_at_once(tmp_path: Path) -> None:
    for name in ("noise.jpg", "noise.png", "noise.webp"):
        noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8)
        path = saved(Image.fromarray(noise), tmp_path / name)
        path.write_bytes(path.read_bytes()[:-9_000])

        assert refusal(path).code in ("truncated", "damaged")


def test_a_png_whose_pixels_break_off_is_told_though_its_parts_are_read_before(
    tmp_path: Path,
) -> None:
    """Pillow looks for EXIF behind the pixels, stumbles there, and says so only once."""
    unknown_filter = bytes([9, *range(8)])
    path = tmp_path / "broken.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(unknown_filter * 8))
        + b"\x42\x71\x7f\x71 what follows is no chunk"
    )

    assert refusal(path).code in ("truncated", "damaged")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation: int, tmp_path: Path) -> None:
    upright = Image.new("RGB", (80, 48), "white")
    upright.paste((255, 0, 0), (0, 0, 40, 24))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    turned = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(turned, tmp_path / "turned.png", exif=exif)

    with open_creative(path, Limits()) as creative:
        page = creative.pages[0]
        assert (page.width_px, page.height_px) == (80, 48)
        assert np.array_equal(creative.rgb(page), np.asarray(upright))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGBA", (4, 4), (255, 0, 0, 128)), [255, 127, 127]),
        (Image.new("LA", (4, 4), (0, 0)), [255, 255, 255]),
        (Image.new("P", (4, 4), 0), [0, 0, 0]),
        (Image.new("1", (4, 4), 1), [255, 255, 255]),
        (Image.fromarray(np.full((4, 4), 32768, np.uint16)), [127, 127, 127]),
    ],
)
def test_every_mode_becomes_rgb_on_white(
    image: Image.Image, expected: list[int], tmp_path: Path
) -> None:
    assert first_pixel(saved(image, tmp_path / "mode.png")) == pytest.approx(expected, abs=1)


def test_transparency_is_laid_on_the_asked_background(tmp_path: Path) -> None:
    path = saved(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), tmp_path / "clear.png")

    assert first_pixel(path, background=(1, 2, 3)) == [1, 2, 3]


@pytest.mark.parametrize("name", ["cmyk.jpg", "cmyk.tif"])
def test_cmyk_is_not_inverted(name: str, tmp_path: Path) -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    path = saved(red, tmp_path / name, quality=95) if "jpg" in name else saved(red, tmp_path / name)

    assert first_pixel(path) == pytest.approx([255, 0, 0], abs=8)


def test_a_cmyk_jpeg_without_adobes_marker_is_not_inverted_either(tmp_path: Path) -> None:
    cyan_free = Image.new("CMYK", (16, 16), (255, 0, 0, 255))
    path = saved(cyan_free, tmp_path / "plain.jpg", quality=95)
    content = path.read_bytes()
    marker = content.index(b"\xff\xee")
    path.write_bytes(content[:marker] + content[marker + 16 :])

    assert first_pixel(path) == pytest.approx([255, 0, 0], abs=8)


@pytest.mark.skipif(not GOOD, reason="the shared creatives are not here")
def test_a_colour_profile_is_applied(tmp_path: Path) -> None:
    with Image.open(SHARED / "pictures" / "easyocr__french.jpg") as photo:
        adobe_rgb = photo.info["icc_profile"]
    image = Image.new("RGB", (4, 4), (200, 100, 100))
    path = saved(image, tmp_path / "adobe.png", icc_profile=adobe_rgb)

    assert first_pixel(path) == pytest.approx([227, 99, 98], abs=4)


def test_the_facts_are_those_of_the_file_as_stored(tmp_path: Path) -> None:
    path = saved(Image.new("RGBA", (4, 4)), tmp_path / "kept.png", dpi=(300, 300))

    with open_creative(path, Limits(), name="Original name.png") as creative:
        facts = creative.facts
        assert (facts.file_name, facts.mode, facts.bit_depth) == ("Original name.png", "RGBA", 8)
        assert facts.alpha and facts.icc_profile is None
        assert facts.byte_size == path.stat().st_size
        assert facts.dpi == pytest.approx((300, 300), abs=0.1)


def test_a_large_picture_keeps_its_size_and_is_scaled_for_the_checks(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (600, 300), "red"), tmp_path / "large.jpg")

    with open_creative(path, Limits(working_side_px=200)) as creative:
        page = creative.pages[0]
        assert (page.width_px, page.height_px) == (600, 300)
        assert creative.rgb(page).shape == (100, 200, 3)


def test_the_frames_of_a_tiff_are_pages(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40 + n, 40), (n, 0, 0)) for n in range(3)]
    rest: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}

    with open_creative(saved(frames[0], tmp_path / "pages.tif", **rest), Limits()) as creative:
        assert [page.width_px for page in creative] == [40, 41, 42]
        assert int(creative.rgb(creative.pages[2])[0, 0, 0]) == 2


@pytest.mark.parametrize("name", ["pages.tif", "pages.pdf"])
def test_more_pages_than_allowed_are_refused(name: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40)) for _ in range(3)]
    path = saved(frames[0], tmp_path / name, save_all=True, append_images=frames[1:])

    assert refusal(path, Limits(max_pages=2)).code == "too_many_pages"


def test_a_pdf_page_has_its_size_in_millimetres_and_a_limited_raster(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (2100, 2970), "red"), tmp_path / "a4.pdf", resolution=254)

    with open_creative(path, Limits()) as creative:
        page = creative.pages[0]
        assert (page.width_mm, page.height_mm) == pytest.approx((210, 297), abs=0.2)
        assert creative.rgb(page).shape == (page.height_px, page.width_px, 3)
        assert page.height_px == pytest.approx(297 / 25.4 * 150, abs=1)
        assert list(creative.rgb(page)[900, 600]) == pytest.approx([255, 0, 0], abs=2)


def test_decoded_pages_are_kept_only_while_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [Image.new("RGB", (40, 40), (n, 0, 0)) for n in range(4)]
    rest: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}
    monkeypatch.setattr("services.qc.domain.creative.KEPT_BYTES", 2 * 40 * 40 * 3)

    with open_creative(saved(frames[0], tmp_path / "pages.tif", **rest), Limits()) as creative:
        for page in creative:
            assert int(creative.rgb(page)[0, 0, 0]) == page.number - 1
        assert _kept_pages(creative) == [3, 4]


def _kept_pages(creative: Creative) -> list[int]:
    return list(creative._kept)


@pytest.mark.skipif(not GOOD, reason="the shared creatives are not here")
@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_every_real_creative_opens_to_its_last_page(file: Path) -> None:
    with open_creative(file, Limits()) as creative:
        for page in creative:
            assert creative.rgb(page).size


PROBE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits, Unreadable
try:
    with open_creative(Path(sys.argv[1]), Limits()) as creative:
        for page in creative:
            creative.rgb(page)
        print("opened")
except Unreadable as refused:
    print(refused.code, refused.detail)
"""


@pytest.mark.skipif(not HOSTILE, reason="the shared creatives are not here")
@pytest.mark.parametrize("file", HOSTILE, ids=lambda file: file.name)
def test_a_hostile_file_opens_or_is_refused_in_ten_seconds_and_a_gibibyte(file: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, file], cwd=ROOT, capture_output=True, text=True, timeout=10
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("opened") or ran.stdout.rstrip().endswith(".")
