"""Whether what touches the trim edge goes on in the bleed, seen on the rendered page."""

import numpy as np

from services.qc.preflight.geometry import MM, Box
from services.qc.preflight.view import View

DPI = 150.0
WHITE = 250
EDGE_MM = 0.4
"""What begins nearer to the trim than this is meant to reach it."""

SLACK_MM = 0.25
"""Bleed may be this much short of its outer edge: anti-aliasing and rounding."""

LEAST_TOUCHING = 0.02
"""Share of an edge that artwork must touch to be asked about."""


def missing_shares(view: View, number: int, trim: Box, bleed: float) -> dict[str, float]:
    """By side, the share of what touches the trim edge that does not reach the bleed's.

    `bleed` is its width in user space.
    """
    outer = (trim[0] - bleed, trim[1] - bleed, trim[2] + bleed, trim[3] + bleed)
    pixels = view.rendered(number, outer, DPI)
    if pixels is None:
        return {}
    inked = np.asarray((pixels < WHITE).any(axis=2))
    scale = pixels.shape[1] / (outer[2] - outer[0])
    band = max(2, round(bleed * scale))
    per_mm = scale / MM
    turned = {"left": inked.T, "right": inked.T[::-1], "top": inked, "bottom": inked[::-1]}
    return {side: _missing(rows, band, per_mm) for side, rows in turned.items()}


def _missing(
    rows: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]", band: int, px: float
) -> float:
    """`rows` run from the outer edge of the bleed inwards; corners are left to the other sides."""
    inner = rows[:, band:-band]
    edge = max(1, round(EDGE_MM * px))
    touches = inner[band + 1 : band + 1 + edge].any(axis=0)
    slack = min(band - 1, max(1, round(SLACK_MM * px)))
    reaches = inner[slack : slack + max(1, (band - slack) // 4)].all(axis=0)
    if touches.mean() < LEAST_TOUCHING:
        return 0.0
    return float((touches & ~reaches).sum() / touches.sum())
