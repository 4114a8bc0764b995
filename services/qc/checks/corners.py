"""The four corners of a picture: square, or cut round. Imported only where it runs."""

import math
from typing import Any

import cv2
import numpy as np

from services.qc.domain.creative import Rgb

NAMES = ("top left", "top right", "bottom left", "bottom right")
LOOK_SHARE = 0.5
"""A corner is looked at as far as the middle of the short side: no radius is greater."""

SAME_COLOUR = 12
LEAST_RADIUS_PX = 3
SOFT_PX = 0.5
"""The pixel on the rim is half ground."""

OFF_SHARE = 0.06
OFF_PX = 1.2

Array = np.ndarray[Any, np.dtype[Any]]


def corner_radii(rgb: Rgb) -> dict[str, float]:
    """Radius of each corner in pixels, 0 for a square one, within 4 % and 1.5 pixels.

    Round is a corner whose flat colour, or transparency, ends on a quarter of a circle that
    touches both sides.
    """
    height, width = rgb.shape[:2]
    look = max(1, round(LOOK_SHARE * min(height, width)))
    views = (rgb, rgb[:, ::-1], rgb[::-1], rgb[::-1, ::-1])
    return {
        name: _radius(np.ascontiguousarray(view[:look, :look]))
        for name, view in zip(NAMES, views, strict=True)
    }


def _radius(corner: Array) -> float:
    """The radius at the upper left of `corner`."""
    colour = corner[0, 0].astype(np.int16)
    low, high = np.clip(colour - SAME_COLOUR, 0, 255), np.clip(colour + SAME_COLOUR, 0, 255)
    ground = np.asarray(cv2.inRange(corner, tuple(map(int, low)), tuple(map(int, high))))
    along, down = _run(ground[0]), _run(ground[:, 0])
    if along is None or down is None or min(along, down) < LEAST_RADIUS_PX:
        return 0.0
    if abs(along - down) > max(2.0, 0.1 * max(along, down)):
        return 0.0
    root = (1 + math.sqrt(1 + 2 * (along + down))) / 2
    return _fitted(ground, root**2)  # half a pixel off its side, a circle is seen a root later


def _fitted(ground: Array, radius: float) -> float:
    """`radius`, corrected by the area outside the circle, or 0 when the rim is no circle.

    Along a side a circle runs so flat that where it ends is known less well than its area.
    """
    rows = min(len(ground), math.ceil(radius))
    runs = np.array([(_run(row) or 0) + SOFT_PX for row in ground[:rows]])
    touching, radius = radius, math.sqrt(float(runs.sum()) / (1 - math.pi / 4))
    if abs(radius - touching) > max(2.0, 0.15 * touching):
        return 0.0
    heights = np.arange(rows) + 0.5
    expected = radius - np.sqrt(np.maximum(0, radius**2 - np.maximum(0, radius - heights) ** 2))
    off = float(np.abs(runs - expected)[rows // 4 :].mean())
    return radius if off <= max(OFF_PX, OFF_SHARE * radius) else 0.0


def _run(line: Array) -> int | None:
    """How many pixels of ground come first; None when there is nothing else."""
    figure = np.flatnonzero(line == 0)
    return int(figure[0]) if len(figure) else None
