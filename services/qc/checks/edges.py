"""Elements with straight edges: blocks of text by their ink, the logo, plain panels.

Imported only where it runs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.checks.seen import Line
from services.qc.domain.bearings import bearings
from services.qc.domain.creative import Rgb

LEAST_PANEL_SHARE = 0.01
MOST_PANEL_SHARE = 0.9
CALM_LEVELS = 2
STRAIGHT = 0.9
"""Share of each side of a panel that must be there."""

MOST_TURN = 0.02
MOST_SEEMING_TURN = 0.12
"""A box laid tightly round level letters turns by so much where a tall one stands at one end
and a tail hangs at the other."""

FEET_SHARE = 0.06
"""Within this share of a line's height most of its letters end."""

GROWTH = 0.25
LEAST_INK = 0.03
"""A column of so much of the fullest one's ink belongs to the line: serifs and bars are thin."""

LEAST_SPECK_SHARE = 0.06

MOST_TAIL_SHARE = 0.3
"""No letter that touches the rim of its line's box is lower, in heights of the box."""

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Element:
    """The slacks are how far what is seen may lie off the edge that it was placed by."""

    name: str
    left: float
    top: float
    right: float
    bottom: float
    slacks_px: tuple[float, float] = (0.0, 0.0)
    """Of the left or upper edge, and of the right or lower one."""

    is_text: bool = False


def text_elements(rgb: Rgb, lines: list[Line]) -> Iterator[Element]:
    """Level lines, each as wide as it was set: its ink, and what its letters stand off."""
    for line in lines:
        (x0, y0), (x1, y1) = line.quad[0], line.quad[1]
        turn = abs(y1 - y0) / max(1.0, abs(x1 - x0))
        if turn > MOST_SEEMING_TURN:
            continue
        element = _ink_box(rgb, line, is_level=turn <= MOST_TURN)
        if element:
            yield element


def _ink_box(rgb: Rgb, line: Line, is_level: bool) -> Element | None:
    xs, ys = [x for x, _ in line.quad], [y for _, y in line.quad]
    grow = GROWTH * (max(ys) - min(ys))
    left, right = max(0, math.floor(min(xs) - grow)), math.ceil(max(xs) + grow)
    top, bottom = max(0, math.floor(min(ys))), math.ceil(max(ys))
    crop = rgb[top:bottom, left:right]
    if min(crop.shape[:2]) < 4:
        return None
    grey = cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY)
    _, split = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    light = np.asarray(split) > 0
    ink = _letters(~light if light.mean() > 0.5 else light)
    columns, rows = _inked(ink.sum(axis=0)), _inked(ink.sum(axis=1))
    if columns is None or rows is None or not (is_level or _stands_level(ink, columns)):
        return None
    known = bearings(line.text, rows[1] - rows[0])
    return Element(
        line.text,
        left + columns[0] - known.left_px,
        top + rows[0],
        left + columns[1] + known.right_px,
        top + rows[1],
        (known.left_slack_px, known.right_slack_px),
        is_text=True,
    )


def _letters(ink: Array) -> Array:
    """Without specks and what runs out of the crop: a frame, a rule, tails of the line above."""
    height, width = ink.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    left, top, wide, high = (stats[:, column] for column in range(4))
    above, below = top == 0, top + high == height
    sideways = (left == 0) | (left + wide == width)
    tail = (above | below) & (high < MOST_TAIL_SHARE * height)
    speck = np.maximum(wide, high) < LEAST_SPECK_SHARE * height
    own = ~(sideways | (above & below) | tail | speck)
    own[0] = False
    return np.asarray(own[labels])


def _stands_level(ink: Array, columns: tuple[int, int]) -> bool:
    """True when the letters of both halves of a line stand on one base line."""
    middle = sum(columns) // 2
    left, right = ink[:, columns[0] : middle], ink[:, middle : columns[1]]
    return abs(_foot(left) - _foot(right)) <= MOST_TURN * (columns[1] - columns[0]) / 2


def _foot(ink: Array) -> int:
    """The row at which most letters end."""
    counts = ink.sum(axis=1, dtype=np.int64)
    reach = max(1, round(FEET_SHARE * len(counts)))
    return int(np.argmax(counts[:-reach] - counts[reach:]))


def _inked(counts: Array) -> tuple[int, int] | None:
    found = np.flatnonzero(counts > max(1, LEAST_INK * counts.max()))
    return (int(found[0]), int(found[-1]) + 1) if len(found) else None


def panels(rgb: Rgb) -> Iterator[Element]:
    """Plain upright rectangles, whatever stands on them."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    steps = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8))
    calm = (np.asarray(steps) <= CALM_LEVELS).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(calm, connectivity=4)
    area = grey.size
    large = stats[:, 4] >= LEAST_PANEL_SHARE * area
    for number in np.flatnonzero(large).tolist():
        x, y, w, h = (int(value) for value in stats[number, :4])
        if number == 0 or w * h > MOST_PANEL_SHARE * area:
            continue
        own = labels[y : y + h, x : x + w] == number
        inset = min(3, w // 8, h // 8)
        sides = (own[inset], own[-1 - inset], own[:, inset], own[:, -1 - inset])
        if all(side.mean() >= STRAIGHT for side in sides):
            yield Element("panel", x, y, x + w, y + h, (1.0, 1.0))
