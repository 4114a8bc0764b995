"""One creative under measurement: its pages and what is expensive to see on them, seen once."""

from typing import TYPE_CHECKING

from pydantic import JsonValue

from services.qc.checks.seen import Barcode, Line, LogoMatch, LogoSearch
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Creative, Limits, Page, Rgb
from services.qc.domain.geometry import covered

if TYPE_CHECKING:
    from services.qc.checks.logo_match import Reference

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
        self._logos: dict[int, LogoSearch] = {}
        self._barcodes: dict[int, list[Barcode]] = {}
        self._logo_references: list[Reference] | None = None

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
        """The best match of any reference logo. Raises Unreadable when a reference is damaged."""
        if page.number not in self._logos:
            from services.qc.checks.logo_match import find_logo, load_reference

            if self._logo_references is None:
                logos = self.brief.files("logo")
                self._logo_references = [load_reference(file.path, self.limits) for file in logos]
            thorough = len(self.pages) <= THOROUGH_PAGES
            found = find_logo(self.rgb(page), self._logo_references, thorough)
            self._logos[page.number] = found
        return self._logos[page.number]

    def barcodes(self, page: Page) -> list[Barcode]:
        if page.number not in self._barcodes:
            from services.qc.checks.barcode_reader import read_barcodes

            self._barcodes[page.number] = read_barcodes(self.rgb(page))
        return self._barcodes[page.number]


def _is_part_of(line: Line, logo: LogoMatch) -> bool:
    return covered(line.region, logo.region) > 0.6
