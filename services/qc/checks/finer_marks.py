"""Looks closer at a PDF page, which has no pixels of its own, where a mark is small."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from services.qc.checks.logo_match import find_marks, look_again
from services.qc.checks.mark_points import PagePoints
from services.qc.checks.mark_reference import Reference
from services.qc.checks.seen import LogoMatch, LogoSearch
from services.qc.domain.creative import Creative, Page, Rgb
from services.qc.domain.geometry import Quad

FINER_SIDE_PX = 3000
"""An A4 page at 256 dpi: a mark of 6 mm has 60 pixels, which is enough to find it."""

SMALL_PX = 250
"""A mark narrower than this on the page is measured again on the finer picture."""


class FinerPage:
    """A page drawn larger, once, when somebody asks for it."""

    def __init__(self, creative: Creative, page: Page, rgb: Rgb) -> None:
        self._creative = creative
        self._number = page.number
        self._rgb = rgb
        self._points: PagePoints | None = None
        self.factor = FINER_SIDE_PX / max(rgb.shape[:2])

    def improved(self, search: LogoSearch, references: Sequence[Reference]) -> LogoSearch:
        """The same matches, the small ones measured again; the small ones where there were none."""
        if not references or self.factor <= 1:
            return search
        if not search.matches:
            found = find_marks(self._finer(), references)
            return _scaled(found, 1 / self.factor)
        if min(match.width_px for match in search.matches) >= SMALL_PX:
            return search
        return _of([self._again(match, references) for match in search.matches], search.detail)

    def _again(self, match: LogoMatch, references: Sequence[Reference]) -> LogoMatch:
        reference = next(one for one in references if one.name == match.reference)
        finer = self._finer().rgb
        better = look_again(finer, reference, _scaled_match(match, self.factor))
        return _scaled_match(better, 1 / self.factor)

    def _finer(self) -> PagePoints:
        if self._points is None:
            document: Any = self._creative.document
            page = document[self._number - 1]
            try:
                scale = FINER_SIDE_PX / max(page.get_size())
                drawn = page.render(scale=scale, rev_byteorder=True).to_numpy()[..., :3]
                rgb = np.ascontiguousarray(drawn)
            finally:
                page.close()
            self.factor = max(rgb.shape[:2]) / max(self._rgb.shape[:2])
            self._points = PagePoints(rgb, (FINER_SIDE_PX,))
        return self._points


def _scaled(search: LogoSearch, factor: float) -> LogoSearch:
    return _of([_scaled_match(match, factor) for match in search.matches], search.detail)


def _of(matches: list[LogoMatch], detail: int) -> LogoSearch:
    ordered = tuple(sorted(matches, key=lambda match: -match.likeness))
    return LogoSearch(ordered[0] if ordered else None, detail, ordered)


def _scaled_match(match: LogoMatch, factor: float) -> LogoMatch:
    """The match on a picture of the page that is `factor` times as large."""
    quad: Quad = tuple((x * factor, y * factor) for x, y in match.quad)  # type: ignore[assignment]
    return replace(
        match, quad=quad, width_px=match.width_px * factor, height_px=match.height_px * factor
    )
