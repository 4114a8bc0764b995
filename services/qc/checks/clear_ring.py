"""The clear space round a logo: what stands in it, and how near."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from libs.contracts.qc import Region
from services.qc.checks.seen import LogoMatch
from services.qc.domain.creative import Rgb

LOGO_HEIGHT_PX = 160
"""What the logo is scaled to before it is looked at, when it is larger."""

EDGE_STEP = 28
"""Levels of a channel between neighbours: soft shadows and gradients stay below, ink is above."""

GRAIN = 2.5
"""So many times the step that half of the ring's pixels have is more than grain or noise."""

GRAINY_STEP, SPECK_PX, SPECK_PIXELS = 7, 5, 11
"""From this step of half of the pixels there is grain. Among ten thousands of its pixels a few
steps are as high as ink's, but only in specks of at most this side and this many pixels."""

OWN_RIM_SHARE, OWN_RIM_PX = 0.04, 4.0
"""Nearer than this to the logo's box are its own soft edge and the rings of JPEG."""

SOFT_PX = 2
"""What begins where the clear space ends has an edge this wide."""

LEAST_EXTENT_SHARE, LEAST_EXTENT_PX = 0.1, 6
LEAST_PIXELS = 8
BANDS, SECTORS, BUSY_SECTORS, BUSY_DENSITY = 4, 12, 6, 0.03
"""A ring with edges all round, near and far, lies on a photograph or a pattern; the edges of a
frame are all at one distance."""

GROUND_STEP, OFF_GROUND_STEP, LEAST_GROUND_SHARE = 12, 45, 0.6
"""Levels within which a pixel is ground and beyond which it is something else, and how much of the
ring must be ground for that to be told."""

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Intruder:
    """`distance` from the logo is in shares of its height."""

    distance: float
    region: Region


@dataclass(frozen=True)
class Ring:
    """`busy` says that the logo stands on a photograph or a pattern: its edges tell nothing."""

    busy: bool
    intruders: tuple[Intruder, ...]


def look_round(rgb: Rgb, match: LogoMatch, clear_share: float) -> Ring:
    """What has edges within `clear_share` logo heights of the logo's box, the nearest first."""
    part, box, origin, scale = _crop(rgb, match, clear_share)
    height_px = match.height_px * scale
    distance = _distance(part.shape[:2], box)
    own = max(OWN_RIM_PX, OWN_RIM_SHARE * height_px)
    ring = (distance > own) & (distance <= clear_share * height_px - SOFT_PX)
    steps = _steps(part)
    edges = ring & (steps > EDGE_STEP)
    limits = np.linspace(own, clear_share * height_px - SOFT_PX, BANDS + 1)
    bands = [ring & (distance > low) & (distance <= high) for low, high in pairwise(limits)]
    if all(_is_busy(edges, band, box) for band in bands):
        return Ring(True, ())
    if ring.any():
        edges = _without_grain(edges, steps, float(np.median(steps[ring])))
    off_ground = _off_ground(part, ring, edges)
    touching = _touching(off_ground, off_ground & (distance <= own + SOFT_PX))
    found = [
        Intruder(float(distance[mask].min()) / height_px, _region(mask, origin, scale, rgb))
        for mask in _things(edges | touching, height_px)
    ]
    return Ring(False, tuple(sorted(found, key=lambda one: one.distance)))


def _crop(rgb: Rgb, match: LogoMatch, clear_share: float) -> tuple[Rgb, Array, Array, float]:
    """The logo and its ring, its corners there, the crop's own corner on the page, the scale."""
    corners = np.array(match.quad)
    reach = clear_share * match.height_px + 4
    size = np.array(rgb.shape[1::-1])
    low = np.clip(np.floor(corners.min(axis=0) - reach), 0, size - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) + reach), low + 1, size).astype(int)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, LOGO_HEIGHT_PX / match.height_px)
    if scale < 1:
        wanted = np.maximum(1, np.round((high - low) * scale)).astype(int)
        part = np.asarray(
            cv2.resize(part, (int(wanted[0]), int(wanted[1])), interpolation=cv2.INTER_AREA),
            np.uint8,
        )
    return part, (corners - low) * scale, low, scale


def _distance(shape: tuple[int, ...], box: Array) -> Array:
    """Of each pixel from the logo's box; 0 inside."""
    outside = np.ones(shape[:2], np.uint8)
    cv2.fillConvexPoly(outside, np.round(box).astype(np.int32), 0)
    return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, 5))


def _steps(rgb: Rgb) -> Array:
    """The greatest difference of a channel among a pixel and its neighbours."""
    window = np.ones((3, 3), np.uint8)
    steps = np.asarray(cv2.morphologyEx(rgb, cv2.MORPH_GRADIENT, window))
    return np.maximum(np.maximum(steps[..., 0], steps[..., 1]), steps[..., 2])


def _without_grain(edges: Array, steps: Array, typical_step: float) -> Array:
    """What is higher than grain's usual steps and, where there is grain, larger than a speck."""
    higher = edges & (steps > GRAIN * typical_step)
    if typical_step < GRAINY_STEP:
        return higher
    _, labels, stats, _ = cv2.connectedComponentsWithStats(higher.astype(np.uint8))
    sides = np.asarray(stats)[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    larger = (sides > SPECK_PX) & (np.asarray(stats)[:, cv2.CC_STAT_AREA] > SPECK_PIXELS)
    return np.asarray(higher & larger[np.asarray(labels)])


def _off_ground(rgb: Rgb, ring: Array, edges: Array) -> Array:
    """What is not the ground: the colour, or even gradient, that most of the calm ring has."""
    none = np.zeros_like(ring)
    rows, columns = np.nonzero(ring)
    calm = ~edges[rows, columns]
    if calm.sum() < 50:
        return none
    plane = np.column_stack((np.ones(len(rows)), rows, columns))
    colours = rgb[rows, columns].astype(float)
    away = np.abs(colours - np.median(colours[calm], axis=0)).max(axis=1)
    for _ in range(2):
        chosen = calm & (away <= max(GROUND_STEP, float(np.median(away[calm]))))
        if chosen.sum() < 10:
            return none
        ground = plane @ np.linalg.lstsq(plane[chosen], colours[chosen], rcond=None)[0]
        away = np.abs(colours - ground).max(axis=1)
    if (away <= GROUND_STEP).mean() < LEAST_GROUND_SHARE:
        return none
    none[rows, columns] = away > OFF_GROUND_STEP
    return none


def _touching(mask: Array, seeds: Array) -> Array:
    """The parts of `mask` that hold a seed: what is farther off shows its edge in the ring."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    return np.isin(labels, np.unique(np.asarray(labels)[seeds]))


def _is_busy(edges: Array, inner: Array, box: Array) -> bool:
    rows, columns = np.nonzero(inner)
    if not len(rows):
        return False
    middle, span = box.mean(axis=0), np.ptp(box, axis=0)
    across, down = (columns - middle[0]) / span[0], (rows - middle[1]) / span[1]
    sector = ((np.arctan2(down, across) / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
    pixels = np.bincount(sector, minlength=SECTORS)
    with_edge = np.bincount(sector, edges[rows, columns], SECTORS)
    density = with_edge / np.maximum(pixels, 1)
    return int((density > BUSY_DENSITY).sum()) >= BUSY_SECTORS


def _things(edges: Array, height_px: float) -> list[Array]:
    """The tops of letters that reach in along one side are one thing."""
    reach = max(3, round(0.8 * height_px) | 1)
    joined = cv2.dilate(edges.astype(np.uint8), np.ones((reach, reach), np.uint8))
    count, labels = cv2.connectedComponents(joined)
    masks = [edges & (labels == number) for number in range(1, min(count, 20))]
    return [mask for mask in masks if _is_a_thing(mask, height_px)]


def _is_a_thing(mask: Array, height_px: float) -> bool:
    rows, columns = np.nonzero(mask)
    if len(rows) < LEAST_PIXELS:
        return False
    least_px = max(LEAST_EXTENT_PX, LEAST_EXTENT_SHARE * height_px)
    return bool(max(np.ptp(rows), np.ptp(columns)) + 1 >= least_px)


def _region(mask: Array, origin: Array, scale: float, rgb: Rgb) -> Region:
    rows, columns = np.nonzero(mask)
    height, width = rgb.shape[:2]
    left, top = origin[0] + columns.min() / scale, origin[1] + rows.min() / scale
    right, bottom = origin[0] + (columns.max() + 1) / scale, origin[1] + (rows.max() + 1) / scale
    return Region(
        x=round(float(left / width), 5),
        y=round(float(top / height), 5),
        w=round(float(min(right, width) - left) / width, 5),
        h=round(float(min(bottom, height) - top) / height, 5),
    )
