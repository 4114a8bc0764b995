"""How much the pixels at one place of a page look like a reference mark, whatever its colours."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.checks.mark_reference import Reference
from services.qc.checks.pixels import correlation, resized
from services.qc.checks.seen import LogoMatch
from services.qc.domain.creative import Rgb

STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-4)

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Likeness:
    """`affine` maps the reference's pixels to the page's, refined; `likeness` is at most 1.

    `colour_difference` is the median Delta E 1976 of the opaque pixels.
    """

    affine: Array
    likeness: float
    colour_difference: float


def refined(rgb: Rgb, reference: Reference, rough: Likeness) -> Likeness:
    """The map at which edges cover each other best, to a fraction of a pixel.

    Source: Evangelidis and Psarakis 2008, enhanced correlation coefficient.
    """
    affine = _best_covering(rgb, reference, rough.affine)
    second = likeness_at(rgb, reference, affine) if affine is not None else rough
    return max(rough, second, key=lambda one: one.likeness)


def affine_of(reference: Reference, match: LogoMatch) -> Array:
    """Maps pixels of the reference to those of the page where the match was found."""
    height, width = reference.rgb.shape[:2]
    corners = np.array(((0, 0), (width, 0), (0, height)), np.float32)
    placed = np.array((match.quad[0], match.quad[1], match.quad[3]), np.float32)
    return np.asarray(cv2.getAffineTransform(corners, placed), float)


def seen_at(rgb: Rgb, reference: Reference, affine: Array) -> Rgb:
    """What stands at the place, laid upright in the reference's frame."""
    return _laid_upright(_part_round(rgb, reference, affine), reference, affine)


def _laid_upright(part: "Part", reference: Reference, affine: Array) -> Rgb:
    height, width = reference.rgb.shape[:2]
    flags, edge = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    seen = cv2.warpAffine(
        part.rgb, part.into(affine), (width, height), flags=flags, borderMode=edge
    )
    return np.asarray(seen, np.uint8)


def laid(reference: Reference, seen: Rgb, scale: float) -> Array:
    """The reference on the ground that is seen round it, as soft as its size on the page."""
    alpha = reference.alpha[..., None]
    ground = seen[reference.alpha < 0.05]
    colour = np.median(ground, axis=0) if len(ground) else np.array((255, 255, 255))
    ink = reference.rgb.astype(np.float32) - 255 * (1 - alpha)
    whole = (ink + colour * (1 - alpha)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), 0.5 / scale)) if scale < 1 else whole


@dataclass(frozen=True)
class Part:
    """A part of the page from the corner `low`, `scale` (across, down) times as large."""

    rgb: Rgb
    low: Array
    scale: Array

    def into(self, affine: Array) -> Array:
        """A map to pixels of the page as one to pixels of the part."""
        return np.column_stack((affine[:, :2], affine[:, 2] - self.low)) * self.scale[:, None]

    def out_of(self, affine: Array) -> Array:
        back = affine / self.scale[:, None]
        return np.column_stack((back[:, :2], back[:, 2] + self.low))


def _part_round(rgb: Rgb, reference: Reference, affine: Array) -> Part:
    """Shrunk so that it is no finer than the reference."""
    height, width = reference.rgb.shape[:2]
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), float)
    placed = corners @ affine[:, :2].T + affine[:, 2]
    margin = 0.15 * float(np.ptp(placed, axis=0).max()) + 4
    size = np.array(rgb.shape[1::-1])
    low = np.clip(np.floor(placed.min(axis=0) - margin), 0, size - 1).astype(int)
    high = np.clip(np.ceil(placed.max(axis=0) + margin), low + 1, size).astype(int)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    shrink = 1 / float(np.linalg.norm(affine[:, 0]))
    if shrink > 0.8:
        return Part(part, low, np.ones(2))
    small = resized(part, shrink)
    return Part(small, low, np.array(small.shape[1::-1]) / part.shape[1::-1])


def likeness_at(rgb: Rgb, reference: Reference, affine: Array) -> Likeness:
    seen = seen_at(rgb, reference, affine)
    expected = laid(reference, seen, float(np.linalg.norm(affine[:, 0])))
    likeness = correlation(seen.astype(np.float32), expected)
    shape = _shape_likeness(seen, reference, expected)
    return Likeness(affine, max(likeness, shape), _colour_difference(seen, expected, reference))


def _shape_likeness(seen: Rgb, reference: Reference, expected: Array) -> float:
    """Of brightness, either way round, and of the distance from the ground to the outline."""
    grey = abs(correlation(_grey(seen), _grey(expected)))
    outside = reference.alpha < 0.05
    if outside.mean() < 0.02:
        return grey
    ground = np.median(seen[outside], axis=0)
    away = np.linalg.norm(seen.astype(np.float32) - ground.astype(np.float32), axis=2)
    return max(grey, correlation(away, reference.alpha))


def _colour_difference(seen: Rgb, expected: Array, reference: Reference) -> float:
    solid = cv2.erode((reference.alpha > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    mask = solid if solid.any() else reference.alpha > 0.5
    labs = [
        cv2.cvtColor(picture.astype(np.float32)[mask][None] / 255, cv2.COLOR_RGB2LAB)
        for picture in (seen, expected)
    ]
    return float(np.median(np.linalg.norm(np.asarray(labs[0]) - np.asarray(labs[1]), axis=2)))


def _best_covering(rgb: Rgb, reference: Reference, affine: Array) -> Array | None:
    part = _part_round(rgb, reference, affine)
    inside = part.into(affine)
    seen = _laid_upright(part, reference, affine)
    expected = laid(reference, seen, float(np.linalg.norm(affine[:, 0])))
    template, shown, grey = (_grey(picture) for picture in (expected, seen, part.rgb))
    if correlation(shown, template) < 0:
        template = 255 - template
    near = cv2.dilate((reference.alpha > 0.05).astype(np.uint8), np.ones((15, 15), np.uint8))
    mask = np.asarray(cv2.warpAffine(near, inside, part.rgb.shape[1::-1]), np.uint8)
    start = inside.astype(np.float32)
    try:
        _, found = cv2.findTransformECC(template, grey, start, cv2.MOTION_AFFINE, STEPS, mask)
    except cv2.error:
        return None
    moved = np.abs((np.asarray(found, float) - inside) @ (*template.shape[1::-1], 1)).max()
    return part.out_of(np.asarray(found, float)) if moved < 0.1 * max(template.shape) else None


def _grey(rgb: Array) -> Array:
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32), cv2.COLOR_RGB2GRAY))
