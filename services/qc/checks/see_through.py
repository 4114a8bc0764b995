"""Where a picture shows through, and how much of it is empty from each side."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from libs.contracts.qc import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.qc.checks.alpha import Alpha

OPAQUE, CLEAR = 252, 3
"""Levels of alpha from which a pixel counts as opaque, and to which as empty."""

Mask: TypeAlias = "NDArray[np.bool_]"


@dataclass(frozen=True)
class SeeThrough:
    """`share` of the pixels shows through; `region` holds those, `ink` all that is not empty.

    `borders` tells how much of the picture is empty from each side, as a share of that side.
    """

    share: float
    region: Region | None
    ink: Region | None
    borders: dict[str, float]


def see_through(alpha: "Alpha") -> SeeThrough:
    through, inked = alpha < OPAQUE, alpha > CLEAR
    return SeeThrough(float(through.mean()), _box(through), _box(inked), _borders(inked))


def _box(mask: Mask) -> Region | None:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    if not len(rows):
        return None
    height, width = mask.shape
    return Region(
        x=round(int(columns[0]) / width, 5),
        y=round(int(rows[0]) / height, 5),
        w=round(int(columns[-1] - columns[0] + 1) / width, 5),
        h=round(int(rows[-1] - rows[0] + 1) / height, 5),
    )


def _borders(inked: Mask) -> dict[str, float]:
    box = _box(inked)
    if box is None:
        return dict.fromkeys(("left", "top", "right", "bottom"), 1.0)
    right, bottom = (round(max(0.0, 1 - end), 5) for end in (box.x + box.w, box.y + box.h))
    return {"left": box.x, "top": box.y, "right": right, "bottom": bottom}
