"""Small operations on pixels that several checks share."""

import math
from typing import Any

import cv2
import numpy as np

from services.qc.domain.creative import Rgb
from services.qc.domain.geometry import Quad

cv2.setNumThreads(1)
"""The pool has a process for each core."""


def level(rgb: Rgb, quad: Quad) -> Rgb:
    """The pixels inside `quad`, as an upright rectangle of the same size."""
    corners = np.array(quad, np.float32)
    width = max(1, round(max(math.dist(quad[0], quad[1]), math.dist(quad[3], quad[2]))))
    height = max(1, round(max(math.dist(quad[0], quad[3]), math.dist(quad[1], quad[2]))))
    target = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    turn = cv2.getPerspectiveTransform(corners, target)
    edge = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpPerspective(rgb, turn, (width, height), borderMode=edge), np.uint8)


def correlation(one: Any, other: Any) -> float:
    """Normalised cross-correlation of two arrays of one shape, -1 to 1; 0 for a flat one."""
    a, b = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm else 0.0


def resized(picture: Any, scale: float) -> Any:
    """The whole picture `scale` times as large, of the same type; averaged where it shrinks."""
    if scale == 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), picture.dtype)
