"""Finds a reference logo on a page by its points of detail, and proves it by its pixels."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from services.qc.checks.pixels import correlation
from services.qc.checks.seen import LogoMatch, LogoSearch
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits, Rgb
from services.qc.domain.geometry import Quad, region_of

REFERENCE_SIDE_PX = 600
PADDING_PX = 40
TILE_SIDE_PX = 1024
SHARP_SIDE_PX = 2048
MOST_POINTS = 6000
NEAREST_RATIO = 0.75
LEAST_INLIERS = 15
LEAST_LIKENESS = 0.6
MOST_COLOUR_DIFFERENCE = 40.0
ROUNDS = 3
"""The same logo, or its mark alone, may stand on a page more than once: each round sets the
points of the last match aside and looks again."""

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Points:
    """Places in pixels, and what each looks like."""

    places: Array
    looks: Array


@dataclass(frozen=True)
class Reference:
    """A reference logo cut to its ink. `alpha` is 0 to 1; `points` once for each background."""

    name: str
    rgb: Rgb
    alpha: Array
    points: tuple[Points, ...]


@dataclass(frozen=True)
class Tile:
    """A part of a page scaled by `scale`; `left` and `top` are its place on the scaled page."""

    rgb: Rgb
    points: Points
    scale: float
    left: int
    top: int
    page_size: tuple[float, float]


def load_reference(path: Path, limits: Limits) -> Reference:
    """Raises Unreadable. Transparency is what differs between white and black ground."""
    on_white, on_black = (_first_page(path, limits, (c, c, c)) for c in (255, 0))
    alpha = 1 - (on_white.astype(np.float32) - on_black).mean(axis=2) / 255
    rows, columns = np.nonzero(alpha.max(axis=1) > 0.05)[0], np.nonzero(alpha.max(axis=0) > 0.05)[0]
    if not len(rows):
        rows, columns, alpha = np.arange(len(alpha)), np.arange(alpha.shape[1]), np.ones_like(alpha)
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    scale = REFERENCE_SIDE_PX / max(len(rows), len(columns))
    white, black, clear = (_resize(part[box], scale) for part in (on_white, on_black, alpha))
    grounds = (white, black) if clear.min() < 0.5 else (white,)
    colours = (255, 0)
    points = tuple(_points(_pad(g, c)) for g, c in zip(grounds, colours, strict=False))
    return Reference(path.name, white, clear, points)


def find_logo(rgb: Rgb, references: list[Reference], thorough: bool = True) -> LogoSearch:
    """The verified match that looks most like its reference, or none.

    A match needs `LEAST_INLIERS` points on one affine map and, against chance matches, pixels
    that correlate with the reference and have its colours. A logo narrower than a sixteenth of
    the page is found only by a `thorough` search, which takes 1.5 s more where there is none.
    """
    detail = max((len(p.places) for r in references for p in r.points), default=0)
    for tiles in islice(_passes(rgb), None if thorough else 1):
        found = [
            match
            for tile in tiles
            for reference in references
            for points in reference.points
            for match in _matches(tile, reference, points)
        ]
        if found:
            return LogoSearch(max(found, key=lambda match: match.likeness), detail)
    return LogoSearch(None, detail)


def _first_page(path: Path, limits: Limits, background: tuple[int, int, int]) -> Rgb:
    with open_creative(path, limits, background=background) as creative:
        return creative.rgb(creative.pages[0])


def _resize(picture: Array, scale: float) -> Array:
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), picture.dtype)


def _pad(picture: Array, colour: int) -> Array:
    p = PADDING_PX
    return np.pad(picture, ((p, p), (p, p), (0, 0)), constant_values=colour)


def _points(rgb: Array) -> Points:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    keys, looks = cv2.SIFT_create(nfeatures=MOST_POINTS).detectAndCompute(grey, None)  # type: ignore[attr-defined]
    places = np.array([key.pt for key in keys], np.float32).reshape(-1, 2)
    return Points(places, np.empty((0, 128), np.float32) if looks is None else looks)


def _passes(rgb: Rgb) -> Iterator[list[Tile]]:
    """The whole page small, where nearly every logo is found; then sharper in tiles.

    Tiles, because the search takes 250 MB for a million pixels.
    """
    longest = max(rgb.shape[:2])
    yield _tiles(rgb, min(1.0, TILE_SIDE_PX / longest))
    if longest > TILE_SIDE_PX:
        yield _tiles(rgb, min(1.0, SHARP_SIDE_PX / longest))


def _tiles(rgb: Rgb, scale: float) -> list[Tile]:
    picture = _resize(rgb, scale) if scale < 1 else rgb
    height, width = picture.shape[:2]
    size = (rgb.shape[1], rgb.shape[0])
    tiles = []
    for top, left in product(_starts(height), _starts(width)):
        part = np.ascontiguousarray(picture[top : top + TILE_SIDE_PX, left : left + TILE_SIDE_PX])
        tiles.append(Tile(part, _points(part), scale, left, top, size))
    return tiles


def _starts(side_px: int) -> list[int]:
    """Where tiles of one side begin: evenly, overlapping by a fifth or more."""
    count = 1 if side_px <= TILE_SIDE_PX else math.ceil((side_px / TILE_SIDE_PX - 0.2) / 0.8)
    room = max(0, side_px - TILE_SIDE_PX)
    return [round(room * number / max(1, count - 1)) for number in range(count)]


def _matches(tile: Tile, reference: Reference, points: Points) -> Iterator[LogoMatch]:
    source, target = _pairs(points, tile.points)
    for _ in range(ROUNDS):
        if len(source) < LEAST_INLIERS:
            return
        affine, used = cv2.estimateAffine2D(
            source, target, method=cv2.RANSAC, ransacReprojThreshold=3.0
        )
        if affine is None or used.sum() < LEAST_INLIERS:
            return
        inliers = used.ravel() > 0
        if _is_plausible(affine):
            match = _verified(tile, reference, affine, int(inliers.sum()))
            if match:
                yield match
        source, target = source[~inliers], target[~inliers]


def _pairs(reference: Points, page: Points) -> tuple[Array, Array]:
    """Places that look alike, and much more alike than the second best."""
    if min(len(reference.places), len(page.places)) < 2:
        return np.empty((0, 2)), np.empty((0, 2))
    nearest = cv2.BFMatcher().knnMatch(reference.looks, page.looks, k=2)
    good = [best for best, second in nearest if best.distance < NEAREST_RATIO * second.distance]
    source = np.array([reference.places[m.queryIdx] for m in good]).reshape(-1, 2) - PADDING_PX
    return source, np.array([page.places[m.trainIdx] for m in good]).reshape(-1, 2)


def _is_plausible(affine: Array) -> bool:
    """Neither mirrored nor squeezed or sheared out of all proportion."""
    across, down = affine[:, 0], affine[:, 1]
    wide, high = np.linalg.norm(across), np.linalg.norm(down)
    turned_over = across[0] * down[1] - across[1] * down[0] <= 0
    if turned_over or not (0.02 < wide < 10 and 0.02 < high < 10):
        return False
    return bool(0.5 < wide / high < 2 and abs(across @ down) / (wide * high) < 0.3)


def _verified(tile: Tile, reference: Reference, affine: Array, inliers: int) -> LogoMatch | None:
    height, width = reference.rgb.shape[:2]
    seen = np.asarray(
        cv2.warpAffine(
            tile.rgb, affine, (width, height), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
        )
    )
    expected = _expected(reference, seen, float(np.linalg.norm(affine[:, 0])))
    likeness = correlation(seen.astype(np.float32), expected)
    colour_difference = _colour_difference(seen, expected, reference.alpha)
    if likeness < LEAST_LIKENESS or colour_difference > MOST_COLOUR_DIFFERENCE:
        return None
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), float)
    placed = (corners @ affine[:, :2].T + affine[:, 2] + (tile.left, tile.top)) / tile.scale
    quad: Quad = tuple((float(x), float(y)) for x, y in placed)  # type: ignore[assignment]
    across, down = affine[:, 0], affine[:, 1]
    return LogoMatch(
        reference=reference.name,
        quad=quad,
        region=region_of(quad, *tile.page_size),
        width_px=math.dist(quad[0], quad[1]),
        rotation_deg=math.degrees(math.atan2(across[1], across[0])),
        stretch=float(np.linalg.norm(across) / np.linalg.norm(down)),
        likeness=likeness,
        colour_difference=colour_difference,
        inliers=inliers,
    )


def _expected(reference: Reference, seen: Array, scale: float) -> Array:
    """The reference on the ground that is seen round it, as soft as its size on the page."""
    alpha = reference.alpha[..., None]
    ground = seen[reference.alpha < 0.05]
    colour = np.median(ground, axis=0) if len(ground) else np.array((255, 255, 255))
    ink = reference.rgb.astype(np.float32) - 255 * (1 - alpha)
    laid = (ink + colour * (1 - alpha)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(laid, (0, 0), 0.5 / scale)) if scale < 1 else laid


def _colour_difference(seen: Array, expected: Array, alpha: Array) -> float:
    solid = cv2.erode((alpha > 0.9).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    mask = solid if solid.any() else alpha > 0.5
    labs = [
        cv2.cvtColor(picture.astype(np.float32)[mask][None] / 255, cv2.COLOR_RGB2LAB)
        for picture in (seen, expected)
    ]
    return float(np.median(np.linalg.norm(np.asarray(labs[0]) - np.asarray(labs[1]), axis=2)))
