"""Large areas of one colour on a page: panels and grounds, not photographs or gradients."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from libs.contracts.qc import Region
from services.qc.checks.delta_e import hex_of_rgb, lab
from services.qc.domain.creative import Rgb

SIDE_PX = 512
FINE_RANGE = 4
"""Levels of grey within 3 pixels of the page: noise of a photograph is above it, drawn areas
after JPEG at quality 85 are below."""

COARSE_RANGE = 5
"""Levels of any channel within 5 pixels of the small picture."""

BIN_BITS = 5
CLUSTER_RADIUS = 2.5
PEAK_RADIUS, LEAST_PEAK = 1.0, 0.7
"""A drawn colour is nearly all within one Delta E of its median."""

MOST_OPEN_RIM = 0.25
"""A drawn area ends at edges. A stripe of a gradient goes over into other flat pixels on about
half of its rim."""

MOST_COLOURS = 16
SAMPLE = 10_000

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class FlatArea:
    """One connected area; areas of one colour share their `cluster`.

    `share` is of the page, `rgb` its median, `region` the box round it.
    """

    rgb: tuple[int, int, int]
    share: float
    region: Region
    cluster: int

    @property
    def hex(self) -> str:
        return hex_of_rgb(self.rgb)


def flat_areas(page: Rgb, min_share: float) -> list[FlatArea]:
    """Flat areas of the colours that take at least `min_share` of the page, the largest first.

    A panel is often cut up by what stands on it: its parts count together.
    """
    small, flat = _small_and_flat(page)
    labels = _cluster_labels(small, flat, _keys(small), min_share)
    areas: list[FlatArea] = []
    for cluster in range(1, int(labels.max()) + 1):
        parts = list(_connected(small, flat, labels == cluster, cluster, min_share / 4))
        if sum(part.share for part in parts) >= min_share:
            areas += parts
    return sorted(areas, key=lambda area: -area.share)


def dominant_colour(page: Rgb, region: Region) -> tuple[tuple[int, int, int], float]:
    """The most frequent colour in `region` and the share of the region that has it."""
    height, width = page.shape[:2]
    top, left = int(region.y * height), int(region.x * width)
    bottom = max(top + 1, round((region.y + region.h) * height))
    right = max(left + 1, round((region.x + region.w) * width))
    part = _shrunk(page[top:bottom, left:right])
    pixels = part.reshape(-1, 3)
    seed = pixels[_keys(part).ravel() == np.bincount(_keys(part).ravel()).argmax()].mean(axis=0)
    near = np.linalg.norm(lab(pixels) - lab(np.round(seed)), axis=1) <= CLUSTER_RADIUS
    chosen = pixels[near] if near.any() else pixels
    return _median(chosen), float(near.mean())


def _shrunk(rgb: Rgb) -> Rgb:
    scale = SIDE_PX / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _small_and_flat(page: Rgb) -> tuple[Rgb, Array]:
    small = _shrunk(page)
    size = (small.shape[1], small.shape[0])
    fine = _range(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), 3) <= FINE_RANGE
    quiet = cv2.resize(fine.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    coarse = np.maximum.reduce([_range(channel, 5) for channel in cv2.split(small)])
    return small, (np.asarray(quiet) >= 230) & (coarse <= COARSE_RANGE)


def _range(channel: Any, side_px: int) -> Array:
    window = np.ones((side_px, side_px), np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(channel, window), cv2.erode(channel, window)))


def _keys(rgb: Rgb) -> Array:
    """One number for each pixel's colour, equal for nearly equal colours."""
    coarse = (rgb >> (8 - BIN_BITS)).astype(np.int32)
    return np.asarray(
        (coarse[..., 0] << (2 * BIN_BITS)) | (coarse[..., 1] << BIN_BITS) | coarse[..., 2]
    )


def _cluster_labels(small: Rgb, flat: Array, keys: Array, min_share: float) -> Array:
    """For each pixel the number of its frequent flat colour, 0 where it has none.

    Colours are gathered in bins first: there are far fewer of those than pixels.
    """
    pixels, bins = small[flat], keys[flat]
    weights = np.bincount(bins, minlength=1 << (3 * BIN_BITS)).astype(float)
    used = np.nonzero(weights)[0]
    sums = [np.bincount(bins, pixels[:, axis], len(weights))[used] for axis in range(3)]
    means = np.stack(sums, axis=1) / weights[used, None]
    colours, left = lab(np.round(means)), weights[used].copy()
    cluster_of = np.zeros(len(weights), np.uint8)
    cluster = 0
    for _ in range(MOST_COLOURS):
        if not len(left) or left.max() < min_share * flat.size / 4:
            break
        distance = np.linalg.norm(colours - colours[left.argmax()], axis=1)
        near = (distance <= CLUSTER_RADIUS) & (left > 0)
        if left[near].sum() >= min_share * flat.size / 2:
            cluster += 1
            cluster_of[used[near]] = cluster
        left[near] = 0
    return np.where(flat, cluster_of[keys], 0)


def _connected(
    small: Rgb, flat: Array, mask: Array, cluster: int, min_share: float
) -> Iterator[FlatArea]:
    """The rim that the flatness test cut off is given back to an area before it is counted."""
    whole = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8))
    count, places, stats, _ = cv2.connectedComponentsWithStats(whole)
    height, width = mask.shape
    for number in range(1, count):
        left, top, across, down, area = (int(value) for value in stats[number])
        if area < min_share * mask.size:
            continue
        box = slice(max(0, top - 2), top + down + 2), slice(max(0, left - 2), left + across + 2)
        own = places[box] == number
        pixels = small[box][own & mask[box]]
        pixels = pixels[:: max(1, len(pixels) // SAMPLE)]
        if _is_one_colour(pixels) and _ends_at_edges(own, flat[box] & ~mask[box]):
            region = Region(
                x=round(left / width, 5),
                y=round(top / height, 5),
                w=round(across / width, 5),
                h=round(down / height, 5),
            )
            yield FlatArea(_median(pixels), area / mask.size, region, cluster)


def _ends_at_edges(area: Array, other_flat: Array) -> bool:
    solid = area.astype(np.uint8)
    inner = cv2.erode(solid, np.ones((5, 5), np.uint8), borderValue=1)
    rim = (cv2.dilate(solid, np.ones((5, 5), np.uint8)) > 0) & (inner == 0)
    return not rim.any() or float(other_flat[rim].mean()) <= MOST_OPEN_RIM


def _is_one_colour(pixels: Array) -> bool:
    away = np.linalg.norm(lab(pixels) - lab(_median(pixels)), axis=1)
    return bool((away <= PEAK_RADIUS).mean() >= LEAST_PEAK)


def _median(pixels: Array) -> tuple[int, int, int]:
    red, green, blue = (round(float(value)) for value in np.median(pixels, axis=0))
    return red, green, blue
