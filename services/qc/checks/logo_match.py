"""Finds reference marks on a page by their points of detail, and proves them by their pixels."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from libs.contracts.qc import Region
from services.qc.checks.mark_likeness import Likeness, affine_of, likeness_at, refined
from services.qc.checks.mark_points import PagePoints, Points, Tile
from services.qc.checks.mark_reference import Reference
from services.qc.checks.seen import LogoMatch, LogoSearch
from services.qc.domain.creative import Rgb
from services.qc.domain.geometry import Quad, covered, region_of

NEAREST_RATIO = 0.8
LEAST_ROUGH_LIKENESS = 0.45
LEAST_INLIERS, LEAST_LIKENESS = 15, 0.6
FEWEST_INLIERS, SURE_LIKENESS = 8, 0.85
"""Nine points may agree by chance in a photograph; fifteen do not, and neither do eight whose
pixels are the reference's all over."""

MOST_OCCURRENCES = 6
MOST_PAIRS = 1_200
"""Each is compared with every other: a page of noise would take half a gigabyte."""

TURN_DEG, SCALE_OCTAVES, PLACE_SHARE = 25.0, 0.5, 0.25
"""How far the points of one mark may disagree about its turn, size and middle."""

Array = np.ndarray[Any, np.dtype[Any]]


def find_marks(
    page: PagePoints, references: Sequence[Reference], thorough: bool = True
) -> LogoSearch:
    """Every place where one of `references` stands, the likest first.

    A match needs `LEAST_INLIERS` points on one affine map and, against chance matches, pixels
    that correlate with the reference; its colours may be wrong. A mark narrower than a twelfth
    of the page is found only by a `thorough` search, which takes 1.5 s more where there is none.
    """
    detail = max((reference.detail for reference in references), default=0)
    for tiles in page.passes(thorough):
        found = [
            match
            for tile in tiles
            for reference in references
            for points in reference.points
            for match in _candidates(page.rgb, tile, reference, points)
        ]
        matches = tuple(_proved(page.rgb, _distinct(found)))
        if matches:
            return LogoSearch(matches[0], detail, matches)
    return LogoSearch(None, detail)


@dataclass(frozen=True)
class Candidate:
    """A place where points agree; `seen` holds the map, `inliers` how many they are."""

    reference: Reference
    seen: Likeness
    inliers: int
    region: Region


def _candidates(rgb: Rgb, tile: Tile, reference: Reference, points: Points) -> Iterator[Candidate]:
    """One for each occurrence: points that agree are set aside before the next is looked for."""
    of, on = pairs(points, tile.points)
    agree = _agreement(reference, points, tile.points, of, on)
    left = np.ones(len(of), bool)
    for _ in range(MOST_OCCURRENCES):
        votes = (agree & left).sum(axis=1) * left
        if not len(votes) or votes.max() < FEWEST_INLIERS:
            return
        group = np.nonzero(agree[votes.argmax()] & left)[0]
        source, target = points.places[of[group]], tile.points.places[on[group]]
        affine, used = cv2.estimateAffine2D(
            source, target, method=cv2.RANSAC, ransacReprojThreshold=3.0
        )
        inliers = 0 if affine is None else len(np.unique(of[group][used.ravel() > 0]))
        if affine is not None and inliers >= FEWEST_INLIERS and _is_plausible(affine):
            on_page = np.column_stack((affine[:, :2], affine[:, 2] + (tile.left, tile.top)))
            seen = likeness_at(rgb, reference, on_page / tile.scale)
            if seen.likeness >= LEAST_ROUGH_LIKENESS:
                region = region_of(_quad(reference, seen), rgb.shape[1], rgb.shape[0])
                yield Candidate(reference, seen, inliers, region)
        left[group] = False


def pairs(reference: Points, page: Points) -> tuple[Array, Array]:
    """Indices of points that look alike, and much more alike than the reference's second best.

    The page's points choose, so that a mark that stands there twice does not rival itself.
    """
    if len(reference) < 2 or not len(page):
        return np.empty(0, int), np.empty(0, int)
    alike = page.looks @ reference.looks.T
    best = alike.argmax(axis=1)
    rows = np.arange(len(alike))
    first = alike[rows, best]
    alike[rows, best] = -1
    away, second_away = 1 - first, 1 - alike.max(axis=1)
    ratio = away / np.maximum(second_away, 1e-6)
    good = np.argsort(ratio)[:MOST_PAIRS]
    good = good[ratio[good] < NEAREST_RATIO**2]
    return best[good], good


def _agreement(reference: Reference, points: Points, page: Points, of: Array, on: Array) -> Array:
    """Which pairs tell the same turn, size and middle of the mark. Source: Lowe 2004, 7.3."""
    octaves = np.log2(page.sizes[on] / points.sizes[of]) if len(of) else np.empty(0)
    turns = np.radians(page.turns[on] - points.turns[of])
    height, width = reference.rgb.shape[:2]
    arm = (np.array((width, height)) / 2 - points.places[of]) @ (1, 1j)
    middles = page.places[on] @ (1, 1j) + arm * np.exp2(octaves) * np.exp(1j * turns)
    reach = PLACE_SHARE * max(width, height) * np.exp2(octaves)
    apart = np.abs(middles[:, None] - middles[None]) < reach[:, None]
    turned = np.cos(turns[:, None] - turns[None]) > math.cos(math.radians(TURN_DEG))
    return np.asarray(apart & turned & (np.abs(octaves[:, None] - octaves[None]) < SCALE_OCTAVES))


def _is_plausible(affine: Array) -> bool:
    """Neither mirrored nor squeezed or sheared out of all proportion."""
    across, down = affine[:, 0], affine[:, 1]
    wide, high = np.linalg.norm(across), np.linalg.norm(down)
    turned_over = across[0] * down[1] - across[1] * down[0] <= 0
    if turned_over or not (0.04 < wide < 20 and 0.04 < high < 20):
        return False
    return bool(0.5 < wide / high < 2 and abs(across @ down) / (wide * high) < 0.3)


def _distinct(found: list[Candidate]) -> list[Candidate]:
    """One for each place: the variant in the right colours, among those that look as much alike."""
    kept: list[Candidate] = []
    order = sorted(found, key=lambda c: (-round(c.seen.likeness, 1), c.seen.colour_difference))
    for one in order:
        overlaps = (
            max(covered(one.region, other.region), covered(other.region, one.region))
            for other in kept
        )
        if max(overlaps, default=0) < 0.5:
            kept.append(one)
    return kept[:MOST_OCCURRENCES]


def _proved(rgb: Rgb, candidates: list[Candidate]) -> list[LogoMatch]:
    """Those that look enough like their reference once their edges cover it, the likest first."""
    matches = []
    for one in candidates:
        seen = refined(rgb, one.reference, one.seen)
        least = LEAST_LIKENESS if one.inliers >= LEAST_INLIERS else SURE_LIKENESS
        if seen.likeness >= least and _is_plausible(seen.affine):
            matches.append(_match(rgb, one.reference, seen, one.inliers))
    return sorted(matches, key=lambda match: -match.likeness)


def look_again(rgb: Rgb, reference: Reference, match: LogoMatch) -> LogoMatch:
    """The match measured on `rgb`, when it is as likely there."""
    seen = refined(rgb, reference, likeness_at(rgb, reference, affine_of(reference, match)))
    if seen.likeness < LEAST_LIKENESS or not _is_plausible(seen.affine):
        return match
    return _match(rgb, reference, seen, match.inliers)


def _quad(reference: Reference, seen: Likeness) -> Quad:
    height, width = reference.rgb.shape[:2]
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), float)
    placed = corners @ seen.affine[:, :2].T + seen.affine[:, 2]
    return tuple((float(x), float(y)) for x, y in placed)  # type: ignore[return-value]


def _match(rgb: Rgb, reference: Reference, seen: Likeness, inliers: int) -> LogoMatch:
    height, width = reference.rgb.shape[:2]
    quad = _quad(reference, seen)
    across, down = seen.affine[:, 0], seen.affine[:, 1]
    wide, high = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    return LogoMatch(
        reference=reference.name,
        quad=quad,
        region=region_of(quad, rgb.shape[1], rgb.shape[0]),
        width_px=wide * width,
        height_px=high * height,
        rotation_deg=math.degrees(math.atan2(across[1], across[0])),
        stretch=wide / high,
        shear_deg=math.degrees(math.asin(float(across @ down) / (wide * high))),
        likeness=seen.likeness,
        colour_difference=seen.colour_difference,
        inliers=inliers,
    )
