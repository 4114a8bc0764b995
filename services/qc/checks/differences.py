"""What differs between two aligned pictures, and what each difference looks like."""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from services.qc.checks.aligned import Aligned
from services.qc.domain.creative import Rgb

Change = Literal["added", "removed", "recoloured", "moved", "changed"]

FINE_FACTOR = 1.8
"""An edge may differ by so many times the tolerance: JPEG at quality 85 rings by 6 to 8 L*."""

COARSE_PX = 4
MERGE_SHARE = 0.012
SOFTEN = 0.7
TIGHT = 0.4
NEAR = 0.4
MOST_PLACES = 40
L_UNITS = 255 / 100

Array = np.ndarray[Any, np.dtype[Any]]
Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the grid."""


@dataclass(frozen=True)
class Difference:
    """`area_px` counts grid pixels that differ; `delta_e` is the greatest Delta E 1976 in them.

    `came_from` is where a moved part was.
    """

    box: Box
    area_px: int
    delta_e: float
    change: Change
    came_from: Box | None = None


def changed_pixels(pair: Aligned, tolerated_delta_e: float) -> Array:
    """1 where the pictures differ by more than misplaced or compressed pixels can.

    Edges are compared in lightness with the range of the eight neighbours, so that a shift of
    a pixel is no difference; areas in all of colour on a grid of `COARSE_PX`.
    """
    new, old = _lab(pair.new), _lab(pair.old)
    cv2.copyTo(new, 1 - pair.shared, old)
    soft_new, soft_old = (cv2.GaussianBlur(lab[..., 0], (0, 0), SOFTEN) for lab in (new, old))
    fine = _out_of_range(soft_new, soft_old) > FINE_FACTOR * tolerated_delta_e * L_UNITS
    coarse = _coarse(new, old, tolerated_delta_e)
    size = (fine.shape[1], fine.shape[0])
    spread = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST))
    return np.asarray(np.maximum(fine, spread > 0).astype(np.uint8) * pair.shared)


def _coarse(new: Array, old: Array, tolerated_delta_e: float) -> Array:
    """Colour is averaged over three cells: chroma subsampling moves it that far, and no further."""
    height, width = new.shape[:2]
    size = (max(1, width // COARSE_PX), max(1, height // COARSE_PX))
    small = [np.asarray(cv2.resize(lab, size, interpolation=cv2.INTER_AREA)) for lab in (new, old)]
    for lab in small:
        lab[..., 1:] = cv2.blur(lab, (3, 3))[..., 1:]
    off = _out_of_range(*small).astype(np.float32)
    off[..., 0] /= L_UNITS
    over = (np.linalg.norm(off, axis=2) > tolerated_delta_e).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(over, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)))


def find_differences(
    pair: Aligned, mask: Array, tolerated_delta_e: float, min_area_px: float
) -> list[Difference]:
    """Boxes round the pixels of `mask`, near ones as one; the largest `MOST_PLACES`."""
    found = [_tight(pair, mask, box, tolerated_delta_e) for box in _boxes(mask)]
    places = [place for place in _merged(found) if place.area_px >= min_area_px]
    places.sort(key=lambda place: -place.area_px)
    described = [_described(pair, mask, place) for place in places[:MOST_PLACES]]
    return _with_moves(pair, described)


def _tight(pair: Aligned, mask: Array, box: Box, tolerated_delta_e: float) -> Difference:
    """Cut to the pixels that differ strongly: colour bleeds round them in a JPEG."""
    part = _cut(mask, box) > 0
    labs = [_float_lab(_cut(picture, box)) for picture in (pair.new, pair.old)]
    off = np.linalg.norm(cv2.blur(labs[0] - labs[1], (3, 3)), axis=2) * part
    top = float(off.max())
    strong = off > max(tolerated_delta_e, min(TIGHT * top, FINE_FACTOR * tolerated_delta_e))
    x, y, w, h = cv2.boundingRect((strong if strong.any() else part).astype(np.uint8))
    return Difference((box[0] + x, box[1] + y, w, h), int(part.sum()), top, "changed")


def _merged(places: list[Difference]) -> list[Difference]:
    """Parts that lie near to each other for their size are one: the strokes of a letter."""
    kept: list[Difference] = []
    for place in places:
        while near := next((other for other in kept if _are_near(place.box, other.box)), None):
            kept.remove(near)
            box = _union(place.box, near.box)
            area = place.area_px + near.area_px
            place = Difference(box, area, max(place.delta_e, near.delta_e), "changed")
        kept.append(place)
    return kept


def _are_near(one: Box, other: Box) -> bool:
    across = max(one[0], other[0]) - min(one[0] + one[2], other[0] + other[2])
    down = max(one[1], other[1]) - min(one[1] + one[3], other[1] + other[3])
    reach = NEAR * min(max(one[2:]), max(other[2:]))
    return max(across, down) <= reach


def _union(one: Box, other: Box) -> Box:
    left, top = min(one[0], other[0]), min(one[1], other[1])
    right = max(one[0] + one[2], other[0] + other[2])
    bottom = max(one[1] + one[3], other[1] + other[3])
    return left, top, right - left, bottom - top


def _lab(rgb: Rgb) -> Array:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))


def _out_of_range(one: Any, other: Any) -> Array:
    """How far each value lies outside its neighbourhood in the other picture, either way."""
    kernel = np.ones((3, 3), np.uint8)
    off = np.zeros_like(one)
    for a, b in ((one, other), (other, one)):
        above = cv2.subtract(a, cv2.dilate(b, kernel))
        below = cv2.subtract(cv2.erode(b, kernel), a)
        off = cv2.max(off, cv2.max(above, below))
    return np.asarray(off)


def _boxes(mask: Array) -> list[Box]:
    """Tight boxes of the groups that lie nearer to each other than `MERGE_SHARE` of the side."""
    reach = max(15, round(MERGE_SHARE * max(mask.shape))) | 1
    grown = cv2.dilate(mask, np.ones((reach, reach), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(grown)
    order = sorted(range(1, count), key=lambda number: -stats[number, cv2.CC_STAT_AREA])
    boxes = []
    for number in order[: 4 * MOST_PLACES]:
        x, y, w, h = (int(value) for value in stats[number, :4])
        own = (labels[y : y + h, x : x + w] == number) & (mask[y : y + h, x : x + w] > 0)
        left, top, width, height = cv2.boundingRect(own.astype(np.uint8))
        boxes.append((x + left, y + top, width, height))
    return boxes


def _cut(picture: Array, box: Box) -> Array:
    x, y, w, h = box
    return picture[y : y + h, x : x + w]


def _float_lab(rgb: Rgb) -> Array:
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def _described(pair: Aligned, mask: Array, place: Difference) -> Difference:
    """Whether something stands on the ground in one picture only, or the same in other colours."""
    x, y, w, h = place.box
    rim = max(4, max(w, h) // 10)
    top, left = max(0, y - rim), max(0, x - rim)
    around = (left, top, x + w + rim - left, y + h + rim - top)
    new, old = (_float_lab(_cut(picture, around)) for picture in (pair.new, pair.old))
    part = _cut(mask, around) > 0
    change: Change = "changed"
    busy_new, busy_old = _busy(new[..., 0]), _busy(old[..., 0])
    if _same_drawing(new[..., 0], old[..., 0]):
        change = "recoloured"
    elif (~part).any():
        ground = np.median(old[~part], axis=0)
        far_new, far_old = (
            float(np.median(np.linalg.norm(lab[part] - ground, axis=1))) for lab in (new, old)
        )
        if far_new > 3 * far_old or busy_new > 3 * busy_old:
            change = "added"
        elif far_old > 3 * far_new or busy_old > 3 * busy_new:
            change = "removed"
    return Difference(place.box, place.area_px, place.delta_e, change)


def _busy(lightness: Array) -> float:
    across = np.abs(np.diff(lightness, axis=1)).mean() if lightness.shape[1] > 1 else 0
    down = np.abs(np.diff(lightness, axis=0)).mean() if lightness.shape[0] > 1 else 0
    return float(across + down) + 0.05


def _same_drawing(new: Array, old: Array) -> bool:
    """Edges in the same places, of whatever strength and direction."""
    edges = [
        np.asarray(cv2.morphologyEx(p, cv2.MORPH_GRADIENT, np.ones((3, 3)))) for p in (new, old)
    ]
    spread = [edge - edge.mean() for edge in edges]
    norm = float(np.sqrt((spread[0] ** 2).sum() * (spread[1] ** 2).sum()))
    return norm > 0 and float((spread[0] * spread[1]).sum()) / norm > 0.75


def _with_moves(pair: Aligned, places: list[Difference]) -> list[Difference]:
    """What was taken away in one place and is found again in another has moved."""
    kept = list(places)
    for gone in places:
        if gone.change != "removed":
            continue
        for came in kept:
            if came.change == "added" and _is_same(pair, gone.box, came.box):
                area = gone.area_px + came.area_px
                top = max(gone.delta_e, came.delta_e)
                kept[kept.index(came)] = Difference(came.box, area, top, "moved", gone.box)
                kept.remove(gone)
                break
    return kept


def _is_same(pair: Aligned, gone: Box, came: Box) -> bool:
    if max(abs(gone[2] - came[2]), abs(gone[3] - came[3])) > 6 + 0.05 * max(gone[2:]):
        return False
    old, new = _cut(pair.old, gone), _cut(pair.new, came)
    if min(old.shape[:2]) < 6 or min(new.shape[:2]) < 6:
        return False
    inner = np.ascontiguousarray(old[2:-2, 2:-2])
    if inner.shape[0] > new.shape[0] or inner.shape[1] > new.shape[1]:
        inner = np.ascontiguousarray(inner[: new.shape[0], : new.shape[1]])
    return float(cv2.matchTemplate(new, inner, cv2.TM_CCOEFF_NORMED).max()) > 0.8
