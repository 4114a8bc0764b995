"""One creative under measurement: its pages and what is expensive to see on them, seen once."""

from typing import TYPE_CHECKING

from pydantic import JsonValue

from services.qc.checks.seen import Barcode, Line, LogoMatch, LogoSearch
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Creative, Limits, Page, Rgb
from services.qc.domain.geometry import covered

if TYPE_CHECKING:
    from services.qc.checks.mark_points import PagePoints
    from services.qc.checks.mark_reference import Reference

MAX_SEEN_PAGES = 10
"""A page full of text takes 6 s."""

THOROUGH_PAGES = 3
SURE = 0.8
LEAST_LETTERS = 2


class Subject:
    """Checks share it, so that OCR, logo search and barcode reading run once for a page.

    Checks that look at pixels see at most the first `MAX_SEEN_PAGES` pages.
    """

    def __init__(
        self,
        creative: Creative,
        brief: Brief | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.creative = creative
        self.brief = brief or Brief()
        self.limits = limits or Limits()
        self.pages = creative.pages[:MAX_SEEN_PAGES]
        self._lines: dict[int, list[Line]] = {}
        self._marks: dict[tuple[int, str, str | None], LogoSearch] = {}
        self._points: tuple[int, PagePoints] | None = None
        self._barcodes: dict[int, list[Barcode]] = {}
        self._references: dict[str, list[Reference]] = {}

    def rgb(self, page: Page) -> Rgb:
        return self.creative.rgb(page)

    def file_px(self, page: Page) -> float:
        """Pixels of the file in one pixel of `rgb`."""
        return page.width_px / int(self.rgb(page).shape[1])

    def seen_pages(self) -> dict[str, JsonValue]:
        """What a check reports about how much of the creative it looked at."""
        return {"pages": len(self.creative.pages), "pages_judged": len(self.pages)}

    def lines(self, page: Page) -> list[Line]:
        if page.number not in self._lines:
            from services.qc.checks.ocr import read_lines

            self._lines[page.number] = read_lines(self.rgb(page))
        return self._lines[page.number]

    def copy_lines(self, page: Page) -> list[Line]:
        """Lines of two letters or more that OCR is sure of, outside the logo with its own rules."""
        logo = self.logo(page).match if self.brief.files("logo") else None
        return [
            line
            for line in self.lines(page)
            if line.confidence >= SURE
            and sum(letter.isalnum() for letter in line.text) >= LEAST_LETTERS
            and not (logo and _is_part_of(line, logo))
        ]

    def logo(self, page: Page) -> LogoSearch:
        """Where any reference logo stands. Raises Unreadable when a reference is damaged."""
        return self.marks(page, "logo")

    def marks(self, page: Page, kind: str, name: str | None = None) -> LogoSearch:
        """Where any reference of `kind` stands, or the one called `name`. Raises Unreadable."""
        key = (page.number, kind, name)
        if key not in self._marks:
            from services.qc.checks.logo_match import find_marks

            wanted = [r for r in self.references(kind) if name in (None, r.name)]
            thorough = len(self.pages) <= THOROUGH_PAGES
            self._marks[key] = find_marks(self._page_points(page), wanted, thorough)
        return self._marks[key]

    def references(self, kind: str) -> "list[Reference]":
        """The reference pictures of `kind`, ready to be found. Raises Unreadable."""
        if kind not in self._references:
            from services.qc.checks.mark_reference import load_reference

            files = self.brief.files(kind)
            self._references[kind] = [load_reference(f.path, self.limits, f.name) for f in files]
        return self._references[kind]

    def _page_points(self, page: Page) -> "PagePoints":
        """Of the page that was looked at last: they take 3 MB for each tile."""
        if self._points is None or self._points[0] != page.number:
            from services.qc.checks.mark_points import PagePoints

            self._points = page.number, PagePoints(self.rgb(page))
        return self._points[1]

    def barcodes(self, page: Page) -> list[Barcode]:
        if page.number not in self._barcodes:
            from services.qc.checks.barcode_reader import read_barcodes

            self._barcodes[page.number] = read_barcodes(self.rgb(page))
        return self._barcodes[page.number]


def _is_part_of(line: Line, logo: LogoMatch) -> bool:
    return covered(line.region, logo.region) > 0.6
