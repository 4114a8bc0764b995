"""Crop marks in a picture: thin dark lines by themselves on the light rim round the artwork."""

from typing import Any

import cv2
import numpy as np

from services.qc.checks.trim_marks import TrimMarks, marks_among
from services.qc.domain.creative import Rgb
from services.qc.preflight.geometry import Box

Grey = np.ndarray[Any, np.dtype[np.uint8]]
Part = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

DARK, LIGHT = 128, 200
RIM = 0.25
"""Marks lie nearer to an edge of the picture than this share of it."""

LENGTH = (0.006, 0.08)
"""Of the long side."""

THICKEST = 0.003
LEAST_THICK_PX = 4
STRAIGHT = 4.0
ALIGNED = 0.003
LEAST_CORNERS = 4
MOST_PARTS = 20_000


def find_in_picture(rgb: Rgb) -> TrimMarks | None:
    """Boxes are in pixels from the bottom left. All four corners must be marked."""
    height, width = rgb.shape[:2]
    long = max(height, width)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    upright: list[Box] = []
    level: list[Box] = []
    for x, y, across, down in _thin_parts(grey, long):
        if _is_alone(grey, x, y, across, down):
            line = (float(x), float(height - y - down), float(x + across), float(height - y))
            (upright if down > across else level).append(line)
    if not upright or not level:
        return None
    media = (0.0, 0.0, float(width), float(height))
    aligned = max(1.5, ALIGNED * long)
    return marks_among(upright, level, media, None, aligned, LEAST_CORNERS)


def _thin_parts(grey: Grey, long: int) -> list[Part]:
    height, width = grey.shape
    dark = (grey < DARK).astype(np.uint8)
    dark[round(RIM * height) : height - round(RIM * height),
         round(RIM * width) : width - round(RIM * width)] = 0  # fmt: skip
    count, _, boxes, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        dark, connectivity=8, ltype=cv2.CV_32S, ccltype=cv2.CCL_BBDT
    )  # a third faster than the one that it takes by itself
    if count > MOST_PARTS:
        return []
    sides = boxes[1:, 2:4]
    short, length = sides.min(axis=1), sides.max(axis=1)
    thick = max(LEAST_THICK_PX, THICKEST * long)
    fits = (
        (short <= thick)
        & (length >= STRAIGHT * short)
        & (length >= LENGTH[0] * long)
        & (length <= LENGTH[1] * long)
        & (boxes[1:, 4] >= 0.8 * short * length)
    )
    found = boxes[1:][fits][:, :4].tolist()
    return [(x, y, across, down) for x, y, across, down in found]


def _is_alone(grey: Grey, x: int, y: int, across: int, down: int) -> bool:
    """Light on both sides, as paper is beside a mark and artwork seldom is."""
    reach = 3 * min(across, down) + 2
    if down > across:
        beside = (grey[y : y + down, max(0, x - reach) : max(0, x - 1)],
                  grey[y : y + down, x + across + 1 : x + across + reach])  # fmt: skip
    else:
        beside = (grey[max(0, y - reach) : max(0, y - 1), x : x + across],
                  grey[y + down + 1 : y + down + reach, x : x + across])  # fmt: skip
    return all(part.size and float((part > LIGHT).mean()) > 0.9 for part in beside)
