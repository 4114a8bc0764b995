"""Opens PDFs: pages are rasterised one by one, when somebody looks at them."""

import math
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from pypdfium2.raw import FPDF_ERR_PASSWORD

from services.qc.domain.creative import Creative, Limits, Page, Rgb, Unreadable
from services.qc.domain.facts import FileFacts
from services.qc.preflight.reader import user_units

POINTS_PER_INCH = 72.0
MM_PER_INCH = 25.4


def open_pdf(path: Path, limits: Limits, name: str, lazy: bool = False) -> Creative:
    """Rasterised so that the long side is at most `pdf_side_px`, and at most at `pdf_dpi`.

    The first page is rasterised here, unless it is `lazy`. Raises Unreadable.
    """
    document = _open(path)
    try:
        numbers = _numbers(document, limits)
        units = user_units(path)
        pages = [_page(document, number, limits, units.get(number, 1.0)) for number in numbers]
    except pdfium.PdfiumError as error:
        raise _damaged() from error
    facts = FileFacts(name, path.stat().st_size, mode="PDF", frames=len(pages))

    def glance(page: Page, side_px: int) -> Rgb:
        try:
            return _rasterise(document, page, limits, side_px)
        except pdfium.PdfiumError as error:
            raise _damaged(page.number) from error

    def decode(page: Page) -> Rgb:
        return glance(page, limits.pdf_side_px)

    creative = Creative("PDF", facts, pages, decode, document, path=path, glance=glance)
    if not lazy:
        creative.rgb(pages[0])
    return creative


def _open(path: Path) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code == FPDF_ERR_PASSWORD:
            detail = "The PDF is protected with a password. Save it without one."
            raise Unreadable("password_protected", detail) from error
        raise _damaged() from error


def _damaged(page: int | None = None) -> Unreadable:
    what = "The PDF" if page is None else f"Page {page} of the PDF"
    return Unreadable("damaged", f"{what} is damaged and cannot be shown. Export it again.")


def _numbers(document: pdfium.PdfDocument, limits: Limits) -> range:
    count = len(document)
    if not count:
        raise Unreadable("damaged", "The PDF has no pages. Export it again.")
    if count > limits.max_pages:
        detail = f"The PDF has {count} pages; at most {limits.max_pages} are allowed. Split it."
        raise Unreadable("too_many_pages", detail)
    return range(1, count + 1)


def _page(document: pdfium.PdfDocument, number: int, limits: Limits, unit: float) -> Page:
    width_pt, height_pt = document.get_page_size(number - 1)
    if not (min(width_pt, height_pt) > 0 and max(width_pt, height_pt) < 1e6):
        raise _damaged(number)
    scale = _scale(width_pt, height_pt, limits)
    return Page(
        number,
        width_px=math.ceil(width_pt * scale),
        height_px=math.ceil(height_pt * scale),
        width_mm=width_pt * unit / POINTS_PER_INCH * MM_PER_INCH,
        height_mm=height_pt * unit / POINTS_PER_INCH * MM_PER_INCH,
    )


def _scale(width_pt: float, height_pt: float, limits: Limits) -> float:
    return min(limits.pdf_dpi / POINTS_PER_INCH, limits.pdf_side_px / max(width_pt, height_pt))


def _rasterise(document: pdfium.PdfDocument, page: Page, limits: Limits, side_px: float) -> Rgb:
    opened = document[page.number - 1]
    try:
        width_pt, height_pt = opened.get_size()
        scale = min(_scale(width_pt, height_pt, limits), side_px / max(width_pt, height_pt))
        bitmap = opened.render(scale=scale, rev_byteorder=True)
        return np.ascontiguousarray(bitmap.to_numpy()[..., :3])
    finally:
        opened.close()
