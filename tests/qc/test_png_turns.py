"""The EXIF turn of a PNG is found wherever it stands, without decoding the picture for it."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from services.qc.decode import open_creative
from services.qc.domain.creative import Limits


def with_turn_after_its_pixels(path: Path) -> Path:
    """Editors that add EXIF to a finished PNG put it at the end."""
    exif = Image.Exif()
    exif[0x0112] = 6
    content = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    path.write_bytes(path.read_bytes()[:-12] + chunk + path.read_bytes()[-12:])
    return path


def test_a_png_that_tells_of_its_turn_after_its_pixels_comes_out_upright(tmp_path: Path) -> None:
    stored = Image.new("RGB", (80, 48), "white")
    stored.paste((255, 0, 0), (0, 24, 40, 48))
    stored.save(tmp_path / "late.png")
    path = with_turn_after_its_pixels(tmp_path / "late.png")

    with open_creative(path, Limits()) as creative:
        assert creative.rgb(creative.pages[0]).shape == (80, 48, 3)
        assert list(creative.rgb(creative.pages[0])[0, 0]) == [255, 0, 0]
        assert (creative.pages[0].width_px, creative.facts.orientation) == (48, 6)


def test_a_png_is_not_decoded_before_a_page_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (80, 48), "white").save(tmp_path / "a.png")
    asked: list[PngImageFile] = []

    def count(image: PngImageFile) -> None:
        asked.append(image)

    monkeypatch.setattr(PngImageFile, "load_prepare", count)

    open_creative(tmp_path / "a.png", Limits(), lazy=True).close()

    assert asked == []
