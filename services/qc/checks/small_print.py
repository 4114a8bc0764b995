"""Places that look like rows of very small letters, lost to OCR's search on a small picture."""

import cv2
import numpy as np

from services.qc.domain.creative import Rgb
from services.qc.domain.geometry import Quad

LETTER_HEIGHT_PX = (5, 22)
LEAST_LENGTH = 5.0
"""Least width of a row in heights: five letters or so."""

GAP_PX = 9
LEAST_EDGE = 40
FILLED = (0.35, 0.98)
MARGIN_PX = 3
MOST_PLACES = 30


def small_print(rgb: Rgb, known: list[Quad]) -> list[Quad]:
    """Upright boxes in pixels of `rgb`, widest first, clear of the `known` lines."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    ink = (np.asarray(edges) > LEAST_EDGE).astype(np.uint8)
    for quad in known:
        cv2.fillPoly(ink, [np.array(quad, np.int32)], 0)
    rows = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, GAP_PX), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(rows)
    found = [tuple(map(int, box)) for box in boxes[1:]]
    letters = [(x, y, w, h) for x, y, w, h, area in found if _is_row(w, h, area)]
    letters.sort(key=lambda box: -box[2])
    return [_quad(*box) for box in letters[:MOST_PLACES]]


def _is_row(width: int, height: int, area: int) -> bool:
    """A rule or a frame fills its box wholly or hardly; letters do in between."""
    low, high = LETTER_HEIGHT_PX
    filled = area / (width * height)
    return (
        low <= height <= high and width >= LEAST_LENGTH * height and FILLED[0] < filled < FILLED[1]
    )


def _quad(x: int, y: int, width: int, height: int) -> Quad:
    left, top = float(max(0, x - MARGIN_PX)), float(max(0, y - MARGIN_PX))
    right, bottom = float(x + width + MARGIN_PX), float(y + height + MARGIN_PX)
    return (left, top), (right, top), (right, bottom), (left, bottom)
