"""How wide the edges of a picture are, place by place. Imported only where it runs."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.domain.creative import Rgb

WINDOW_PX = 9
STEP_PX = 4
LEAST_CONTRAST = 32
TILE_PX = 48
LEAST_EDGES = 0.12
"""Share of a tile that must lie at edges, for the tile to be judged."""

FILLED = 0.5

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class SoftPlace:
    """Left, top, right, bottom in pixels, and how wide the edges in it are."""

    box: tuple[int, int, int, int]
    edge_width_px: float


@dataclass(frozen=True)
class Sharpness:
    """`edge_width_px` is typical of all edges or of the strong ones, whichever is wider; None where
    there are hardly any.

    A step from dark to light that one pixel makes is 1 wide; a picture scaled up four times has
    edges of 4 pixels. Nothing can be wider than the window.
    """

    edge_width_px: float | None
    edges_share: float
    tiles: Array
    judged: Array


def measure_sharpness(rgb: Rgb) -> Sharpness:
    """The steepest step of each neighbourhood as a share of its whole contrast."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    if min(grey.shape) < 2 * TILE_PX:
        return Sharpness(None, 0.0, np.zeros((0, 0)), np.zeros((0, 0), bool))
    across = cv2.absdiff(grey[1:, 1:], grey[1:, :-1])
    steps = cv2.max(across, cv2.absdiff(grey[1:, 1:], grey[:-1, 1:]))
    window = np.ones((WINDOW_PX, WINDOW_PX), np.uint8)
    steepest, light, dark = (
        np.asarray(picture)[::STEP_PX, ::STEP_PX].astype(np.float32)
        for picture in (
            cv2.dilate(steps, window),
            cv2.dilate(grey, window),
            cv2.erode(grey, window),
        )
    )
    rows, columns = steepest.shape
    contrast = (light - dark)[:rows, :columns]
    is_edge = contrast >= LEAST_CONTRAST
    ratio = np.where(is_edge, steepest / np.maximum(contrast, 1), 0)
    counts = _pooled(is_edge.astype(np.float32))
    tiles = _pooled(ratio) / np.maximum(counts, 1e-6)
    width = 1 / _typical(ratio[is_edge], contrast[is_edge]) if is_edge.any() else None
    return Sharpness(width, float(is_edge.mean()), tiles, counts >= LEAST_EDGES)


def soft_places(
    sharpness: Sharpness, max_edge_width_px: float, least_area_px: float
) -> list[SoftPlace]:
    """Groups of tiles without any sharp edge that fill their box, as a picture in a panel does."""
    if not sharpness.judged.any():
        return []
    soft = (sharpness.judged & (sharpness.tiles < 1 / max_edge_width_px)).astype(np.uint8)
    sharp = sharpness.judged & (soft == 0)
    grown = cv2.morphologyEx(soft, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    grown = np.where(sharp, 0, grown).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=4)
    places = []
    for number in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[number])
        inside = (labels == number) & (soft > 0)
        if area * TILE_PX**2 < least_area_px or area < FILLED * w * h or min(w, h) < 2:
            continue
        width = 1 / float(np.median(sharpness.tiles[inside]))
        box = (x * TILE_PX, y * TILE_PX, (x + w) * TILE_PX, (y + h) * TILE_PX)
        places.append(SoftPlace(box, width))
    return sorted(places, key=lambda place: -(place.box[2] - place.box[0]))


def _typical(ratios: Array, contrasts: Array) -> float:
    """The lesser of two medians: of all edges alike, and by the square of their contrast.

    A window with a part of an edge, or of a fine line beside another, sees less contrast than
    the edge has and takes it for a narrower one; so dense print seems sharper than it is.
    """
    order = np.argsort(ratios)
    weight = np.cumsum(contrasts[order].astype(np.float64) ** 2)
    of_strong = ratios[order][np.searchsorted(weight, weight[-1] / 2)]
    return min(float(np.median(ratios)), float(of_strong))


def _pooled(values: Array) -> Array:
    """Means over tiles; what is left over at the right and lower rim counts to no tile."""
    side = TILE_PX // STEP_PX
    rows, columns = values.shape[0] // side, values.shape[1] // side
    cut = values[: rows * side, : columns * side]
    return np.asarray(cut.reshape(rows, side, columns, side).mean(axis=(1, 3)))
