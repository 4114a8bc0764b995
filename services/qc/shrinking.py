"""Pixels in sRGB at the size that is wanted, band by band: no second whole picture is held."""

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.qc.colour import Convert, converter
from services.qc.domain.creative import Rgb

BAND_ROWS = 128
LAST_STEP = 1.5
"""How many times too large a picture may be for the last, careful step of shrinking."""

LOBES = 3

Size = tuple[int, int]
Kernel: TypeAlias = NDArray[np.float32]


def fitted(size: Size, side_px: int) -> Size:
    """The size with `side_px` on its longer side; never a larger one."""
    scale = side_px / max(size)
    if scale >= 1:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def measured_rgb(image: Image.Image, size: Size, background: tuple[int, int, int]) -> Rgb:
    """Each pixel is the mean of exactly the area that it covers: nothing is made sharper.

    Bands end where a row of the file and a row of the result do. Where that is nowhere, first
    the width is shrunk and then the height, which may round a level up or down.
    """
    convert = converter(image, background)
    width, height = size
    if height // math.gcd(image.height, height) > BAND_ROWS:
        tall = _by_bands(image, (width, image.height), convert)
        return np.asarray(cv2.resize(tall, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _by_bands(image, size, convert)


def _by_bands(image: Image.Image, size: Size, convert: Convert | None) -> Rgb:
    width, height = size
    common = math.gcd(image.height, height)
    stored_rows, rows = image.height // common, height // common
    times = max(1, BAND_ROWS // stored_rows)
    pixels = np.empty((height, width, 3), np.uint8)
    for start in range(0, common, times):
        end = min(start + times, common)
        band = image.crop((0, start * stored_rows, image.width, end * stored_rows))
        part = np.asarray(convert(band) if convert else band)
        if size != image.size:
            area = (width, (end - start) * rows)
            part = np.asarray(cv2.resize(part, area, interpolation=cv2.INTER_AREA), np.uint8)
        pixels[start * rows : end * rows] = part
    return pixels


def seen_rgb(image: Image.Image, size: Size, background: tuple[int, int, int]) -> Rgb:
    """For eyes: within a decibel of Pillow's LANCZOS, in a third of its time."""
    stored = image.width, image.height
    return _last_step(measured_rgb(image, _coarse(stored, size), background), size)


def smaller(pixels: Rgb, side_px: int) -> Rgb:
    """The same for pixels that are there already: `side_px` on the longer side at most."""
    stored = pixels.shape[1], pixels.shape[0]
    size = fitted(stored, side_px)
    if (coarse := _coarse(stored, size)) != stored:
        pixels = np.asarray(cv2.resize(pixels, coarse, interpolation=cv2.INTER_AREA), np.uint8)
    return _last_step(pixels, size)


def _coarse(stored: Size, size: Size) -> Size:
    times = max(1, int(min(stored[0] / size[0], stored[1] / size[1]) / LAST_STEP))
    return max(1, round(stored[0] / times)), max(1, round(stored[1] / times))


def _last_step(pixels: Rgb, size: Size) -> Rgb:
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    across, down = _low_pass(width / size[0]), _low_pass(height / size[1])
    smooth = cv2.sepFilter2D(pixels, -1, across, down, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _low_pass(scale: float) -> Kernel:
    """Lanczos' window of three lobes: takes out what `scale` times fewer pixels cannot show."""
    reach = math.ceil(LOBES * scale)
    at = np.arange(-reach, reach + 1) / max(scale, 1.0)
    window = np.where(np.abs(at) < LOBES, np.sinc(at) * np.sinc(at / LOBES), 0.0)
    return np.asarray(window / window.sum(), np.float32)
