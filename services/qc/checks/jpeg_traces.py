"""Traces of JPEG in pixels: its grid, its steps, its quality, its ringing.

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

RING_PX = (3, 8)
EDGE_LEVELS = 160
LEAST_RINGING_PX = 500
OF_THE_GRID = 3.0
"""Ringing ends where its block ends: so many times less of it lies outside of blocks with edges."""
NOISE_LEVELS = 0.2
FLAT_LEVELS = 0.4

Array = np.ndarray[Any, np.dtype[Any]]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class JpegTraces:
    """`quality` as libjpeg counts it, 1 to 100; None where nothing tells it.

    `ringing` and `blocking` are looked at where the quality is not known, in mean levels: beside
    edges as far as their block reaches, and where the next one begins; 0 where no grid is seen.
    """

    quality: int | None
    worst: Box | None
    ringing: float = 0.0
    blocking: float = 0.0


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
    left, top = seen
    ringing, blocking = _ringing(grey[top:, left:])
    return JpegTraces(None, _worst(grey, left, top) if ringing else None, ringing, blocking)


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
        sizes = sizes[sizes > step / 2]
        away = sizes[:MOST_VALUES]
        if len(away) < LEAST_VALUES:
            break
        if np.cos(away * (2 * np.pi / step)).sum() > FITS * len(away):
            best = step
    return best


def _worst(grey: Array, left: int, top: int) -> Box:
    """The tile where block edges stand out most."""
    edges, inner = (_steps_after(grey[top:, left:], px - 1) for px in (BLOCK, BLOCK // 2))
    columns = min(edges.shape[1], inner.shape[1])
    out = edges[:, :columns] - inner[:, :columns]
    per = TILE_PX // BLOCK
    rows, across = max(1, out.shape[0] // TILE_PX), max(1, columns // per)
    tiles = cv2.resize(out, (across, rows), interpolation=cv2.INTER_AREA)
    row, column = np.unravel_index(int(np.argmax(tiles)), (rows, across))
    x, y = left + int(column) * TILE_PX, top + int(row) * TILE_PX
    return x, y, min(x + TILE_PX, grey.shape[1]), min(y + TILE_PX, grey.shape[0])


def _steps_after(grey: Array, column: int) -> Array:
    """From that column of each block to the next one, in levels."""
    after = grey[:, column + 1 :: BLOCK]
    before = grey[:, column::BLOCK][:, : after.shape[1]]
    return cv2.absdiff(np.ascontiguousarray(before), np.ascontiguousarray(after)).astype(np.float32)


def _ringing(grey: Array) -> tuple[float, float]:
    """Mean levels of unrest beside edges, within their block and beyond; 0 when it goes on there.

    Flat art has no coefficients to tell the steps by, but strong compression leaves waves in
    every block that an edge runs through, and none in the next one. A picture that is restless
    beside its edges outside of them too is no flat art, and waves tell nothing.
    """
    inside, outside = _unrest(grey)
    flat = outside < FLAT_LEVELS and inside > OF_THE_GRID * (outside + NOISE_LEVELS)
    return (inside, outside) if flat else (0.0, 0.0)


def _unrest(grey: Array) -> tuple[float, float]:
    """Mean unrest beside edges: within the blocks that the edges run through, and outside."""
    rows, columns = grey.shape[0] // BLOCK, grey.shape[1] // BLOCK
    grey = np.ascontiguousarray(grey[: rows * BLOCK, : columns * BLOCK])
    steep = [cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, dx, 1 - dx)) for dx in (0, 1)]
    edge = cv2.threshold(cv2.max(*steep), EDGE_LEVELS, 255, cv2.THRESH_BINARY)[1]
    near, far = (cv2.dilate(edge, np.ones((2 * px + 1, 2 * px + 1))) for px in RING_PX)
    beside = cv2.subtract(far, near)
    held = cv2.resize(edge, (columns, rows), interpolation=cv2.INTER_AREA)
    holds = cv2.threshold(held, 0, 255, cv2.THRESH_BINARY)[1]
    inside = cv2.bitwise_and(
        beside, cv2.resize(holds, None, fx=BLOCK, fy=BLOCK, interpolation=cv2.INTER_NEAREST)
    )
    outside = cv2.subtract(beside, inside)
    counts = [cv2.countNonZero(mask) for mask in (inside, outside)]
    if min(counts) < LEAST_RINGING_PX:
        return 0.0, 0.0
    unrest = cv2.absdiff(grey, cv2.blur(grey, (3, 3)))
    sums = [cv2.sumElems(cv2.bitwise_and(unrest, mask))[0] for mask in (inside, outside)]
    return sums[0] / counts[0], sums[1] / counts[1]
