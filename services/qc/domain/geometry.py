"""Boxes and corners on a page, in pixels, and as the shares that findings carry."""

from collections.abc import Iterable

from libs.contracts.qc import Region

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
"""Four corners in pixels, clockwise from the top left of what is inside."""


def region_of(points: Iterable[Point], width_px: float, height_px: float) -> Region:
    """The upright box round `points`, cut at the page's edges, in shares of the page."""
    corners = list(points)
    left, right = (_share(pick(x for x, _ in corners), width_px) for pick in (min, max))
    top, bottom = (_share(pick(y for _, y in corners), height_px) for pick in (min, max))
    return Region(x=left, y=top, w=round(right - left, 5), h=round(bottom - top, 5))


def _share(value_px: float, side_px: float) -> float:
    return round(min(1.0, max(0.0, value_px / side_px)), 5)


def covered(inner: Region, outer: Region) -> float:
    """Share of `inner`'s area that lies in `outer`; 0 when `inner` has no area."""
    across = min(inner.x + inner.w, outer.x + outer.w) - max(inner.x, outer.x)
    down = min(inner.y + inner.h, outer.y + outer.h) - max(inner.y, outer.y)
    area = inner.w * inner.h
    return max(0.0, across) * max(0.0, down) / area if area else 0.0
