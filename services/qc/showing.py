"""Draws what models see, and says what stands on it. Runs in the child that decodes.

Pictures go into a folder under the hash of their content: pages at the size at which the model
looks, small print cut out with the pixels that the file has, reference pictures beside them.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from libs.contracts.qc import CreativePage, Region
from services.qc.checks.reading import paragraphs
from services.qc.checks.seen import Line
from services.qc.checks.subject import LIKELY, Subject
from services.qc.decode import open_creative
from services.qc.domain.brief import ReferenceFile
from services.qc.domain.creative import Page, Rgb
from services.qc.domain.landmarks import MAX_LANDMARKS, MAX_WORDS_CHARS, Landmark
from services.qc.domain.orders import Passage, Piece, orders_in
from services.qc.domain.views import (
    MOST_CROPS,
    QUALITY,
    Crop,
    Showing,
    Shown,
    Sight,
    ViewKind,
    small_print,
)
from services.qc.file_words import words_of_file
from services.qc.shrinking import smaller

LOG = logging.getLogger(__name__)
GREY = (118, 118, 118)
FLAT = 12.0
"""Deviation of a picture that is one colour: a white logo on white."""


def draw(subject: Subject, wanted: Showing, checks: Collection[str] = ()) -> Iterator[Shown]:
    """Pages at their sizes, then references; one that cannot be drawn is left out, but for pages.

    Pages are decoded at the size of the checks where `checks` or `look` are to come: once for all.
    Raises Unreadable.
    """
    looks = wanted.reads and wanted.sight is None
    measures = bool(checks or looks or wanted.seen_px)
    for page in subject.creative.pages:
        if sides := wanted.sides_px.get(page.number, ()):
            glance = subject.creative.glance
            pixels = subject.rgb(page) if measures else glance(page, max(sides))
            for side_px in sides:
                yield _written(pixels, side_px, wanted.folder, kind="page", page=page.number)
    for kind, count in wanted.references.items():
        for file in subject.brief.files(kind)[:count]:
            try:
                yield _reference(subject, kind, file, wanted)
            except Exception:
                LOG.exception("a reference of kind %s could not be shown", kind)


def look(subject: Subject, wanted: Showing) -> Sight:
    """What stands on the pages, and orders in their words and in those beside them."""
    pages = [page for page in subject.pages if _is_wanted(subject, page, wanted)]
    landmarks = [mark for page in pages for mark in _landmarks(subject, page, wanted)]
    read = {page.number for page in pages}
    beside = words_of_file(subject.creative, subject.limits, read)
    suspected = orders_in([*_passages(subject, pages), *beside])
    return Sight(landmarks=landmarks[:MAX_LANDMARKS], suspected=suspected)


def _is_wanted(subject: Subject, page: Page, wanted: Showing) -> bool:
    """Of many pages those that models see, and those that a check has read anyway."""
    if not wanted.reads:
        return False
    return not wanted.sides_px or page.number in wanted.sides_px or subject.is_read(page)


def crops(subject: Subject, wanted: Showing, sight: Sight) -> Iterator[Shown]:
    """Small print of the pages that are shown, largest part first."""
    by_number = {page.number: page for page in subject.creative.pages}
    planned = (
        crop
        for number, seen_px in wanted.seen_px.items()
        if number in by_number
        for crop in small_print(sight.landmarks, _told(by_number[number]), seen_px)
    )
    for crop in islice(planned, MOST_CROPS):
        try:
            pixels = _cut(subject, by_number[crop.page], crop)
            side_px = max(crop.width_px, crop.height_px)
            yield _written(
                pixels, side_px, wanted.folder, kind="crop", page=crop.page, region=crop.region
            )
        except Exception:
            LOG.exception("small print could not be cut out")


def _told(page: Page) -> CreativePage:
    return CreativePage(
        number=page.number,
        width_px=page.width_px,
        height_px=page.height_px,
        width_mm=page.width_mm,
        height_mm=page.height_mm,
    )


def _landmarks(subject: Subject, page: Page, wanted: Showing) -> Iterator[Landmark]:
    for line in _lines(subject, page):
        yield Landmark(
            kind="text",
            page=page.number,
            region=line.region,
            words=line.text[:MAX_WORDS_CHARS],
            letter_px=round(_height_px(line) * subject.file_px(page), 1),
        )
    if not wanted.sides_px:
        return
    for code in subject.barcodes(page):
        words = (code.value or "")[:MAX_WORDS_CHARS]
        yield Landmark(kind="barcode", page=page.number, region=code.region, words=words)
    try:
        for match in subject.logo(page).matches if subject.brief.files("logo") else ():
            words = match.reference[:MAX_WORDS_CHARS]
            yield Landmark(kind="logo", page=page.number, region=match.region, words=words)
    except Exception:
        LOG.exception("the logo could not be looked for")


def _lines(subject: Subject, page: Page) -> list[Line]:
    """In reading order. A page that cannot be read has none: it is shown all the same."""
    try:
        lines = [line for line in subject.lines(page) if line.confidence >= LIKELY]
    except Exception:
        LOG.exception("page %s could not be read", page.number)
        return []
    return [line for block in paragraphs(lines) for line in block]


def _passages(subject: Subject, pages: Sequence[Page]) -> Iterator[Passage]:
    for page in pages:
        pieces = [Piece(line.text, line.region) for line in _lines(subject, page)]
        yield Passage("picture", pieces, page.number)
        for code in subject.barcodes(page):
            yield Passage("barcode", [Piece(code.value or "", code.region)], page.number)


def _height_px(line: Line) -> float:
    top_left, _, _, bottom_left = line.quad
    return float(np.hypot(top_left[0] - bottom_left[0], top_left[1] - bottom_left[1]))


def _reference(subject: Subject, kind: str, file: ReferenceFile, wanted: Showing) -> Shown:
    pixels = _first_page(subject, file.path, wanted.reference_px, (255, 255, 255))
    if pixels.std() < FLAT:
        pixels = _first_page(subject, file.path, wanted.reference_px, GREY)
    name: Any = kind
    return _written(pixels, wanted.reference_px, wanted.folder, kind=name, name=file.name)


def _first_page(
    subject: Subject, path: Path, side_px: int, background: tuple[int, int, int]
) -> Rgb:
    with open_creative(path, subject.limits, background=background, lazy=True) as creative:
        return creative.glance(creative.pages[0], side_px)


def _cut(subject: Subject, page: Page, crop: Crop) -> Rgb:
    """A PDF page is drawn anew, as large as the crop is wanted; pixels of a file are cut out."""
    document: Any = subject.creative.document
    region = crop.region
    if subject.creative.format == "PDF" and document is not None:
        return _drawn_part(document[page.number - 1], region, crop.width_px)
    rgb = subject.rgb(page)
    height, width = rgb.shape[:2]
    rows = slice(int(region.y * height), max(1, round((region.y + region.h) * height)))
    columns = slice(int(region.x * width), max(1, round((region.x + region.w) * width)))
    return np.ascontiguousarray(rgb[rows, columns])


def _drawn_part(page: Any, region: Region, width_px: int) -> Rgb:
    try:
        width, height = page.get_size()
        left, right = region.x * width, (1 - region.x - region.w) * width
        top, bottom = region.y * height, (1 - region.y - region.h) * height
        scale = width_px / (region.w * width)
        drawn = page.render(
            scale=scale, crop=(left, max(0, bottom), max(0, right), top), rev_byteorder=True
        )
        return np.ascontiguousarray(drawn.to_numpy()[..., :3])
    finally:
        page.close()


def _written(pixels: Rgb, side_px: int, folder: Path, *, kind: ViewKind, **facts: Any) -> Shown:
    """A JPEG that does not blur red type, as chroma subsampling would; never made larger."""
    image = Image.fromarray(smaller(pixels, side_px))
    content = BytesIO()
    image.save(content, "JPEG", quality=QUALITY, subsampling=0)
    name = sha256(content.getbuffer()).hexdigest()
    (folder / name).write_bytes(content.getbuffer())
    return Shown(sha256=name, kind=kind, width_px=image.width, height_px=image.height, **facts)
