"""Finds the changes of one page since its previous version. Imported only where it runs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from libs.contracts.qc import Region
from services.qc.checks.aligned import Aligned, align
from services.qc.checks.differences import (
    Box,
    Difference,
    changed_pixels,
    find_differences,
)
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.checks.text_pairs import Placed, pair_lines
from services.qc.checks.words import Word
from services.qc.domain.creative import Page
from services.qc.domain.geometry import region_of
from services.qc.domain.text_changes import TextChange, changes_between, kind_of, quantities

SURE = 0.7
SURE_UNALIGNED = 0.9
EXACT = 1.0
"""A line with this confidence is a file's own text, where nothing can be misread."""

MOVED_SHARE = 0.015
LEAST_CHANGED_PX = 3
TEXT_COVERS = 0.5
PADDING = 0.35

Array = np.ndarray[Any, np.dtype[Any]]
Edges = tuple[float, float, float, float]
"""Left, top, right, bottom on the grid."""

Boxes = list[Edges]


@dataclass(frozen=True)
class Change:
    """One change on a page; `around` are the lines that it stands in, old and new."""

    kind: str
    page: int
    region: Region
    before: str = ""
    after: str = ""
    around: tuple[str, ...] = ()
    detail: str = ""

    @property
    def touches_a_number(self) -> bool:
        return self.kind != "moved" and quantities(self.before) != quantities(self.after)


@dataclass(frozen=True)
class Limits:
    tolerated_delta_e: float
    min_area_px: float


def changes_on_page(
    new: Subject, page: Page, old: Subject, old_page: Page, limits: Limits
) -> tuple[list[Change], bool]:
    """The changes, and whether both versions could be laid over each other.

    Text is read only when some pixels differ.
    """
    pair = align(new.rgb(page), old.rgb(old_page))
    if pair is None:
        return list(_changes_of_words(new, page, old, old_page)), False
    mask = changed_pixels(pair, limits.tolerated_delta_e)
    least = limits.min_area_px * pair.scale**2
    places = find_differences(pair, mask, limits.tolerated_delta_e, least)
    if not places:
        return [], True
    changes, covered = [], []
    lines_old = [_on_grid(line, pair.from_old) for line in _sure(old, old_page, SURE)]
    scale = np.array(((pair.scale, 0, 0), (0, pair.scale, 0)))
    lines_new = [_on_grid(line, scale) for line in _sure(new, page, SURE)]
    for one, other in pair_lines(lines_old, lines_new, max(pair.size)):
        for change, boxes in _changes_of_pair(pair, mask, page, one, other):
            changes.append(change)
            covered += boxes
    changes += [
        _picture(pair, page, place)
        for place in places
        if not any(_covers(box, place.box) for box in covered)
    ]
    return changes, True


def _sure(subject: Subject, page: Page, least: float) -> list[Line]:
    return [line for line in subject.lines(page) if line.confidence >= least]


def _on_grid(line: Line, affine: Array) -> Placed:
    corners = np.array(line.quad) @ affine[:, :2].T + affine[:, 2]
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return Placed(line, (float(left), float(top), float(right), float(bottom)))


def _changes_of_pair(
    pair: Aligned, mask: Array, page: Page, one: Placed | None, other: Placed | None
) -> Iterator[tuple[Change, Boxes]]:
    if one is None or other is None:
        yield from _whole_line(pair, mask, page, one, other)
        return
    around = (one.line.text, other.line.text)
    if _shift(one.box, other.box) > MOVED_SHARE * max(pair.size):
        region = _region(other.box, pair)
        moved = Change("moved", page.number, region, *around, around, "moved")
        if _is_changed(mask, other.box):
            yield moved, [one.box, other.box]
    for change in changes_between(*around):
        region = _words_region(other.line, change.start, change.end, pair)
        boxes = [_box_of(region, pair), _part(one, change.old_start, change.old_end)]
        exact = min(one.line.confidence, other.line.confidence) >= EXACT
        if exact or any(_is_changed(mask, box) for box in boxes):
            made = Change(change.kind, page.number, region, change.before, change.after, around)
            yield made, [one.box, other.box]


def _shift(one: Edges, other: Edges) -> float:
    """How far the line itself went: one that grew still has its start, middle or end in place."""
    across = [b - a for a, b in ((one[0], other[0]), (one[2], other[2]))]
    down = [b - a for a, b in ((one[1], other[1]), (one[3], other[3]))]
    least = [min(abs(first), abs(last), abs(first + last) / 2) for first, last in (across, down)]
    return math.hypot(*least)


def _whole_line(
    pair: Aligned, mask: Array, page: Page, one: Placed | None, other: Placed | None
) -> Iterator[tuple[Change, Boxes]]:
    """A line that came or went; one that OCR only read differently shows no changed pixels."""
    placed = other or one
    if placed is None or not _is_changed(mask, placed.box, share=0.02):
        return
    before, after = (p.line.text if p else "" for p in (one, other))
    kind = kind_of(before, after)
    if kind:
        region = _region(placed.box, pair)
        yield Change(kind, page.number, region, before, after, (placed.line.text,)), [placed.box]


def _changes_of_words(new: Subject, page: Page, old: Subject, old_page: Page) -> Iterator[Change]:
    """For another layout: all words that both readings are sure of."""
    height, width = new.rgb(page).shape[:2]
    there = np.array(((1.0, 0, 0), (0, 1.0, 0)))
    old_height, old_width = old.rgb(old_page).shape[:2]
    from_old = np.array(((width / old_width, 0, 0), (0, height / old_height, 0)))
    lines_old = [_on_grid(line, from_old) for line in _sure(old, old_page, SURE_UNALIGNED)]
    lines_new = [_on_grid(line, there) for line in _sure(new, page, SURE_UNALIGNED)]
    for one, other in pair_lines(lines_old, lines_new, max(width, height)):
        before, after = (p.line.text if p else "" for p in (one, other))
        around = tuple(text for text in (before, after) if text)
        found = changes_between(before, after) if one and other else _all_of(before, after)
        for change in found:
            box = (other or one or lines_new[0]).box
            region = region_of((box[:2], box[2:]), width, height)
            yield Change(change.kind, page.number, region, change.before, change.after, around)


def _all_of(before: str, after: str) -> Iterator[TextChange]:
    kind = kind_of(before, after)
    if kind:
        yield TextChange(kind, before, after, 0, len(after), 0, len(before))


def _words_region(line: Line, start: int, end: int, pair: Aligned) -> Region:
    size = pair.size[0] / pair.scale, pair.size[1] / pair.scale
    return Word(line.text, line, start, max(end, start + 1)).region(round(size[0]), round(size[1]))


def _part(placed: Placed, start: int, end: int) -> Edges:
    """The part of a level line's box that some characters take."""
    left, top, right, bottom = placed.box
    step = (right - left) / max(1, len(placed.line.text))
    return left + start * step, top, left + max(end, start + 1) * step, bottom


def _is_changed(mask: Array, box: Edges, share: float = 0.0) -> bool:
    left, top, right, bottom = box
    pad = PADDING * (bottom - top)
    rows = slice(max(0, round(top)), max(0, round(bottom)) + 1)
    part = mask[rows, max(0, round(left - pad)) : max(0, round(right + pad)) + 1]
    return bool(part.sum() >= max(LEAST_CHANGED_PX, share * part.size))


def _region(box: Edges, pair: Aligned) -> Region:
    return region_of((box[:2], box[2:]), *pair.size)


def _box_of(region: Region, pair: Aligned) -> Edges:
    width, height = pair.size
    left, top = region.x * width, region.y * height
    return left, top, left + region.w * width, top + region.h * height


def _covers(box: Edges, place: Box) -> bool:
    x, y, w, h = place
    pad = PADDING * (box[3] - box[1])
    across = min(box[2] + pad, x + w) - max(box[0] - pad, x)
    down = min(box[3] + pad, y + h) - max(box[1] - pad, y)
    return max(0.0, across) * max(0.0, down) >= TEXT_COVERS * w * h


def _picture(pair: Aligned, page: Page, place: Difference) -> Change:
    x, y, w, h = place.box
    region = region_of(((x, y), (x + w, y + h)), *pair.size)
    detail = f"{place.change}, Delta E {place.delta_e:.0f} at most"
    return Change("picture", page.number, region, detail=detail)
