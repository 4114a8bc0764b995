"""Reads barcodes off a page, finds bars that do not decode, measures quiet zones."""

import math
from typing import Any

import cv2
import numpy as np
import zxingcpp

from services.qc.checks.barcode_size import modules_of, quiet_around
from services.qc.checks.pixels import correlation
from services.qc.checks.seen import Barcode
from services.qc.domain.creative import Rgb
from services.qc.domain.geometry import Point, Quad, covered, region_of

MODULES = {"EAN-13": 95, "UPC-A": 95, "EAN-8": 67, "UPC-E": 51}
"""Width of a retail symbol in widths of its narrowest bar. Source: GS1 General Specifications."""

SAMPLES_PER_MODULE = 4
LOOK_BESIDE_MODULES = 14

BARS_SIDE_PX = 1024
LEAST_EDGE = 60
LEAST_BARS_PX = (40, 16)
LEAST_CHANGES = 16

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

Array = np.ndarray[Any, np.dtype[Any]]
Grey = np.ndarray[Any, np.dtype[np.uint8]]


def read_barcodes(rgb: Rgb) -> list[Barcode]:
    """Decoded symbols first, then places that look like bars and do not decode."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    symbols = zxingcpp.read_barcodes(grey, formats=_formats(), return_errors=True)
    read = [_barcode(symbol, grey) for symbol in symbols if symbol.valid or _is_retail(symbol)]
    return read + [bars for bars in _undecoded(grey) if not _is_known(bars, read)]


def _formats() -> Any:
    """Retail, packaging and 2D codes; those without a check digit match stripes by chance."""
    f = zxingcpp.BarcodeFormat
    return [f.EAN13, f.EAN8, f.UPCA, f.UPCE, f.ITF14, f.Code128, f.QRCode, f.DataMatrix]


def _is_retail(symbol: zxingcpp.Barcode) -> bool:
    """Among symbols with errors only these are worth telling: QR codes are "seen" in any crowd."""
    return str(symbol.format) in MODULES


def _barcode(symbol: zxingcpp.Barcode, grey: Grey) -> Barcode:
    kind = str(symbol.format)
    quad = _quad(symbol)
    region = region_of(quad, grey.shape[1], grey.shape[0])
    if not symbol.valid:
        checksum = symbol.error and symbol.error.type == zxingcpp.ErrorType.Checksum
        return Barcode(kind, None, region, "its check digit is wrong" if checksum else None)
    quiet = _quiet_modules(grey, quad, MODULES[kind]) if kind in MODULES else None
    count = modules_of(symbol, MODULES)
    module = math.dist(_middle(quad[0], quad[3]), _middle(quad[1], quad[2])) / count if count else 0
    around = quiet_around(grey, quad, round(count)) if count and kind == "QR Code" else None
    return Barcode(kind, symbol.text, region, None, quiet, around, module or None)


def _quad(symbol: zxingcpp.Barcode) -> Quad:
    p = symbol.position
    corners = (p.top_left, p.top_right, p.bottom_right, p.bottom_left)
    first, second, third, fourth = ((float(c.x), float(c.y)) for c in corners)
    return first, second, third, fourth


def _undecoded(grey: Grey) -> list[Barcode]:
    """Areas of parallel bars that run through from top to bottom, upright or on end."""
    scale = min(1.0, BARS_SIDE_PX / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    turned = np.ascontiguousarray(small.T)
    stripes = _stripes(small)
    upright = [_bars(box, size) for box in _boxes(stripes) if _runs_through(small, box)]
    on_end = [box for box in _boxes(-stripes.T) if _runs_through(turned, box)]
    return upright + [_bars((y, x, h, w), size) for x, y, w, h in on_end]


def _bars(box: Box, size: tuple[int, int]) -> Barcode:
    x, y, width, height = box
    return Barcode("bars", None, region_of(((x, y), (x + width, y + height)), *size))


def _stripes(grey: Grey) -> Array:
    """How much more there is of edges across than of edges down, in levels, round each pixel."""
    across, down = (np.abs(cv2.Sobel(grey, cv2.CV_32F, *by)) for by in ((1, 0), (0, 1)))
    return np.asarray(cv2.blur(across - down, (9, 9)))


def _boxes(stripes: Array) -> list[Box]:
    """Boxes that are full of edges across and have next to none down."""
    full = (stripes > LEAST_EDGE).astype(np.uint8)
    closed = cv2.morphologyEx(full, cv2.MORPH_CLOSE, np.ones((5, 15), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(closed)
    found = ((int(x), int(y), int(w), int(h)) for x, y, w, h, _ in boxes[1:])
    return [box for box in found if box[2] >= LEAST_BARS_PX[0] and box[3] >= LEAST_BARS_PX[1]]


def _runs_through(grey: Grey, box: Box) -> bool:
    """Three cuts through the box must show the same bars: letters and photos do not."""
    x, y, width, height = box
    cuts = [
        grey[y + int(height * at), x : x + width].astype(np.float32) for at in (0.25, 0.45, 0.65)
    ]
    low, high = np.percentile(cuts[1], (5, 95))
    changes = int(np.count_nonzero(np.diff(cuts[1] > (low + high) / 2)))
    if high - low < LEAST_EDGE or changes < LEAST_CHANGES:
        return False
    return min(correlation(cuts[0], cuts[1]), correlation(cuts[1], cuts[2])) > 0.9


def _is_known(bars: Barcode, read: list[Barcode]) -> bool:
    return any(
        max(covered(bars.region, one.region), covered(one.region, bars.region)) > 0.3
        for one in read
    )


def _quiet_modules(grey: Grey, quad: Quad, modules: int) -> tuple[float, float] | None:
    """Clear modules left and right of the bars, at most `LOOK_BESIDE_MODULES` each."""
    across = _profile(grey, quad, modules)
    beside = LOOK_BESIDE_MODULES * SAMPLES_PER_MODULE
    bars = across[beside : beside + modules * SAMPLES_PER_MODULE]
    dark = across < (np.percentile(bars, 5) + np.percentile(bars, 95)) / 2
    near = 3 * SAMPLES_PER_MODULE
    left = np.nonzero(dark[beside - near : beside + near])[0]
    right = np.nonzero(dark[len(dark) - beside - near : len(dark) - beside + near])[0]
    if not len(left) or not len(right):
        return None
    first, last = beside - near + int(left[0]), len(dark) - beside - near + int(right[-1])
    return _clear(dark[:first][::-1]), _clear(dark[last + 1 :])


def _clear(outwards: Any) -> float:
    stops = np.nonzero(outwards)[0]
    return float(stops[0] if len(stops) else len(outwards)) / SAMPLES_PER_MODULE


def _profile(grey: Grey, quad: Quad, modules: int) -> Any:
    """Brightness along the bars' middle and beside them; beyond the page's edge it is dark."""
    left, right = _middle(quad[0], quad[3]), _middle(quad[1], quad[2])
    beside = LOOK_BESIDE_MODULES
    count = (modules + 2 * beside) * SAMPLES_PER_MODULE
    along = (np.arange(count) / SAMPLES_PER_MODULE - beside) / modules
    lines = []
    for shift in (-0.1, 0.0, 0.1):
        x = left[0] + along * (right[0] - left[0]) + shift * (quad[3][0] - quad[0][0])
        y = left[1] + along * (right[1] - left[1]) + shift * (quad[3][1] - quad[0][1])
        maps = x.astype(np.float32)[None], y.astype(np.float32)[None]
        lines.append(cv2.remap(grey, *maps, cv2.INTER_LINEAR, borderValue=0)[0])
    return np.mean(lines, axis=0)


def _middle(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
