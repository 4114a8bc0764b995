"""Gradients that were broken into flat steps. Imported only where it runs."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.domain.creative import Rgb

TILE_PX = 64
STEP_LEVELS = (3, 24)
NEAREST_PX = 5
FARTHEST_PX = 400
EVERY = 4
CHAIN = 3
COARSE = 3
MEDIAN_PX = 5

Array = np.ndarray[Any, np.dtype[Any]]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Bands:
    """`share` of the picture that lies on stairs of flat steps, and where most of it is."""

    share: float
    box: Box | None
    step_levels: float


def bands(rgb: Rgb) -> Bands:
    """Gradients that were broken into flat steps, each the same way up and about as high.

    Looked at twice: finely in grey, and each colour smoothed, because the edges of bands are
    ragged where the gradient was dithered before it broke.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < TILE_PX:
        return Bands(0.0, None, 0.0)
    smooth = cv2.medianBlur(np.ascontiguousarray(rgb[::COARSE, ::COARSE]), MEDIAN_PX)
    half = MEDIAN_PX // 2
    coarse = smooth[half :: MEDIAN_PX - 1, half :: MEDIAN_PX - 1]
    looks = [(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), EVERY, 1)]
    looks += [(coarse[:, :, colour], 1, COARSE * (MEDIAN_PX - 1)) for colour in range(3)]
    return max((_bands(*look, (height, width)) for look in looks), key=lambda found: found.share)


def _bands(shown: Array, every: int, scale: int, size: tuple[int, int]) -> Bands:
    """Bands along every so many lines of a picture that is `scale` times smaller than `size`."""
    height, width = size
    tiles = np.zeros((height // TILE_PX + 1, width // TILE_PX + 1))
    steps = []
    shown = np.ascontiguousarray(shown)
    for lines, turned in ((shown[::every], False), (cv2.transpose(shown)[::every], True)):
        line, at, span, high = _stairs(np.ascontiguousarray(lines))
        steps.append(high)
        across, down = (line * every, at) if turned else (at, line * every)
        places = down * scale // TILE_PX, across * scale // TILE_PX
        np.add.at(tiles, places, span * every * scale**2)
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
