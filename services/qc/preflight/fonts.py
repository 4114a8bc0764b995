"""Fonts: what each is, whether it is in the file, and how wide its letters are."""

import re
from dataclasses import dataclass, field
from typing import Any

from services.qc.preflight import objects
from services.qc.preflight.facts import Font

FILES = ("/FontFile", "/FontFile2", "/FontFile3")
SUBSET = re.compile(r"^[A-Z]{6}\+")
USUAL_WIDTH = 500.0
USUAL_ASCENT, USUAL_DESCENT = 0.75, -0.22
MOST_WIDTHS = 70_000


@dataclass
class Metrics:
    """A font as its text is measured. Widths are thousandths of the em, by code.

    `em` is the height of the em in units of the font size; None when a Type 3 font does not
    tell it.
    """

    font: Font
    widths: dict[int, float] = field(default_factory=dict)
    default: float = USUAL_WIDTH
    wide_codes: bool = False
    ascent: float = USUAL_ASCENT
    descent: float = USUAL_DESCENT
    em: float | None = 1.0
    scale: float = 0.001

    def width(self, text: bytes) -> tuple[float, int, int]:
        """Width of a string in ems, how many letters it has, and how many of them are spaces."""
        if self.wide_codes:
            codes = [high << 8 | low for high, low in zip(text[0::2], text[1::2], strict=False)]
            spaces = 0
        else:
            codes = list(text)
            spaces = text.count(32)
        get, default = self.widths.get, self.default
        return sum(get(code, default) for code in codes) * self.scale, len(codes), spaces


class Fonts:
    """Reads each font of a document once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], Metrics] = {}

    def of(self, value: Any) -> Metrics | None:
        key = objects.key_of(value)
        if key and key in self._seen:
            return self._seen[key]
        if objects.get(value, "/Subtype") is None:
            return None
        metrics = _read(value)
        if key:
            self._seen[key] = metrics
        return metrics


def _read(value: Any) -> Metrics:
    kind = objects.name(objects.get(value, "/Subtype"))
    inner = value
    if kind == "Type0":
        descendants = objects.elements(objects.get(value, "/DescendantFonts"), 1)
        inner = descendants[0] if descendants else value
    descriptor = objects.dictionary(inner, "/FontDescriptor")
    name = objects.name(objects.get(value, "/BaseFont")) or objects.name(
        objects.get(descriptor, "/FontName")
    )
    embedded = kind == "Type3" or any(objects.get(descriptor, file) is not None for file in FILES)
    font = Font(
        name=SUBSET.sub("", name)[:127] or kind,
        kind=kind,
        embedded=embedded,
        subset=bool(SUBSET.match(name)),
        unicode=objects.get(value, "/ToUnicode") is not None,
    )
    metrics = Metrics(font)
    if kind == "Type3":
        _measure_type3(metrics, value)
    else:
        _measure_height(metrics, descriptor)
    if kind == "Type0":
        _measure_wide(metrics, inner)
    else:
        _measure_simple(metrics, value, descriptor)
    return metrics


def _measure_height(metrics: Metrics, descriptor: Any) -> None:
    ascent = objects.number(objects.get(descriptor, "/Ascent")) / 1000
    descent = objects.number(objects.get(descriptor, "/Descent")) / 1000
    if 0.4 < ascent < 1.3:
        metrics.ascent = ascent
    if -0.6 < descent <= 0:
        metrics.descent = descent


def _measure_type3(metrics: Metrics, value: Any) -> None:
    matrix = objects.matrix(objects.get(value, "/FontMatrix")) or (0.001, 0, 0, 0.001, 0, 0)
    box = objects.box(objects.get(value, "/FontBBox"))
    metrics.scale = abs(matrix[0])
    metrics.default = 0.0
    metrics.em = (box[3] - box[1]) * abs(matrix[3]) if box else None
    metrics.ascent = box[3] * abs(matrix[3]) if box else USUAL_ASCENT
    metrics.descent = box[1] * abs(matrix[3]) if box else USUAL_DESCENT


def _measure_simple(metrics: Metrics, value: Any, descriptor: Any) -> None:
    first = objects.whole(objects.get(value, "/FirstChar"))
    widths = objects.elements(objects.get(value, "/Widths"), 256)
    metrics.widths = {first + index: objects.number(width) for index, width in enumerate(widths)}
    missing = objects.number(objects.get(descriptor, "/MissingWidth"))
    if widths and missing:
        metrics.default = missing


def _measure_wide(metrics: Metrics, inner: Any) -> None:
    """The /W array: `first [w w w]` or `first last w`."""
    metrics.wide_codes = True
    metrics.default = objects.number(objects.get(inner, "/DW"), 1000.0)
    parts = objects.elements(objects.get(inner, "/W"))
    at = 0
    while at + 1 < len(parts) and len(metrics.widths) < MOST_WIDTHS:
        first = objects.whole(parts[at])
        listed = objects.elements(parts[at + 1])
        if listed:
            each = enumerate(listed, first)
            metrics.widths.update((code, objects.number(width)) for code, width in each)
            at += 2
        elif at + 2 < len(parts):
            last = min(objects.whole(parts[at + 1]), first + MOST_WIDTHS)
            width = objects.number(parts[at + 2])
            metrics.widths.update(dict.fromkeys(range(first, last + 1), width))
            at += 3
        else:
            return
