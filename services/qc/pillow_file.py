"""Pillow, held short: one parser for each file, limits first, errors in our words."""

import os
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import AvifImagePlugin, ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE

from services.qc.colour import icc_profile
from services.qc.domain.creative import FileFormat, Limits, Rgb, Unreadable
from services.qc.domain.facts import FileFacts
from services.qc.shrinking import Size, fitted, measured_rgb, seen_rgb

AvifImagePlugin.DEFAULT_MAX_THREADS = 1
PARSERS: dict[FileFormat, str] = {"HEIC": "HEIF"}
"""What Pillow calls a format, where it has another name for it."""

PNG_SIGNATURE_BYTES, CHECKSUM_BYTES = 8, 4
MAX_CHUNKS = 100_000
TELLING = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
"""Chunks of a PNG that may hold an EXIF turn."""

SPARE = 1.46
"""How many times more pixels a JPEG that is decoded smaller must have than are wanted."""

UPRIGHT: dict[int, Callable[[Rgb], Rgb]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: a[::-1].transpose(1, 0, 2),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: a.transpose(1, 0, 2)[::-1],
}
"""What turns the stored rows upright, by EXIF orientation."""


@contextmanager
def pillow_file(path: Path, format: FileFormat, limits: Limits) -> Iterator[Image.Image]:
    """The open picture; only the parser of `format` is asked. Raises Unreadable."""
    if format == "HEIC":
        _learn_heic()
    with (
        our_errors(format, limits),
        Image.open(path, formats=[PARSERS.get(format, format)]) as image,
    ):
        check_pixels(image.width * image.height, limits)
        yield image


@cache
def _learn_heic() -> None:
    import pi_heif

    pi_heif.register_heif_opener(decode_threads=1, thumbnails=False)


@contextmanager
def our_errors(format: FileFormat, limits: Limits) -> Iterator[None]:
    """Pillow's warnings as errors, its errors as ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except Unreadable:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        detail = (
            f"The picture has far more than the {limits.max_pixels:,} pixels that are allowed. "
            "Export a smaller one."
        )
        raise Unreadable("too_many_pixels", detail) from error
    except MemoryError as error:
        detail = "Opening the picture takes too much memory. Export a smaller one."
        raise Unreadable("too_many_pixels", detail) from error
    except Exception as error:
        raise _failure(error, format) from error


def _failure(error: Exception, format: FileFormat) -> Unreadable:
    """Pillow's parsers raise nearly anything on hostile input: OSError, struct.error, KeyError …"""
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        detail = f"The {format} file is cut short. Upload it again from the original."
        return Unreadable("truncated", detail)
    detail = f"The {format} file is damaged and cannot be shown. Export it again."
    return Unreadable("damaged", detail)


def check_pixels(pixels: int, limits: Limits) -> None:
    if pixels > limits.max_pixels:
        detail = (
            f"The picture has {pixels:,} pixels; at most {limits.max_pixels:,} are allowed. "
            "Export a smaller one."
        )
        raise Unreadable("too_many_pixels", detail)


def orientation(image: Image.Image) -> int:
    """The EXIF tag; a block that cannot be parsed counts as upright, as viewers take it.

    Pillow decodes a PNG for it when it may be behind the pixels, and tells of what is wrong with
    those only that once: it is raised here.
    """
    png = image.fp if isinstance(image, PngImageFile) else None
    is_later = png is not None and _may_tell_later(png)
    if is_later:
        image.load()
    try:
        value = _exif(image, is_later).get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return value if value in UPRIGHT else 1


def _exif(image: Image.Image, is_later: bool) -> Image.Exif:
    """Pillow decodes a whole PNG to look for EXIF behind its pixels: it hardly ever is there."""
    if isinstance(image, PngImageFile) and not is_later:
        return Image.Image.getexif(image)
    return image.getexif()


def _may_tell_later(png: IO[bytes]) -> bool:
    stood_at, pixels_seen = png.tell(), False
    try:
        png.seek(PNG_SIGNATURE_BYTES)
        for _ in range(MAX_CHUNKS):
            length, name = struct.unpack(">I4s", png.read(8))
            if name == b"IEND":
                return False
            if pixels_seen and name in TELLING:
                return True
            pixels_seen = pixels_seen or name == b"IDAT"
            png.seek(length + CHECKSUM_BYTES, os.SEEK_CUR)
    except struct.error:
        return True
    finally:
        png.seek(stood_at)
    return True


def turn_to_make(image: Image.Image) -> int:
    """The EXIF orientation that is still to be undone: of a TIFF, Pillow does that itself."""
    return 1 if image.format == "TIFF" else orientation(image)


def facts_of(
    path: Path, name: str, image: Image.Image, format: FileFormat, frames: int
) -> FileFacts:
    """As stored; call it before the pixels are loaded."""
    return FileFacts(
        file_name=name,
        byte_size=path.stat().st_size,
        mode=image.mode,
        bit_depth=_bit_depth(path, image, format),
        alpha=image.has_transparency_data,
        icc_profile=icc_name(image),
        dpi=_dpi(image),
        orientation=orientation(image),
        frames=frames,
    )


def _bit_depth(path: Path, image: Image.Image, format: FileFormat) -> int:
    if format == "PNG":
        with path.open("rb") as file:
            return file.read(25)[24]
    if format == "HEIC":
        return int(image.info.get("bit_depth", 8))
    if format == "TIFF":
        bits: Any = image.tag_v2.get(BITSPERSAMPLE, 1)  # type: ignore[attr-defined]
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    return 8


def icc_name(image: Image.Image) -> str | None:
    profile = icc_profile(image)
    if profile is None:
        return "unreadable" if image.info.get("icc_profile") else None
    return ImageCms.getProfileDescription(profile).strip() or "unnamed"


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 100_000 and 0 < down < 100_000 else None


def upright_rgb(image: Image.Image, limits: Limits, background: tuple[int, int, int]) -> Rgb:
    """Scaled down where it is larger than `limits.working_side_px`."""
    return _upright(image, limits.working_side_px, background, measured_rgb)


def upright_glance(image: Image.Image, side_px: int, background: tuple[int, int, int]) -> Rgb:
    """To be looked at, not measured: scaled down to `side_px`.

    A JPEG is decoded at a half or a quarter where that leaves pixels enough. Asked for a size of
    another ratio, or for less, Pillow would decode too much, or blur.
    """
    longer = max(image.size)
    least = max(round(side_px * SPARE), longer // 4, 1)
    width, height = (max(1, side * least // longer) for side in image.size)
    image.draft(None, (width, height))
    return _upright(image, side_px, background, seen_rgb)


def _upright(
    image: Image.Image,
    side_px: int,
    background: tuple[int, int, int],
    pixels_of: Callable[[Image.Image, Size, tuple[int, int, int]], Rgb],
) -> Rgb:
    stored = turn_to_make(image)
    image.load()
    pixels = pixels_of(image, fitted(image.size, side_px), background)
    turn = UPRIGHT.get(stored)
    return np.ascontiguousarray(turn(pixels)) if turn else pixels
