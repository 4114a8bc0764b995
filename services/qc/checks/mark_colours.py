"""The colours of a reference mark, and what stands in their place on a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.checks.delta_e import delta_e_2000, hex_of_rgb, lab
from services.qc.checks.mark_likeness import affine_of, laid, seen_at
from services.qc.checks.mark_reference import Reference
from services.qc.checks.seen import LogoMatch
from services.qc.domain.creative import Rgb

SOFT_EDGE_PX = 1.5
"""Pixels of the page at each edge that mix ink and ground, or colours after JPEG."""

LEAST_PIXELS = 12
LEAST_INK_SHARE = 0.02
NEAR = 8.0
"""Delta E within which pixels of the reference have one colour."""

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class InkColour:
    """One colour of the reference, what is seen in its place, and how far apart they are."""

    expected: str
    seen: str
    delta_e: float
    share: float


@dataclass(frozen=True)
class MarkColours:
    """`median` and `p95` are Delta E 2000 over the opaque pixels away from edges.

    `from_white` and `from_black` are the medians of their distances from these.
    """

    inks: tuple[InkColour, ...]
    median: float
    p95: float
    from_white: float
    from_black: float
    seen: str


def mark_colours(rgb: Rgb, reference: Reference, match: LogoMatch) -> MarkColours | None:
    """None when the mark is too small to have pixels away from its edges."""
    affine = affine_of(reference, match)
    scale = match.width_px / reference.rgb.shape[1]
    seen = seen_at(rgb, reference, affine)
    expected = np.clip(laid(reference, seen, scale), 0, 255).astype(np.uint8)
    solid = _inner(reference.alpha > 0.95, scale)
    inks = tuple(_inks(reference, seen, scale))
    if solid.sum() < LEAST_PIXELS or not inks:
        return None
    of_seen = lab(seen[solid])
    away = delta_e_2000(of_seen, lab(expected[solid]))
    return MarkColours(
        inks,
        float(np.median(away)),
        float(np.quantile(away, 0.95)),
        float(np.median(delta_e_2000(of_seen, np.array((100.0, 0, 0))))),
        float(np.median(delta_e_2000(of_seen, np.zeros(3)))),
        hex_of_rgb(np.median(seen[solid], axis=0)),
    )


def _inner(mask: Array, scale: float) -> Array:
    """Without the edge that is soft on the page; the rim of the picture is an edge too."""
    reach = 2 * int(np.ceil(SOFT_EDGE_PX / scale)) + 1
    window = np.ones((reach, reach), np.uint8)
    padded = np.pad(mask.astype(np.uint8), 1)
    return np.asarray(cv2.erode(padded, window))[1:-1, 1:-1] > 0


def _inks(reference: Reference, seen: Rgb, scale: float) -> Iterator[InkColour]:
    """The colours of the reference that take some of its ink, the most frequent first."""
    opaque = reference.alpha > 0.95
    labs = lab(reference.rgb)
    left = opaque.copy()
    for _ in range(8):
        if left.sum() < max(LEAST_PIXELS, LEAST_INK_SHARE * opaque.sum()):
            return
        seed = _most_frequent(reference.rgb[left])
        group = left & (np.linalg.norm(labs - lab(seed), axis=2) <= NEAR)
        if not group.any():
            return
        left &= ~group
        inner = _inner(group, scale)
        if inner.sum() >= LEAST_PIXELS:
            expected, found = (np.median(p[inner], axis=0) for p in (reference.rgb, seen))
            far = delta_e_2000(lab(np.round(expected)), lab(np.round(found)))
            share = float(group.sum() / opaque.sum())
            yield InkColour(hex_of_rgb(expected), hex_of_rgb(found), float(far), share)


def _most_frequent(pixels: Array) -> Array:
    keys = (pixels >> 3).astype(np.int32) @ (1024, 32, 1)
    return np.asarray(np.median(pixels[keys == np.bincount(keys).argmax()], axis=0).round())
