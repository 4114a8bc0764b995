"""Opens JPEG, PNG, WebP and TIFF: limits first, then upright sRGB pixels."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms
from PIL.TiffImagePlugin import BITSPERSAMPLE

from services.qc.colour import icc_profile, to_rgb
from services.qc.domain.creative import (
    Creative,
    FileFacts,
    FileFormat,
    Limits,
    Page,
    Rgb,
    Unreadable,
)

ANIMATION_PIXELS_FACTOR = 4
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


def open_raster(
    path: Path,
    format: FileFormat,
    limits: Limits,
    name: str,
    background: tuple[int, int, int],
) -> Creative:
    """A TIFF's frames are its pages; an animation counts as its first frame.

    The first page is decoded here, so that a file that is cut short is told at once; every
    frame of an animation is. Raises Unreadable.
    """
    with _pillow(path, format, limits) as image:
        _check_pixels(image.width * image.height, limits)
        frames = _count_frames(image, limits)
        facts = _facts(path, name, image, format, frames)
        if format == "TIFF":
            pages = [_page(image, number) for number in _seek_each(image, frames, limits)]
        else:
            pages = [_page(image, 1)]
            _prove_frames(image, frames)

    def decode(page: Page) -> Rgb:
        with _pillow(path, format, limits) as image:
            if page.number > 1:
                image.seek(page.number - 1)
            return _upright_rgb(image, limits, background)

    creative = Creative(format, facts, pages, decode)
    creative.rgb(pages[0])
    return creative


@contextmanager
def _pillow(path: Path, format: FileFormat, limits: Limits) -> Iterator[Image.Image]:
    """Pillow with only this format's parser, its warnings as errors, its errors as ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=[format]) as image:
                yield image
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


def _check_pixels(pixels: int, limits: Limits) -> None:
    if pixels > limits.max_pixels:
        detail = (
            f"The picture has {pixels:,} pixels; at most {limits.max_pixels:,} are allowed. "
            "Export a smaller one."
        )
        raise Unreadable("too_many_pixels", detail)


def _count_frames(image: Image.Image, limits: Limits) -> int:
    if image.format == "MPO":
        return 1
    frames = int(getattr(image, "n_frames", 1))
    if frames > limits.max_pages:
        detail = (
            f"The file has {frames} pages or frames; at most {limits.max_pages} are allowed. "
            "Split it."
        )
        raise Unreadable("too_many_pages", detail)
    if image.format != "TIFF" and frames > 1:
        _check_pixels(image.width * image.height * frames // ANIMATION_PIXELS_FACTOR, limits)
    return frames


def _seek_each(image: Image.Image, frames: int, limits: Limits) -> Iterator[int]:
    for frame in range(frames):
        image.seek(frame)
        _check_pixels(image.width * image.height, limits)
        yield frame + 1


def _prove_frames(image: Image.Image, frames: int) -> None:
    for frame in range(1, frames):
        image.seek(frame)
        image.load()


def _page(image: Image.Image, number: int) -> Page:
    width, height = image.size
    if _orientation(image) >= 5:
        width, height = height, width
    return Page(number, width, height)


def _orientation(image: Image.Image) -> int:
    """The EXIF tag; a block that cannot be parsed counts as upright, as viewers take it."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1
    return value if value in UPRIGHT else 1


def _facts(path: Path, name: str, image: Image.Image, format: FileFormat, frames: int) -> FileFacts:
    return FileFacts(
        file_name=name,
        byte_size=path.stat().st_size,
        mode=image.mode,
        bit_depth=_bit_depth(path, image, format),
        alpha=image.has_transparency_data,
        icc_profile=_icc_name(image),
        dpi=_dpi(image),
        orientation=_orientation(image),
        frames=frames,
    )


def _bit_depth(path: Path, image: Image.Image, format: FileFormat) -> int:
    if format == "PNG":
        with path.open("rb") as file:
            return file.read(25)[24]
    if format == "TIFF":
        bits: Any = image.tag_v2.get(BITSPERSAMPLE, 1)  # type: ignore[attr-defined]
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    return 8


def _icc_name(image: Image.Image) -> str | None:
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


def _upright_rgb(image: Image.Image, limits: Limits, background: tuple[int, int, int]) -> Rgb:
    working = limits.working_side_px
    if max(image.size) > working:
        image.draft(None, (working, working))
    orientation = _orientation(image)
    image.load()
    pixels = to_rgb(image, background)
    shrink = working / max(image.size)
    if shrink < 1:
        size = (max(1, round(image.width * shrink)), max(1, round(image.height * shrink)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    turn = UPRIGHT.get(orientation)
    return np.ascontiguousarray(turn(pixels)) if turn else pixels
