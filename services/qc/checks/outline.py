"""The outline of what is opaque in a picture, and the picture's rim."""

import math
from typing import Any

import cv2
import numpy as np

from libs.contracts.qc import Region
from services.qc.checks.alpha import Alpha
from services.qc.checks.ink import Colour, luminance
from services.qc.domain.creative import Rgb
from services.qc.domain.geometry import region_of

SOLID, CLEAR = 200, 40
MOST_SIDE_PX = 1200
SAMPLE_IN_PX = 3
NEAR_WHITE, NEAR_BLACK = 235, 30
RIM_SHARE = 0.95
RIM_PX = 2
"""Clear strips up to this are what an export leaves along an edge; nothing is seen through them."""


def lost_outline(
    rgb: Rgb, alpha: Alpha, background: Colour, min_ratio: float
) -> tuple[float, Region | None]:
    """Share of the outline with less contrast than `min_ratio`, and the box round that."""
    shrink = max(1, math.ceil(max(alpha.shape) / MOST_SIDE_PX))
    picture, opaque = rgb[::shrink, ::shrink], alpha[::shrink, ::shrink]
    solid = (opaque >= SOLID).astype(np.uint8)
    near_clear = cv2.dilate(_areas(opaque <= CLEAR), _disc(SAMPLE_IN_PX))
    outline = (solid > 0) & (np.asarray(near_clear) > 0)
    if not outline.any():
        return 0.0, None
    light = _luminance(picture[outline])
    behind = luminance(background)
    ratio = (np.maximum(light, behind) + 0.05) / (np.minimum(light, behind) + 0.05)
    lost = ratio < min_ratio
    ys, xs = (axis[lost] for axis in np.nonzero(outline))
    if not len(xs):
        return 0.0, None
    ends = ((float(xs.min()), float(ys.min())), (float(xs.max()) + 1, float(ys.max()) + 1))
    return float(lost.mean()), region_of(ends, picture.shape[1], picture.shape[0])


def has_clear_areas(alpha: Alpha) -> bool:
    """Whether a background is seen through it, not just at a strip along its edge."""
    return bool(_areas(alpha < 128).any())


def _areas(mask: Any) -> Any:
    """What is wider than a strip. Beyond the picture nothing is clear."""
    square = np.ones((RIM_PX + 1, RIM_PX + 1), np.uint8)
    return cv2.morphologyEx(
        mask.astype(np.uint8), cv2.MORPH_OPEN, square, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )


def shows_through(alpha: Alpha, region: Region) -> float:
    """Share of clear pixels in the box, widened by a third of its height."""
    height, width = alpha.shape
    grow = region.h / 3
    rows = slice(
        max(0, int((region.y - grow) * height)), int((region.y + region.h + grow) * height)
    )
    columns = slice(int(region.x * width), math.ceil((region.x + region.w) * width))
    inside = alpha[rows, columns]
    return float((inside < 128).mean()) if inside.size else 0.0


def rim_of(rgb: Rgb) -> str:
    """“white”, “black” or “other”: what a page in the other mode will show as a box."""
    rim = np.concatenate((rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]))
    if (rim.min(axis=1) >= NEAR_WHITE).mean() >= RIM_SHARE:
        return "white"
    return "black" if (rim.max(axis=1) <= NEAR_BLACK).mean() >= RIM_SHARE else "other"


def _luminance(pixels: Any) -> Any:
    shares = pixels.astype(np.float32) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear @ np.array((0.2126, 0.7152, 0.0722), np.float32)


def _disc(radius: int) -> Any:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
