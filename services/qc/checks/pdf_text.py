"""The text layer of a PDF page as lines, exact and fast. Imported only where it runs."""

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pypdfium2.raw as raw

from libs.contracts.qc import Region
from services.qc.checks.seen import Line
from services.qc.domain.creative import Page, Rgb
from services.qc.domain.geometry import Point, Quad, covered, region_of

MOST_CHARACTERS = 20_000
FINE = 16
"""Device units are whole numbers: places are asked for at this many times the page's pixels."""

FINE_SIDE = 1000
COLUMN_GAP_EM = 1.5
TURN_RAD = 0.05
LEAST_PIXEL_RANGE = 24
LEAST_EDGE = 40
SURE_CHARACTERS = 30
UNREAD_SHARE = 0.04
PADDING = 0.12


@dataclass(frozen=True)
class _Character:
    text: str
    left: float
    bottom: float
    right: float
    top: float
    angle: float
    size: float


def read_text(document: Any, page: Page, rgb: Rgb) -> list[Line]:
    """Lines that can be seen on the page. Text without Unicode values or in hidden mode is not.

    Raises PdfiumError.
    """
    opened = document[page.number - 1]
    text = opened.get_textpage()
    try:
        found = [_line(opened, run, rgb) for run in _runs(text.raw)]
    finally:
        text.close()
        opened.close()
    return [line for line in found if line and _shows(rgb, line)]


def trim_of(document: Any, page: Page) -> Region:
    """The page's trim box in shares of what is shown; all of it when the page has none.

    Raises PdfiumError.
    """
    opened = document[page.number - 1]
    try:
        left, bottom, right, top = opened.get_trimbox()
        ends = (left, bottom), (right, top)
        corners = [_pixel(opened, end, (FINE_SIDE, FINE_SIDE)) for end in ends]
    finally:
        opened.close()
    return region_of(corners, FINE_SIDE, FINE_SIDE)


def is_all(lines: list[Line], rgb: Rgb) -> bool:
    """Whether next to nothing is drawn on the page but these lines, so that OCR finds no more."""
    if sum(len(line.text) for line in lines) < SURE_CHARACTERS:
        return False
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    drawn = (np.asarray(edges) > LEAST_EDGE).astype(np.uint8)
    total = int(drawn.sum())
    for line in lines:
        cv2.fillPoly(drawn, [_grown(line.quad)], 0)
    return int(drawn.sum()) <= UNREAD_SHARE * total


def merged(text: list[Line], read: list[Line]) -> list[Line]:
    """The text layer's lines, and those that only OCR sees: outlined type, pictures of text."""
    return text + [one for one in read if sum(covered(one.region, t.region) for t in text) < 0.4]


def _grown(quad: Quad) -> Any:
    corners = np.array(quad)
    grow = max(2.0, 0.15 * math.dist(quad[0], quad[3]))
    middle = corners.mean(axis=0)
    return np.rint(corners + np.sign(corners - middle) * grow).astype(np.int32)


def _runs(text: Any) -> Iterator[list[_Character]]:
    """Characters of one line: until a break, a turn or a gap as wide as between columns."""
    run: list[_Character] = []
    for index in range(min(raw.FPDFText_CountChars(text), MOST_CHARACTERS)):
        one = _character(text, index)
        if one is None or (run and _breaks(run, one)):
            if run:
                yield run
            run = []
        if one is not None:
            run.append(one)
    if run:
        yield run


def _character(text: Any, index: int) -> _Character | None:
    """None where a line ends, or for what nobody sees or nobody can name."""
    code = raw.FPDFText_GetUnicode(text, index)
    if raw.FPDFText_IsHyphen(text, index) == 1:
        code = ord("-")
    if code in (10, 13) or not _is_named(code) or raw.FPDFText_HasUnicodeMapError(text, index) == 1:
        return None
    if _is_hidden(text, index):
        return None
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    raw.FPDFText_GetCharBox(text, index, left, right, bottom, top)
    return _Character(
        chr(code),
        left.value,
        bottom.value,
        right.value,
        top.value,
        raw.FPDFText_GetCharAngle(text, index),
        raw.FPDFText_GetFontSize(text, index),
    )


def _is_named(code: int) -> bool:
    return code >= 32 and not 0xD800 <= code < 0xF900 and code not in (0xFFFD, 0xFFFE, 0xFFFF)


def _is_hidden(text: Any, index: int) -> bool:
    """A scan's own OCR lies invisible below the picture: we read the picture ourselves."""
    owner = raw.FPDFText_GetTextObject(text, index)
    return bool(owner) and (
        raw.FPDFTextObj_GetTextRenderMode(owner) == raw.FPDF_TEXTRENDERMODE_INVISIBLE
    )


def _breaks(run: list[_Character], one: _Character) -> bool:
    last = next((c for c in reversed(run) if not c.text.isspace()), None)
    if last is None or one.text.isspace():
        return False
    if abs(one.angle - last.angle) > TURN_RAD:
        return True
    height = max(last.top - last.bottom, one.top - one.bottom, last.size, 1.0)
    across = max(one.left - last.right, last.left - one.right)
    down = max(one.bottom - last.top, last.bottom - one.top)
    return max(across, down) > COLUMN_GAP_EM * height


def _line(opened: Any, run: list[_Character], rgb: Rgb) -> Line | None:
    """Only level text and text on end: anything else is left to OCR."""
    text = "".join(one.text for one in run).strip()
    inked = [one for one in run if not one.text.isspace()]
    if not text or not inked:
        return None
    turns = round(inked[0].angle / (math.pi / 2)) % 4
    if abs(math.remainder(inked[0].angle, math.pi / 2)) > TURN_RAD:
        return None
    ends = [
        (min(one.left for one in inked), min(one.bottom for one in inked)),
        (max(one.right for one in inked), max(one.top for one in inked)),
    ]
    height, width = rgb.shape[:2]
    quad = _quad([_pixel(opened, end, (width, height)) for end in ends], turns)
    return Line(text, 1.0, quad, region_of(quad, width, height), exact=True)


def _pixel(opened: Any, point: Point, size: tuple[int, int]) -> Point:
    width, height = size
    x, y = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(opened.raw, 0, 0, width * FINE, height * FINE, 0, *point, x, y)
    return x.value / FINE, y.value / FINE


def _quad(ends: list[Point], turns: int) -> Quad:
    """Corners clockwise from the text's own top left; `turns` are quarter turns clockwise."""
    xs, ys = sorted(x for x, _ in ends), sorted(y for _, y in ends)
    pad = PADDING * min(xs[1] - xs[0], ys[1] - ys[0]) + 1
    left, right, top, bottom = xs[0] - pad, xs[1] + pad, ys[0] - pad, ys[1] + pad
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    first, second, third, fourth = corners[turns:] + corners[:turns]
    return first, second, third, fourth


def _shows(rgb: Rgb, line: Line) -> bool:
    """Whether anything is drawn in the line's box: white on white and covered text are not."""
    height, width = rgb.shape[:2]
    box = line.region
    rows = slice(int(box.y * height), math.ceil((box.y + box.h) * height))
    columns = slice(int(box.x * width), math.ceil((box.x + box.w) * width))
    inside = rgb[rows, columns]
    if not inside.size:
        return False
    spread = inside.max(axis=(0, 1)).astype(int) - inside.min(axis=(0, 1)).astype(int)
    return int(spread.max()) >= LEAST_PIXEL_RANGE
