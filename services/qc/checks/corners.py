"""The four corners of a picture: square, or cut round. Imported only where it runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
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

RIM_PX = 1
"""On both sides of the circle, the pixels that are neither ground nor picture."""

STRIP_PX, STRIP_SHARE = 4, 0.2
"""How much of the picture along the rim is compared with the ground, at least and of the radius."""

LEAST_STEP, STEP_IN_SPREADS = 16, 3
"""Levels between ground and picture, and that in how far the ground itself is off its colour: in
texture and grain the one side of a line is like the other."""

MOST_LIKE_GROUND = 0.5
SURE_PIXELS = 40
"""So few pixels of ground (a radius of 15) end on a circle by chance, but seldom in two corners."""

LIKE_RADIUS_SHARE, LIKE_RADIUS_PX = 0.15, 2.0

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class _Round:
    """`pixels` counts the ground outside the circle, of the one `colour`."""

    radius: float
    pixels: int
    colour: Array


def corner_radii(rgb: Rgb) -> dict[str, float]:
    """Radius of each corner in pixels, 0 for a square one, within 4 % and 1.5 pixels.

    Round is a corner whose flat colour, or transparency, ends on a quarter of a circle that
    touches both sides, and where the picture begins with a step. A small one counts when
    another corner is cut alike.
    """
    height, width = rgb.shape[:2]
    look = max(1, round(LOOK_SHARE * min(height, width)))
    views = (rgb, rgb[:, ::-1], rgb[::-1], rgb[::-1, ::-1])
    seen = {
        name: found
        for name, view in zip(NAMES, views, strict=True)
        if (found := _round(view[:look, :look]))
    }
    return {name: seen[name].radius if _is_sure(name, seen) else 0.0 for name in NAMES}


def _is_sure(name: str, seen: Mapping[str, _Round]) -> bool:
    one = seen.get(name)
    if one is None:
        return False
    return one.pixels >= SURE_PIXELS or any(
        _are_alike(one, other) for there, other in seen.items() if there != name
    )


def _are_alike(one: _Round, other: _Round) -> bool:
    apart, greater = abs(one.radius - other.radius), max(one.radius, other.radius)
    same_colour = bool((np.abs(one.colour - other.colour) <= SAME_COLOUR).all())
    return same_colour and apart <= max(LIKE_RADIUS_PX, LIKE_RADIUS_SHARE * greater)


def _round(corner: Array) -> _Round | None:
    """What is cut off at the upper left of `corner`, when the picture begins with a step there."""
    runs = _runs(corner)
    radius = _radius(corner, *runs) if runs else 0.0
    if not radius:
        return None
    side = min(len(corner), math.ceil(radius) + 1)
    from_middle = radius - (np.arange(side) + 0.5)
    inside = radius - np.hypot(from_middle[:, None], from_middle[None, :])
    pixels = corner[:side, :side].astype(np.float32)
    ground = pixels[inside < -RIM_PX]
    strip = max(STRIP_PX, STRIP_SHARE * radius)
    picture = pixels[(inside > RIM_PX) & (inside < RIM_PX + strip)]
    if not len(ground) or not len(picture):
        return None
    colour = np.median(ground, axis=0)
    spread = float(np.abs(ground - colour).max(axis=1).mean())
    step = float(np.abs(np.median(picture, axis=0) - colour).max())
    like_ground = (np.abs(picture - colour).max(axis=1) <= SAME_COLOUR).mean()
    if step < max(LEAST_STEP, STEP_IN_SPREADS * spread) or like_ground > MOST_LIKE_GROUND:
        return None
    return _Round(radius, len(ground), colour)


def _runs(corner: Array) -> tuple[int, int] | None:
    """How far its colour goes along its upper and its left side; None when no circle starts so."""
    along, down = _run(_ground(corner[:1])[0]), _run(_ground(corner[:, :1])[:, 0])
    if along is None or down is None or min(along, down) < LEAST_RADIUS_PX:
        return None
    if abs(along - down) > max(2.0, 0.1 * max(along, down)):
        return None
    return along, down


def _ground(part: Array) -> Array:
    """255 where `part` has the colour of its upper left pixel, else 0."""
    colour = part[0, 0].astype(np.int16)
    low, high = np.clip(colour - SAME_COLOUR, 0, 255), np.clip(colour + SAME_COLOUR, 0, 255)
    limits = tuple(map(int, low)), tuple(map(int, high))
    return np.asarray(cv2.inRange(np.ascontiguousarray(part), *limits))


def _radius(corner: Array, along: int, down: int) -> float:
    """The radius at the upper left of `corner`, when its colour ends on a circle."""
    root = (1 + math.sqrt(1 + 2 * (along + down))) / 2
    touching = root**2  # half a pixel off its side, a circle is seen a root later
    return _fitted(_ground(corner), touching)


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
