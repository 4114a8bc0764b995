"""Points of detail that are recognised again: of a page, pass by pass, and of a part of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np

from services.qc.checks.pixels import resized
from services.qc.domain.creative import Rgb

PASS_SIDES_PX = (800, 2048)
"""The whole page small, where nearly every logo is found; then sharper, in tiles."""

MOST_TILE_SIDE_PX = 1184
"""The search takes 250 MB for a million pixels. An A4 page of 3000 pixels is six tiles."""

OVERLAP_PX = 230
"""What is larger and lies across two tiles was found in the pass before."""

MOST_POINTS = 6000

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Points:
    """Places in pixels, how large and how turned (degrees) each detail is, and its looks.

    `looks` are rows of length 1.
    """

    places: Array
    sizes: Array
    turns: Array
    looks: Array

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True)
class Tile:
    """A part of a page scaled by `scale`; `left` and `top` are its place on the scaled page."""

    points: Points
    scale: float
    left: int
    top: int


class PagePoints:
    """The passes over one page, each computed once, when somebody asks for it."""

    def __init__(self, rgb: Rgb, sides_px: tuple[int, ...] = PASS_SIDES_PX) -> None:
        self.rgb = rgb
        self._sides_px = sides_px
        self._passes: dict[int, list[Tile]] = {}

    def passes(self, thorough: bool) -> Iterator[list[Tile]]:
        longest = max(self.rgb.shape[:2])
        for number, side_px in enumerate(self._sides_px if thorough else self._sides_px[:1]):
            if number and longest <= self._sides_px[number - 1]:
                return
            if number not in self._passes:
                self._passes[number] = list(_tiles(self.rgb, min(1.0, side_px / longest)))
            yield self._passes[number]


def points_of(rgb: Array, most: int = MOST_POINTS) -> Points:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if rgb.ndim == 3 else rgb
    keys, looks = cv2.SIFT_create(nfeatures=most).detectAndCompute(grey, None)  # type: ignore[attr-defined]
    if looks is None:
        looks = np.empty((0, 128), np.float32)
    return Points(
        np.array([key.pt for key in keys], np.float32).reshape(-1, 2),
        np.array([key.size for key in keys], np.float32),
        np.array([key.angle for key in keys], np.float32),
        looks / np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-6),
    )


def _tiles(rgb: Rgb, scale: float) -> Iterator[Tile]:
    picture = resized(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), scale)
    rows, columns = (list(_spans(side_px)) for side_px in picture.shape[:2])
    for (top, bottom), (left, right) in product(rows, columns):
        part = np.ascontiguousarray(picture[top:bottom, left:right])
        yield Tile(points_of(part), scale, left, top)


def _spans(side_px: int) -> Iterator[tuple[int, int]]:
    """From where to where the tiles of one side go: as few and as short as the overlap allows."""
    count = max(1, math.ceil((side_px - OVERLAP_PX) / (MOST_TILE_SIDE_PX - OVERLAP_PX)))
    step = (side_px - OVERLAP_PX) / count
    for number in range(count):
        yield round(number * step), min(side_px, round((number + 1) * step) + OVERLAP_PX)
