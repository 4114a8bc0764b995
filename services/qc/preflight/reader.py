"""Reads the facts of a PDF: each page once, within limits, past whatever is damaged."""

import time
from pathlib import Path
from typing import Any

import pikepdf

from services.qc.preflight import objects
from services.qc.preflight.document import (
    annotations,
    document_facts,
    layers_by_key,
    page_actions,
)
from services.qc.preflight.facts import DocumentFacts, PageFacts, PdfFacts
from services.qc.preflight.geometry import Box, overlap
from services.qc.preflight.spaces import stream_bytes
from services.qc.preflight.state import Budget, Exhausted
from services.qc.preflight.walker import MOST_CONTENT_BYTES, Shared, Walker

LETTER: Box = (0.0, 0.0, 612.0, 792.0)
MOST_PARENTS = 50
MOST_PARTS = 1_000
MOST_POINTS_IN_UNIT = 75_000
DAMAGE = (
    pikepdf.PdfError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    RuntimeError,
    NotImplementedError,
)
"""What pikepdf raises on objects that are not what they should be."""


class Damaged(Exception):
    """The file as a whole cannot be read."""


def read_pdf(path: Path, most_pages: int, most_seconds: float) -> PdfFacts:
    """After `most_seconds` the pages that are left have no marks, and notes say so.

    Raises Damaged.
    """
    budget = Budget(until=time.monotonic() + most_seconds)
    try:
        pdf = pikepdf.open(path)
        count = len(pdf.pages)
    except DAMAGE as error:
        raise Damaged from error
    notes: list[str] = []
    document = _document(pdf, notes)
    shared = Shared(budget, _layers(pdf))
    pages = []
    for number in range(1, min(count, most_pages) + 1):
        pages.append(_page(number, pdf.pages[number - 1].obj, shared, notes))
    return PdfFacts(document, pages, notes, opened=pdf)


def user_units(path: Path) -> dict[int, float]:
    """By page number, where a unit of user space is not a point: PDFium takes it for one.

    Empty when the file cannot be read.
    """
    try:
        with pikepdf.open(path) as pdf:
            units = [_unit(page.obj) for page in pdf.pages]
    except DAMAGE:
        return {}
    return {number: unit for number, unit in enumerate(units, 1) if unit != 1}


def _unit(page: Any) -> float:
    unit = objects.number(objects.get(page, "/UserUnit"), 1.0)
    return unit if 0 < unit <= MOST_POINTS_IN_UNIT else 1.0


def _document(pdf: pikepdf.Pdf, notes: list[str]) -> DocumentFacts:
    try:
        return document_facts(pdf)
    except DAMAGE:
        notes.append("What the file says about itself is damaged.")
        return DocumentFacts(version=pdf.pdf_version, encrypted=bool(pdf.is_encrypted))


def _layers(pdf: pikepdf.Pdf) -> dict[Any, Any]:
    try:
        return layers_by_key(pdf)
    except DAMAGE:
        return {}


def _page(number: int, page: Any, shared: Shared, notes: list[str]) -> PageFacts:
    facts = _boxes(number, page)
    try:
        shared.budget.look_at_clock()
        facts.annotations = annotations(page)
        facts.actions = page_actions(page)
        group = objects.dictionary(page, "/Group")
        space = objects.get(group, "/CS")
        facts.group_space = shared.spaces.of(space).kind if space is not None else None
        Walker(facts, shared).walk(_content(page, facts.notes), _inherited(page, "/Resources"))
    except Exhausted as error:
        notes.append(f"Page {number}: {error}")
    except DAMAGE as error:
        facts.notes.append(f"A part of the page is damaged ({type(error).__name__}).")
    return facts


def _content(page: Any, notes: list[str]) -> bytes:
    value = objects.get(page, "/Contents")
    streams = objects.elements(value, MOST_PARTS) or [value]
    whole, parts = 0, []
    for stream in streams:
        part = stream_bytes(stream, MOST_CONTENT_BYTES)
        whole += len(part)
        damaged = not part and objects.number(objects.get(stream, "/Length"), 1) > 0
        if damaged or whole > MOST_CONTENT_BYTES:
            notes.append("A part of the page's content is damaged or too large to be read.")
            continue
        parts.append(part)
    return b"\n".join(parts)


def _inherited(page: Any, key: str) -> Any:
    node = page
    for _ in range(MOST_PARENTS):
        value = objects.get(node, key)
        if value is not None:
            return value
        node = objects.get(node, "/Parent")
    return None


def _boxes(number: int, page: Any) -> PageFacts:
    media = objects.box(_inherited(page, "/MediaBox")) or LETTER
    given = objects.box(_inherited(page, "/CropBox"))
    crop = (overlap(given, media) if given else None) or media
    if crop[2] <= crop[0] or crop[3] <= crop[1]:
        crop = media
    bleed, trim, art = (
        objects.box(objects.get(page, key)) for key in ("/BleedBox", "/TrimBox", "/ArtBox")
    )
    rotation = objects.whole(_inherited(page, "/Rotate")) % 360 // 90 * 90
    return PageFacts(number, media, crop, bleed, trim, art, rotation, _unit(page))
