"""Lays an older picture over a newer one by their points of detail, to a fraction of a pixel."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np

from services.qc.checks.pixels import correlation
from services.qc.domain.creative import Rgb

GRID_SIDE_PX = 2048
LOOK_SIDE_PX = 1024
LEAST_GRID_SHARE = 0.2
"""A reference of fewer pixels coarsens the grid, at most to this share."""

SAME_ASPECT = 0.03
CORNER_TILES = 5
CORNERS_IN_A_TILE = 25
LEAST_STRENGTH = 5e-5
LEAST_CORNERS = 12
LEAST_AGREEING = 0.3
"""Share of the corners that must follow one map. Unlike pictures reach a tenth."""

LEAST_LIKENESS = 0.35
TRACKED_BACK_PX = 0.7
ORB_POINTS = 2000
LEAST_ORB_INLIERS = 20
RIM_PX = 4
LEAST_SIDE_PX = 64
"""ORB cannot shrink smaller pictures as often as it wants to."""


Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Aligned:
    """Both pictures on one grid, which is the newer one's, coarser where either has less detail.

    `shared` is 1 where both have pixels. `from_old` maps pixels of the older picture to the
    grid; `scale` is grid pixels in one pixel of the newer picture. `cut_share` is the greater
    share of either picture that the other one does not show. `sure` is False where there was
    too little detail and both frames were simply taken as the same.
    """

    new: Rgb
    old: Rgb
    shared: Array
    from_old: Array
    scale: float
    sure: bool = True
    cut_share: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the grid."""
        return self.new.shape[1], self.new.shape[0]


def align(new: Rgb, old: Rgb) -> Aligned | None:
    """None when no shift, scale and slight turn lays one over the other: another picture."""
    look_new, look_old = _look(new), _look(old)
    for start in _starts(look_new, look_old):
        refined = _refine(look_new, look_old, start)
        if refined is None:
            continue
        full = _compose(_frame_map(look_new, new), _compose(refined, _frame_map(old, look_old)))
        pair = _lay(new, old, full)
        if pair is not None:
            return pair
    flat = _is_flat(look_new) and _is_flat(look_old)
    if flat and _same_aspect(new, old):
        return _lay(new, old, _frame_map(old, new), sure=False)
    return None


def _look(rgb: Rgb) -> Array:
    """Grey and small."""
    shrink = min(1.0, LOOK_SIDE_PX / max(rgb.shape[:2]))
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    return _scaled(grey, shrink) if shrink < 1 else grey


def _scaled(picture: Array, scale: float) -> Array:
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how))


def _starts(new: Array, old: Array) -> Iterator[Array]:
    """Frame on frame first, which is nearly always right; then what points of detail say."""
    if _same_aspect(new, old):
        yield _frame_map(old, new)
    by_points = _by_points(new, old)
    if by_points is not None:
        yield by_points


def _same_aspect(new: Array, old: Array) -> bool:
    ratio = (new.shape[1] / new.shape[0]) / (old.shape[1] / old.shape[0])
    return bool(abs(ratio - 1) <= SAME_ASPECT)


def _frame_map(source: Array, target: Array) -> Array:
    """Maps the frame of one picture to that of another; a pixel's place is its middle."""
    across, down = target.shape[1] / source.shape[1], target.shape[0] / source.shape[0]
    return np.array(((across, 0, (across - 1) / 2), (0, down, (down - 1) / 2)))


def _by_points(new: Array, old: Array) -> Array | None:
    if min(*new.shape, *old.shape) < LEAST_SIDE_PX:
        return None
    orb = cv2.ORB_create(nfeatures=ORB_POINTS)  # type: ignore[attr-defined]
    keys_new, looks_new = orb.detectAndCompute(new, None)
    keys_old, looks_old = orb.detectAndCompute(old, None)
    if min(len(keys_new), len(keys_old)) < LEAST_ORB_INLIERS:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(looks_old, looks_new)
    if len(matches) < LEAST_ORB_INLIERS:
        return None
    source = np.array([keys_old[m.queryIdx].pt for m in matches], np.float32)
    target = np.array([keys_new[m.trainIdx].pt for m in matches], np.float32)
    found, used = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=4.0, maxIters=5000
    )
    if found is None or used.sum() < LEAST_ORB_INLIERS:
        return None
    return np.asarray(found)


def _refine(new: Array, old: Array, start: Array) -> Array | None:
    """Follow corners of the older picture, laid by `start`, to where they are in the new one."""
    for threshold_px in (1.5, 0.6):
        laid = _warp(old, start, (new.shape[1], new.shape[0]))
        step = _follow(laid, new, threshold_px)
        if step is None:
            return None
        start = _compose(step, start)
    return start if _is_slight(start) else None


def _follow(laid: Array, new: Array, threshold_px: float) -> Array | None:
    corners = _corners(laid)
    if len(corners) < LEAST_CORNERS:
        return None
    window = {"winSize": (17, 17), "maxLevel": 4}
    there, found, _ = cv2.calcOpticalFlowPyrLK(laid, new, corners, None, **window)  # type: ignore[call-overload]
    back, again, _ = cv2.calcOpticalFlowPyrLK(new, laid, there, None, **window)  # type: ignore[call-overload]
    off = np.linalg.norm(back - corners, axis=2).ravel()
    kept = (found.ravel() > 0) & (again.ravel() > 0) & (off < TRACKED_BACK_PX)
    if kept.sum() < LEAST_CORNERS * LEAST_AGREEING:
        return None
    step, used = cv2.estimateAffine2D(
        corners[kept], there[kept], method=cv2.RANSAC, ransacReprojThreshold=threshold_px
    )
    if step is None or used.sum() < max(6, LEAST_AGREEING * len(corners)):
        return None
    return np.asarray(step)


def _corners(grey: Array) -> Array:
    """Corners of every part of the picture, so that one strong text does not draw them all."""
    height, width = grey.shape
    strength = cv2.cornerMinEigenVal(grey, 5)
    found = []
    for row, column in product(range(CORNER_TILES), repeat=2):
        top, left = row * height // CORNER_TILES, column * width // CORNER_TILES
        bottom, right = (row + 1) * height // CORNER_TILES, (column + 1) * width // CORNER_TILES
        tile = grey[top:bottom, left:right]
        corners = cv2.goodFeaturesToTrack(tile, CORNERS_IN_A_TILE, 0.03, 6) if tile.size else None
        if corners is not None:
            found.append(corners + np.array((left, top), np.float32))
    if not found:
        return np.empty((0, 1, 2), np.float32)
    places = np.concatenate(found)
    columns, rows = places[:, 0].astype(int).T
    return np.asarray(places[strength[rows, columns] > LEAST_STRENGTH])


def _is_slight(affine: Array) -> bool:
    """Neither mirrored, sheared nor turned by more than ten degrees."""
    across, down = affine[:, 0], affine[:, 1]
    wide, high = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    if not (0.05 < wide < 20 and 0.9 < wide / high < 1.11):
        return False
    return bool(across[0] > 0.98 * wide and abs(across @ down) < 0.03 * wide * high)


def _lay(new: Rgb, old: Rgb, full: Array, sure: bool = True) -> Aligned | None:
    """Both on the grid; None when what is laid over the other does not look like it at all."""
    scale = min(1.0, GRID_SIDE_PX / max(new.shape[:2]))
    grown = float(np.sqrt(abs(np.linalg.det(full[:, :2])))) * scale
    if grown > 1:
        scale *= max(LEAST_GRID_SHARE, 1 / grown)
    grid = _scaled(new, scale) if scale < 1 else new
    to_grid = _compose(_frame_map(new, grid), full)
    shrink = min(1.0, float(np.sqrt(abs(np.linalg.det(to_grid[:, :2])))))
    source = _scaled(old, shrink) if shrink < 0.8 else old
    from_source = _compose(to_grid, _frame_map(source, old))
    size = (grid.shape[1], grid.shape[0])
    laid = _warp(source, from_source, size)
    ones = np.full(source.shape[:2], 255, np.uint8)
    inside = (_warp(ones, from_source, size, cv2.BORDER_CONSTANT) == 255).astype(np.uint8)
    shared = np.asarray(cv2.erode(inside, np.ones((2 * RIM_PX + 1,) * 2, np.uint8), borderValue=1))
    if sure and not _looks_alike(grid, laid, inside):
        return None
    return Aligned(grid, laid, shared, to_grid, scale, sure, _cut_share(inside, to_grid, old))


def _cut_share(inside: Array, to_grid: Array, old: Rgb) -> float:
    shown = float(abs(np.linalg.det(to_grid[:, :2]))) * old.shape[0] * old.shape[1]
    overlap = float(inside.sum())
    return float(max(1 - overlap / inside.size, 1 - min(1.0, overlap / shown)))


def _warp(picture: Array, affine: Array, size: tuple[int, int], border: int = 1) -> Array:
    """Pictures are continued at their rim, so that no edge appears there."""
    flags = cv2.INTER_LINEAR if border == cv2.BORDER_CONSTANT else cv2.INTER_CUBIC
    return np.asarray(cv2.warpAffine(picture, affine, size, flags=flags, borderMode=border))


def _looks_alike(new: Rgb, old: Rgb, inside: Array) -> bool:
    small_new, small_old, mask = (
        cv2.resize(part, (64, 64), interpolation=cv2.INTER_AREA) for part in (new, old, inside)
    )
    kept = np.asarray(mask) > 0
    if kept.mean() < 0.1:
        return False
    likeness = correlation(
        np.asarray(small_new, np.float32)[kept], np.asarray(small_old, np.float32)[kept]
    )
    return likeness >= LEAST_LIKENESS


def _is_flat(grey: Array) -> bool:
    return len(_corners(grey)) < LEAST_CORNERS


def _compose(after: Array, before: Array) -> Array:
    whole = np.vstack((after, (0, 0, 1))) @ np.vstack((before, (0, 0, 1)))
    return np.asarray(whole[:2])
