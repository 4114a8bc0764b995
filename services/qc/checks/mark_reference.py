"""A reference logo, badge or product: cut to its ink, with its points of detail."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from services.qc.checks.mark_points import Points, points_of
from services.qc.checks.pixels import resized
from services.qc.decode import open_creative
from services.qc.domain.brief import ReferenceFile
from services.qc.domain.creative import Limits, Rgb

REFERENCE_SIDE_PX = 400
LIKENESS_SIDE_PX = 300
PADDING_PX = 28
MOST_POINTS = 400
MOST_KEPT = 16
"""A megabyte each."""

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Reference:
    """`alpha` is 0 to 1; `rgb` is the ink on white. The longer side has `LIKENESS_SIDE_PX`.

    `points` are those of the mark on light and on dark ground and of its negative, because a
    mark printed in one light colour on dark turns every edge round. Their places are in pixels
    of `rgb`.
    """

    name: str
    rgb: Rgb
    alpha: Array
    points: tuple[Points, ...]

    @property
    def detail(self) -> int:
        return max(len(points) for points in self.points)


def reference_of(file: ReferenceFile, limits: Limits) -> Reference:
    """As `load_reference`. One whose content is told apart is ready for the next creative too."""
    if not file.sha256:
        return load_reference(file.path, limits, file.name)
    return _kept(file.path, file.sha256, limits, file.name)


@lru_cache(MOST_KEPT)
def _kept(path: Path, _sha256: str, limits: Limits, name: str) -> Reference:
    return load_reference(path, limits, name)


def load_reference(path: Path, limits: Limits, name: str | None = None) -> Reference:
    """Raises Unreadable. Transparency is what differs between white and black ground."""
    on_white, on_black = (_first_page(path, limits, (c, c, c)) for c in (255, 0))
    alpha = 1 - (on_white.astype(np.float32) - on_black).mean(axis=2) / 255
    rows, columns = np.nonzero(alpha.max(axis=1) > 0.05)[0], np.nonzero(alpha.max(axis=0) > 0.05)[0]
    if not len(rows):
        rows, columns, alpha = np.arange(len(alpha)), np.arange(alpha.shape[1]), np.ones_like(alpha)
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    scale = REFERENCE_SIDE_PX / max(len(rows), len(columns))
    white, black, clear = (resized(part[box], scale) for part in (on_white, on_black, alpha))
    less = LIKENESS_SIDE_PX / max(white.shape[:2])
    return Reference(
        name or path.name,
        resized(white, less),
        resized(clear, less),
        tuple(_in_small(points, less) for points in _points(white, black, clear)),
    )


def _points(white: Rgb, black: Rgb, alpha: Array) -> list[Points]:
    """On white, on black where there is a ground, and in one light colour on dark."""
    if alpha.min() >= 0.5:
        return [_padded_points(white, 255), _padded_points(np.asarray(255 - white), 0)]
    outline = np.repeat((alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
    return [_padded_points(white, 255), _padded_points(black, 0), _padded_points(outline, 0)]


def _padded_points(picture: Rgb, colour: int) -> Points:
    p = PADDING_PX
    padded = np.pad(picture, ((p, p), (p, p), (0, 0)), constant_values=colour)
    return points_of(padded, MOST_POINTS)


def _in_small(points: Points, scale: float) -> Points:
    places = (points.places - PADDING_PX) * scale
    return Points(places, points.sizes * scale, points.turns, points.looks)


def _first_page(path: Path, limits: Limits, background: tuple[int, int, int]) -> Rgb:
    with open_creative(path, limits, background=background) as creative:
        return creative.rgb(creative.pages[0])
