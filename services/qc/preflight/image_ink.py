"""Ink of a CMYK picture in a PDF: its samples, and the heaviest place of a given area."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pikepdf
from PIL import Image as Pillow

from services.qc.preflight import objects
from services.qc.preflight.geometry import MM, Box
from services.qc.preflight.spaces import stream_bytes

if TYPE_CHECKING:
    from services.qc.preflight.facts import Image, Mark

MOST_PIXELS = 40_000_000
MOST_BYTES = 4 * MOST_PIXELS
WORKING_PX = 1_600
INKS = 4
MM_PER_INCH = 25.4


@dataclass(frozen=True)
class Heaviest:
    """The greatest mean over an area, in percent, and where that is on the page."""

    percent: float
    box: Box


def heaviest(image: "Image", mark: "Mark", area_mm2: float) -> Heaviest | None:
    """Over a square of `area_mm2`; None when the samples cannot be read as CMYK."""
    inks = _cmyk(image)
    if inks is None:
        return None
    height, width = inks.shape[:2]
    total = inks.sum(axis=2, dtype=np.float32) * (100 / 255)
    side_mm = area_mm2**0.5
    # The picture may have been thinned out: take its resolution from what is left.
    across, down = image.ppi[0] * width / image.width_px, image.ppi[1] * height / image.height_px
    window = tuple(
        max(1, min(size, round(side_mm * ppi / MM_PER_INCH)))
        for size, ppi in ((width, across), (height, down))
    )
    means = cv2.boxFilter(total, -1, window, borderType=cv2.BORDER_REPLICATE)
    _, percent, _, (x, y) = cv2.minMaxLoc(means)
    centre = (x + 0.5) / width, (y + 0.5) / height
    return Heaviest(float(percent), _placed(mark.box, centre, side_mm / MM, image))


def _placed(box: Box, centre: tuple[float, float], side_pt: float, image: "Image") -> Box:
    """In an upright picture the place itself; in one that is turned or cut, all of it."""
    width, height = box[2] - box[0], box[3] - box[1]
    own = image.width_px / image.ppi[0] * image.ppi[1] / image.height_px
    if not height or abs(width / height / own - 1) > 0.02:
        return box
    x, y = box[0] + centre[0] * width, box[3] - centre[1] * height
    half = side_pt / 2
    return (
        max(box[0], x - half),
        max(box[1], y - half),
        min(box[2], x + half),
        min(box[3], y + half),
    )


def _cmyk(image: "Image") -> Any:
    """Ink by pixel, 255 is full; thinned out so that the long side is about `WORKING_PX`."""
    space, stream = image.space, image.source
    if space is None or space.family != "cmyk" or stream is None or image.bits != 8:
        return None
    if not 0 < image.width_px * image.height_px <= MOST_PIXELS:
        return None
    step = max(1, max(image.width_px, image.height_px) // WORKING_PX)
    try:
        if image.filters[-1:] == ("DCTDecode",):
            samples = _jpeg(stream, step) if len(image.filters) == 1 else None
        else:
            samples = _raw(image, stream, step)
    except (ValueError, OSError, SyntaxError, pikepdf.PdfError, IndexError, KeyError):
        return None
    if samples is None:
        return None
    decode = [objects.number(one) for one in objects.elements(objects.get(stream, "/Decode"), 8)]
    return 255 - samples if decode[:2] == [1, 0] and space.kind != "Indexed" else samples


def _jpeg(stream: Any, step: int) -> Any:
    """Pillow turns CMYK samples round, as Photoshop's JPEGs want it; a PDF takes them as stored."""
    with Pillow.open(io.BytesIO(stream.read_raw_bytes()), formats=["JPEG"]) as picture:
        if picture.mode != "CMYK" or picture.width * picture.height > MOST_PIXELS:
            return None
        return 255 - np.asarray(picture)[::step, ::step]


def _raw(image: "Image", stream: Any, step: int) -> Any:
    data = np.frombuffer(stream_bytes(stream, MOST_BYTES), np.uint8)
    indexed = image.space is not None and image.space.kind == "Indexed"
    shape = (image.height_px, image.width_px, 1 if indexed else INKS)
    needed = shape[0] * shape[1] * shape[2]
    if data.size < needed:
        return None
    samples = data[:needed].reshape(shape)[::step, ::step]
    return _looked_up(samples[..., 0], stream) if indexed else samples


def _looked_up(codes: Any, stream: Any) -> Any:
    value = objects.elements(objects.get(stream, "/ColorSpace"), 4)[3]
    table = stream_bytes(value, 1 << 16) if isinstance(value, pikepdf.Stream) else bytes(value)
    colours = np.zeros((256, INKS), np.uint8)
    known = np.frombuffer(table[: 256 * INKS], np.uint8)
    known = known[: known.size // INKS * INKS].reshape(-1, INKS)
    colours[: len(known)] = known
    return colours[codes]
