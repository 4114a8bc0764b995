"""A PDF as it looks: its words at a place, and its pages with what lies outside the crop box."""

import re
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium

from services.qc.domain.creative import Rgb
from services.qc.preflight.geometry import Box

POINTS_PER_INCH = 72.0
MOST_SIDE_PX = 3_000
MOST_LETTERS = 20_000
SHORT = 120


class View:
    """Opened by itself, so that nothing of it changes what other checks see."""

    def __init__(self, path: Path) -> None:
        self._document = pdfium.PdfDocument(path)

    def words(self, number: int, box: Box | None = None) -> str:
        """The text of a page, or inside a box of user space; empty where it cannot be told."""
        try:
            page = self._document[number - 1]
            text = page.get_textpage()
            found = text.get_text_bounded(*box) if box else text.get_text_bounded()
        except pdfium.PdfiumError:
            return ""
        return str(found[:MOST_LETTERS]).strip()

    def quote(self, number: int, box: Box) -> str | None:
        return re.sub(r"\s+", " ", self.words(number, box))[:SHORT] or None

    def rendered(self, number: int, box: Box, dpi: float) -> "Rgb | None":
        """What lies in a box of user space, not turned; None where it cannot be drawn."""
        width, height = box[2] - box[0], box[3] - box[1]
        scale = min(dpi / POINTS_PER_INCH, MOST_SIDE_PX / max(width, height))
        try:
            page = self._document[number - 1]
            shown, rotation = page.get_cropbox(), page.get_rotation()
            self._show(number, box, 0)
            bitmap = self._document[number - 1].render(scale=scale, rev_byteorder=True)
            pixels = np.ascontiguousarray(bitmap.to_numpy()[..., :3])
            self._show(number, shown, rotation)
        except pdfium.PdfiumError:
            return None
        return pixels

    def _show(self, number: int, box: Box, rotation: int) -> None:
        """Takes effect on the page when it is loaded again."""
        page = self._document[number - 1]
        page.set_cropbox(*box)
        page.set_rotation(rotation)
        page.close()

    def thumbnail(self, number: int, side_px: int) -> "Rgb | None":
        """The page as it is shown, its long side `side_px`."""
        try:
            page = self._document[number - 1]
            scale = side_px / max(page.get_size())
            return np.ascontiguousarray(page.render(scale=scale).to_numpy()[..., :3])
        except (pdfium.PdfiumError, ZeroDivisionError):
            return None
