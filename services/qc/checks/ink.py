"""The ink of one line of text: how large the letters are and how they stand out."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from services.qc.checks.pixels import level
from services.qc.checks.seen import Line
from services.qc.domain.creative import Rgb

X_HEIGHT, TALL, DEEP = 0.52, 0.73, 0.21
"""Shares of the font size, usual for Latin type: x-height, ascenders and capitals, descenders."""

TALL_LETTERS = frozenset("bdfhklßt|/()[]{}!?&%@#$£€")
DEEP_LETTERS = frozenset("gjpqyçµ,;Q()[]{}|@")
LEAST_HEIGHT_PX = 4

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Ink:
    """Sizes are in pixels of the page's picture; `font_size_px` is the em, estimated to ±15 %."""

    height_px: int
    font_size_px: float
    text: Colour
    background: Colour

    @property
    def x_height_px(self) -> float:
        return self.font_size_px * X_HEIGHT

    @property
    def contrast(self) -> float:
        """WCAG 2 contrast ratio, 1 to 21."""
        light, dark = sorted((luminance(self.text), luminance(self.background)), reverse=True)
        return (light + 0.05) / (dark + 0.05)


def luminance(colour: Colour) -> float:
    """Relative luminance of an sRGB colour, 0 to 1. Source: WCAG 2.2, "relative luminance"."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ink_of(rgb: Rgb, line: Line) -> Ink | None:
    """None where letters and background cannot be told apart, or for text on end."""
    crop = level(rgb, line.quad)
    if min(crop.shape[:2]) < LEAST_HEIGHT_PX or crop.shape[0] > 1.5 * crop.shape[1]:
        return None
    mask = _ink_mask(crop)
    if not mask.any() or mask.all():
        return None
    height = _band_height(mask)
    if height < LEAST_HEIGHT_PX:
        return None
    background = _background(crop, mask)
    return Ink(height, height / _extent(line.text), _text(crop, mask, background), background)


def _ink_mask(crop: Rgb) -> Mask:
    """Otsu's two classes of brightness; the one that holds most of the rim is the background."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    _, split = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    light = np.asarray(split) > 0
    rim = np.concatenate((light[0], light[-1], light[:, 0], light[:, -1]))
    return ~light if rim.mean() > 0.5 else light


def _band_height(mask: Mask) -> int:
    """Rows of the band with most ink.

    The rule of a table, or a neighbouring line that reaches into the box, is a band of its own.
    """
    inked = mask.sum(axis=1)
    has_ink = (inked >= max(2.0, 0.005 * inked.max())).astype(np.int8)
    edges = np.flatnonzero(np.diff(has_ink, prepend=0, append=0))
    bands = list(zip(edges[::2], edges[1::2], strict=True))
    if not bands:
        return 0
    top, bottom = max(bands, key=lambda band: int(inked[band[0] : band[1]].sum()))
    return int(bottom - top)


def _extent(text: str) -> float:
    """Height of the ink of `text` in font sizes, from the letters that it has."""
    tall = any(c in TALL_LETTERS or c.isupper() or c.isdigit() for c in text)
    deep = any(c in DEEP_LETTERS for c in text)
    return (TALL if tall else X_HEIGHT) + (DEEP if deep else 0.0)


def _background(crop: Rgb, mask: Mask) -> Colour:
    """Away from the letters' soft edges, where there is room."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    away = ~near if (~near).sum() >= 20 else ~mask
    return _median(crop[away])


def _text(crop: Rgb, mask: Mask, background: Colour) -> Colour:
    """The third of the ink that differs most: thin strokes are mostly soft edge."""
    pixels = crop[mask].astype(np.float32)
    distance = np.abs(pixels - np.array(background, np.float32)).sum(axis=1)
    return _median(pixels[distance >= np.quantile(distance, 2 / 3)])


def _median(pixels: Any) -> Colour:
    red, green, blue = (round(float(value)) for value in np.median(pixels, axis=0))
    return red, green, blue
