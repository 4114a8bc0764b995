"""One creative under measurement: its pages and what is expensive to see on them, seen once."""

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import JsonValue

from libs.contracts.qc import Region
from services.qc.checks.page_types import ARTWORK, Kind, page_types
from services.qc.checks.reading import Token, streams
from services.qc.checks.seen import Barcode, Line, LogoMatch, LogoSearch
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Creative, Limits, Page, Rgb, Unreadable
from services.qc.domain.geometry import covered

if TYPE_CHECKING:
    from services.qc.checks.alpha import Alpha
    from services.qc.checks.finer_marks import FinerPage
    from services.qc.checks.ink import Ink
    from services.qc.checks.mark_points import PagePoints
    from services.qc.checks.mark_reference import Reference
    from services.qc.preflight.facts import PageFacts, PdfFacts
    from services.qc.preflight.view import View

LOG = logging.getLogger(__name__)
MAX_SEEN_PAGES = 10
"""A page full of text takes 6 s."""

THOROUGH_PAGES = 3
SURE = 0.8
LIKELY = 0.6
LEAST_LETTERS = 2


class Subject:
    """Checks share it, so that OCR, logo search and barcode reading run once for a page.

    Checks judge the artwork and leave out a PDF's pages of paperwork; those that look at pixels
    see at most its first `MAX_SEEN_PAGES` pages.
    """

    def __init__(
        self,
        creative: Creative,
        brief: Brief | None = None,
        limits: Limits | None = None,
        pdf_seconds: float = 10.0,
    ) -> None:
        self.creative = creative
        self.brief = brief or Brief()
        self.limits = limits or Limits()
        self._pdf_seconds = pdf_seconds
        self._lines: dict[int, list[Line]] = {}
        self._marks: dict[tuple[int, str, str | None], LogoSearch] = {}
        self._points: tuple[int, PagePoints] | None = None
        self._finer: tuple[int, FinerPage] | None = None
        self._text_lines: dict[int, list[Line]] = {}
        self._words: dict[int, list[list[Token]]] = {}
        self._alphas: dict[int, Alpha] = {}
        self._inks: dict[int, list[tuple[Line, Ink | None]]] = {}
        self._barcodes: dict[int, list[Barcode]] = {}
        self._references: dict[str, list[Reference]] = {}

    @cached_property
    def pages(self) -> list[Page]:
        return self.artwork[:MAX_SEEN_PAGES]

    @cached_property
    def artwork(self) -> list[Page]:
        kinds = self.page_kinds
        return [page for page in self.creative.pages if kinds[page.number].type == "artwork"]

    @property
    def sheets(self) -> list[Page]:
        """Artwork with a size of its own: the frames of what moves have one together."""
        return self.artwork[:1] if self.creative.facts.motion else self.artwork

    @cached_property
    def page_kinds(self) -> dict[int, Kind]:
        """By page number. A PDF that cannot be read has artwork only."""
        numbers = [page.number for page in self.creative.pages]
        kinds = dict.fromkeys(numbers, ARTWORK)
        if self.creative.format != "PDF" or len(numbers) < 2:
            return kinds
        try:
            known = [page for page in self._pdf.pages if page.number in kinds]
            found = page_types(known, self.pdf_view.words)
        except Unreadable:
            return kinds
        except Exception:
            LOG.exception("the types of the pages could not be told")
            return kinds
        return kinds | {page.number: kind for page, kind in zip(known, found, strict=True)}

    def left_out(self) -> str | None:
        """Which pages are no artwork, for people."""
        kinds = [(number, kind) for number, kind in self.page_kinds.items() if kind != ARTWORK]
        if not kinds:
            return None
        named = ", ".join(f"{number} ({kind.type})" for number, kind in kinds)
        return f"Not artwork and left out: page{'s' if len(kinds) > 1 else ''} {named}."

    def pdf(self) -> "PdfFacts | None":
        """What the PDF is made of; None for other files. Raises Unreadable."""
        return self._pdf if self.creative.format == "PDF" else None

    def pdf_pages(self) -> "list[PageFacts]":
        """Of the artwork. Raises Unreadable."""
        numbers = {page.number for page in self.artwork}
        facts = self.pdf()
        return [page for page in facts.pages if page.number in numbers] if facts else []

    @cached_property
    def _pdf(self) -> "PdfFacts":
        from services.qc.preflight.reader import Damaged, read_pdf

        if self.creative.path is None:
            raise AssertionError("only a PDF has a path to be read again")
        try:
            return read_pdf(self.creative.path, self.limits.max_pages, self._pdf_seconds)
        except Damaged as error:
            detail = "The structure of the PDF is damaged. Export it again."
            raise Unreadable("damaged", detail) from error

    @cached_property
    def pdf_view(self) -> "View":
        from services.qc.preflight.view import View

        if self.creative.path is None:
            raise AssertionError("only a PDF has a view")
        return View(self.creative.path)

    def rgb(self, page: Page) -> Rgb:
        return self.creative.rgb(page)

    def file_px(self, page: Page) -> float:
        """Pixels of the file in one pixel of `rgb`."""
        return page.width_px / int(self.rgb(page).shape[1])

    def seen_pages(self) -> dict[str, JsonValue]:
        """What a check reports about how much of the creative it looked at."""
        return {"pages": len(self.creative.pages), "pages_judged": len(self.pages)}

    def lines(self, page: Page) -> list[Line]:
        """A PDF's own text where it has any, and what else OCR reads."""
        if page.number not in self._lines:
            self._lines[page.number] = self._read(page)
        return self._lines[page.number]

    def is_read(self, page: Page) -> bool:
        return page.number in self._lines

    def _read(self, page: Page) -> list[Line]:
        text = self.text_lines(page)
        if text:
            from services.qc.checks.pdf_text import is_all, merged

            if is_all(text, self.rgb(page)):
                return text
        from services.qc.checks.ocr import read_lines

        read = read_lines(self.rgb(page), [line.quad for line in text])
        return merged(text, read) if text else read

    def text_lines(self, page: Page) -> list[Line]:
        """Lines of a PDF's text layer that can be seen; none for pictures."""
        if self.creative.format != "PDF" or self.creative.document is None:
            return []
        if page.number not in self._text_lines:
            from services.qc.checks.pdf_text import read_text

            text = read_text(self.creative.document, page, self.rgb(page))
            self._text_lines[page.number] = text
        return self._text_lines[page.number]

    def alpha(self, page: Page) -> "Alpha | None":
        """How opaque each pixel of `rgb` is, 0 to 255; None for a file without transparency.

        Read off two pictures, on white and on black. Raises Unreadable.
        """
        if not self.creative.facts.alpha or self.creative.path is None:
            return None
        if page.number not in self._alphas:
            from services.qc.checks.alpha import alpha_of

            on_white = self.rgb(page)
            self._alphas[page.number] = alpha_of(self.creative.path, page, on_white, self.limits)
        return self._alphas[page.number]

    def trim(self, page: Page) -> Region:
        """Where the page is cut, in shares of what is shown: a PDF's trim box, else all of it."""
        if self.creative.format != "PDF" or self.creative.document is None:
            return Region(x=0, y=0, w=1, h=1)
        from services.qc.checks.pdf_text import trim_of

        return trim_of(self.creative.document, page)

    def inks(self, page: Page) -> list[tuple[Line, "Ink | None"]]:
        """The lines of `copy_lines` and how each is drawn."""
        if page.number not in self._inks:
            from services.qc.checks.ink import ink_of

            rgb = self.rgb(page)
            self._inks[page.number] = [(line, ink_of(rgb, line)) for line in self.copy_lines(page)]
        return self._inks[page.number]

    def words(self, page: Page) -> list[list[Token]]:
        """All words, also the logo's, in the orders in which they may be read."""
        if page.number not in self._words:
            lines = [line for line in self.lines(page) if line.confidence >= LIKELY]
            self._words[page.number] = streams(lines)
        return self._words[page.number]

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
            search = find_marks(self._page_points(page), wanted, thorough)
            if self.creative.format == "PDF" and thorough:
                search = self._finer_page(page).improved(search, wanted)
            self._marks[key] = search
        return self._marks[key]

    def references(self, kind: str) -> "list[Reference]":
        """The reference pictures of `kind`, ready to be found. Raises Unreadable."""
        if kind not in self._references:
            from services.qc.checks.mark_reference import reference_of

            files = self.brief.files(kind)
            self._references[kind] = [reference_of(file, self.limits) for file in files]
        return self._references[kind]

    def _finer_page(self, page: Page) -> "FinerPage":
        """Of the page that was looked at last."""
        if self._finer is None or self._finer[0] != page.number:
            from services.qc.checks.finer_marks import FinerPage

            self._finer = page.number, FinerPage(self.creative, page, self.rgb(page))
        return self._finer[1]

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
