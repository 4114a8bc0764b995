"""Boxes of findings on a picture of their page, each with its number beside it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from libs.contracts.qc import Finding, Preview

Mark: TypeAlias = tuple[int, str, str, Finding]
"""A number, the look of the box, what it says, and the finding."""
LABEL_SHARE = 1 / 45
"""Size of a box's number, of the longer side of its page."""
LABEL_TOUCH_PX = 0.5
"""Numbers that overlap by less only touch: places are rounded."""


@dataclass(frozen=True, slots=True)
class Box:
    """A finding's place on its page, and that of its number, in pixels of the preview.

    `look` decides its colour: a severity, or in a comparison the finding's fate.
    """

    number: int
    look: str
    says: str
    x: float
    y: float
    width: float
    height: float
    label_x: float
    label_y: float
    label_width: float
    approximate: bool = False


def boxes_on(preview: Preview | None, marks: Iterable[Mark]) -> Iterator[Box]:
    """Of the findings with a place on this page, their numbers apart from each other."""
    taken: list[Box] = []
    for number, look, says, finding in marks:
        region = finding.region
        if not region or not preview or finding.page != preview.page:
            continue
        label = max(preview.width_px, preview.height_px) * LABEL_SHARE
        wide = label * (0.5 + 0.55 * len(str(number)))
        x, y = region.x * preview.width_px, region.y * preview.height_px
        width = min(region.w, 1 - region.x) * preview.width_px
        height = min(region.h, 1 - region.y) * preview.height_px
        box = Box(
            number=number,
            look=look,
            says=says,
            x=round(x, 1),
            y=round(y, 1),
            width=round(width, 1),
            height=round(height, 1),
            label_x=round(min(x, preview.width_px - wide), 1),
            label_width=round(wide, 1),
            label_y=round(_beside(y, height, label, preview.height_px), 1),
            approximate=finding.approximate,
        )
        taken.append(_apart(box, taken, label, preview.width_px))
        yield taken[-1]


def _apart(box: Box, taken: Sequence[Box], label: float, page_width: float) -> Box:
    """The box with its number where no other number stands: findings often share one place.

    Numbers go on to the right, and to the left where the page ends; on top when both are full.
    """
    row = [other for other in taken if abs(other.label_y - box.label_y) < label - LABEL_TOUCH_PX]
    x = box.label_x
    for other in sorted(row, key=lambda other: other.label_x):
        if _covers(x, box, other):
            x = other.label_x + other.label_width
    if x + box.label_width > page_width + LABEL_TOUCH_PX:
        x = box.label_x
        for other in sorted(row, key=lambda other: -other.label_x):
            if _covers(x, box, other):
                x = other.label_x - box.label_width
    return replace(box, label_x=round(x, 1)) if x >= 0 else box


def _covers(x: float, box: Box, other: Box) -> bool:
    """Whether the number of `box`, moved to `x`, lies on that of `other` in its row."""
    across = x < other.label_x + other.label_width - LABEL_TOUCH_PX
    return across and other.label_x < x + box.label_width - LABEL_TOUCH_PX


def _beside(y: float, height: float, label: float, page_height: float) -> float:
    """Top of a number above its box, or below it, or inside where there is no room for either."""
    if y >= label:
        return y - label
    return y + height if y + height + label <= page_height else y
