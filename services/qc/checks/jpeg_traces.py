"""Traces of JPEG in pixels: its grid, its steps, its quality; and bands in gradients.

Imported only where it runs.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.domain.creative import Rgb

BLOCK = 8
MOST_BLOCKS = 2000
MOST_BLOCKS_SEEN = 16_000
MOST_VALUES = 400
LEAST_BLOCKS = 40
CALM_LEVELS = 12
"""Greater steps are drawn, not made by the grid."""

LEAST_CONTRAST = 4
LEAST_VALUES = 20
FITS = 0.7
MOST_STEP = 121
TILE_PX = 64

LUMINANCE = np.array(
    (
        (16, 11, 10, 16, 24, 40, 51, 61),
        (12, 12, 14, 19, 26, 58, 60, 55),
        (14, 13, 16, 24, 40, 57, 69, 56),
        (14, 17, 22, 29, 51, 87, 80, 62),
        (18, 22, 37, 56, 68, 109, 103, 77),
        (24, 35, 55, 64, 81, 104, 113, 92),
        (49, 64, 78, 87, 103, 121, 120, 101),
        (72, 92, 95, 98, 112, 100, 103, 99),
    )
)
"""Quantisation of luminance at quality 50. Source: ITU-T T.81, table K.1."""

LOW = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (2, 2), (0, 3), (3, 0))
"""Coefficients that are rarely all zero: row, column."""

STEP_LEVELS = (3, 24)
NEAREST_PX = 5
FARTHEST_PX = 400
EVERY = 4
CHAIN = 3

Array = np.ndarray[Any, np.dtype[Any]]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class JpegTraces:
    """`quality` as libjpeg counts it, 1 to 100; None where nothing says that it was a JPEG."""

    quality: int | None
    worst: Box | None


@dataclass(frozen=True)
class Bands:
    """`share` of the picture that lies on stairs of flat steps, and where most of it is."""

    share: float
    box: Box | None
    step_levels: float


def jpeg_traces(rgb: Rgb) -> JpegTraces:
    """Quality from the steps on which the coefficients of 8 x 8 blocks stand, on any grid."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    if min(grey.shape) < 4 * BLOCK:
        return JpegTraces(None, None)
    clipped = cv2.inRange(rgb, (1, 1, 1), (254, 254, 254)) == 0
    rows, columns = grey[:: 1 + grey.shape[0] // 128], grey[:, :: 1 + grey.shape[1] // 128]
    seen = _phase(rows), _phase(np.ascontiguousarray(columns.T))
    for left, top in dict.fromkeys(((0, 0), seen)):
        quality = _quality(_sample(_blocks(grey[top:, left:]), _blocks(clipped[top:, left:])))
        if quality is not None:
            return JpegTraces(quality, _worst(grey, left, top))
    return JpegTraces(None, None)


def _phase(lines: Array) -> int:
    """At which column, from 0 to 7, blocks begin: where steps stand out from their neighbours."""
    steps = np.abs(np.diff(lines.astype(np.int16), axis=1))
    sides = steps[:, :-2] + steps[:, 2:]
    out = 2 * steps[:, 1:-1] - sides
    calm = (steps[:, 1:-1] + sides) <= 2 * CALM_LEVELS
    profile = np.where(calm, out, 0).mean(axis=0)
    sums = [profile[(start - 2) % BLOCK :: BLOCK].mean() for start in range(BLOCK)]
    return int(np.argmax(sums))


def _blocks(picture: Array) -> Array:
    rows, columns = picture.shape[0] // BLOCK, picture.shape[1] // BLOCK
    cut = picture[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    every = max(1, rows * columns // MOST_BLOCKS_SEEN)
    return np.asarray(cut[::every].transpose(0, 2, 1, 3).reshape(-1, BLOCK, BLOCK))


def _sample(blocks: Array, clipped: Array) -> Array:
    """Blocks that are not flat, evenly spread; where a channel is clipped, steps are lost."""
    flat = blocks.reshape(len(blocks), -1)
    contrast = flat.max(axis=1) - flat.min(axis=1)
    useful = blocks[(contrast >= LEAST_CONTRAST) & ~clipped.reshape(len(blocks), -1).any(axis=1)]
    return np.asarray(useful[:: max(1, len(useful) // MOST_BLOCKS)])


def _quality(blocks: Array) -> int | None:
    if len(blocks) < LEAST_BLOCKS:
        return None
    basis = _dct_basis()
    coefficients = basis @ blocks.astype(np.float32) @ basis.T
    steps = {place: _step_of(coefficients[:, *place]) for place in LOW}
    found = {place: step for place, step in steps.items() if step is not None}
    if len(found) < 3 or not any(row and column for row, column in found):
        return None  # stripes and flat steps stand on steps of their own, along one side
    scale = float(np.median([100 * step / LUMINANCE[place] for place, step in found.items()]))
    quality = 100 - scale / 2 if scale <= 100 else 5000 / scale
    return round(min(100.0, max(1.0, quality)))


def _dct_basis() -> Array:
    k = np.arange(BLOCK)
    basis = np.cos((2 * k[None, :] + 1) * k[:, None] * np.pi / (2 * BLOCK)) / 2
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float32)


def _step_of(values: Array) -> int | None:
    """The greatest step whose multiples all values are; None when they stand on no step."""
    best = None
    sizes = np.abs(values)
    for step in range(2, MOST_STEP):
        away = sizes[sizes > step / 2][:MOST_VALUES]
        if len(away) < LEAST_VALUES:
            break
        if float(np.cos(2 * np.pi * away / step).mean()) > FITS:
            best = step
    return best


def _worst(grey: Array, left: int, top: int) -> Box:
    """The tile where block edges stand out most."""
    shown = grey[top:, left:].astype(np.int16)
    edges = np.abs(np.diff(shown, axis=1))[:, BLOCK - 1 :: BLOCK].astype(np.float32)
    inner = np.abs(np.diff(shown, axis=1))[:, BLOCK // 2 - 1 :: BLOCK].astype(np.float32)
    columns = min(edges.shape[1], inner.shape[1])
    out = edges[:, :columns] - inner[:, :columns]
    per = TILE_PX // BLOCK
    rows, across = max(1, out.shape[0] // TILE_PX), max(1, columns // per)
    tiles = cv2.resize(out, (across, rows), interpolation=cv2.INTER_AREA)
    row, column = np.unravel_index(int(np.argmax(tiles)), (rows, across))
    x, y = left + int(column) * TILE_PX, top + int(row) * TILE_PX
    return x, y, min(x + TILE_PX, grey.shape[1]), min(y + TILE_PX, grey.shape[0])


def bands(rgb: Rgb) -> Bands:
    """Gradients that were broken into flat steps, each the same way up and about as high."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    height, width = grey.shape
    if min(height, width) < TILE_PX:
        return Bands(0.0, None, 0.0)
    tiles = np.zeros((height // TILE_PX + 1, width // TILE_PX + 1))
    steps = []
    for lines, turned in ((grey[::EVERY], False), (np.ascontiguousarray(grey[:, ::EVERY].T), True)):
        line, at, span, high = _stairs(lines)
        steps.append(high)
        across, down = (line * EVERY, at) if turned else (at, line * EVERY)
        np.add.at(tiles, (down // TILE_PX, across // TILE_PX), span * EVERY)
    share = float(tiles.sum()) / (height * width)
    high = np.concatenate(steps)
    if not len(high):
        return Bands(0.0, None, 0.0)
    marked = (tiles > 0.1 * TILE_PX**2).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(marked)
    if count < 2:
        return Bands(share, None, float(np.median(high)))
    x, y, w, h, _ = (int(v) * TILE_PX for v in stats[1 + int(np.argmax(stats[1:, 4]))])
    return Bands(share, (x, y, min(x + w, width), min(y + h, height)), float(np.median(high)))


def _stairs(lines: Array) -> tuple[Array, Array, Array, Array]:
    """Of each step in a chain of steps: its line, its middle, its length and its height."""
    rise = np.diff(lines.astype(np.int16), axis=1)
    size = np.abs(rise)
    step = (size >= STEP_LEVELS[0]) & (size <= STEP_LEVELS[1])
    for off in (1, 2):
        step[:, off:] &= size[:, :-off] <= 1
        step[:, :-off] &= size[:, off:] <= 1
    line, at = np.nonzero(step)
    way, high = np.sign(rise[line, at]), size[line, at].astype(float)
    path = np.cumsum(size, axis=1, dtype=np.int32)
    span = np.diff(at)
    between = path[line[1:], at[1:] - 1] - path[line[:-1], at[:-1]]
    good = (
        (np.diff(line) == 0)
        & (way[1:] == way[:-1])
        & (span >= NEAREST_PX)
        & (span <= FARTHEST_PX)
        & (np.maximum(high[1:], high[:-1]) <= 2 * np.minimum(high[1:], high[:-1]))
        & (between <= 0.5 * high[1:] + 1)
    )
    chain = _in_runs(good, CHAIN)
    middle = (at[1:] + at[:-1]) // 2
    return line[1:][chain], middle[chain], span[chain].astype(float), high[1:][chain]


def _in_runs(good: Array, least: int) -> Array:
    """True for members of runs of at least `least` True values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], good.astype(np.int8), [0]))))
    kept = np.zeros(len(good), bool)
    for start, end in edges.reshape(-1, 2):
        if end - start >= least:
            kept[start:end] = True
    return kept
