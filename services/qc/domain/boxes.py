"""Where on the page a model says that a finding is."""

import math

from libs.contracts.qc import Region

THOUSANDTHS = 1000


def from_thousandths(top: float, left: float, bottom: float, right: float) -> Region:
    """Convert sides in thousandths of the page, as Gemini draws boxes, to shares.

    A box that reaches over the edge is cut at the edge. Raises ValueError when nothing is
    left of it or a side is not a number, which models do return: the caller keeps the
    finding and drops only its box.
    Source: Gemini API docs, "Image understanding" (bounding boxes, y before x).
    """
    return from_shares(
        left / THOUSANDTHS,
        top / THOUSANDTHS,
        (right - left) / THOUSANDTHS,
        (bottom - top) / THOUSANDTHS,
    )


def from_shares(x: float, y: float, w: float, h: float) -> Region:
    """Cut a box of page shares at the page's edges; ValueError when nothing is left of it."""
    if not all(math.isfinite(share) for share in (x, y, w, h)):
        raise ValueError("a side of the box is not a number")
    left, top = max(x, 0.0), max(y, 0.0)
    width, height = _tidy(min(x + w, 1.0) - left), _tidy(min(y + h, 1.0) - top)
    if width <= 0 or height <= 0:
        raise ValueError("the box is empty, turned around or off the page")
    return Region(x=_tidy(left), y=_tidy(top), w=width, h=height)


def _tidy(share: float) -> float:
    """A millionth of the page is finer than any pixel, and 0.30000000000000004 reads badly."""
    return round(share, 6)
