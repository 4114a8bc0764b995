"""What each page of a PDF is for: only artwork is judged, and when in doubt a page is artwork.

A page of a job's paperwork has words that say so in its heading, hardly any picture, and no sign
of being printed: marks for cutting, or a trim box inside its media box.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.qc.checks.trim_marks import find_marks
from services.qc.preflight.geometry import area, around

if TYPE_CHECKING:
    from services.qc.preflight.facts import Mark, PageFacts

PageType = Literal["cover", "palette", "notes", "artwork"]

PAPERWORK_PICTURES = 0.25
"""A page of which pictures take more is artwork, whatever it says."""

COVER_WORDS = 80
COVER_SIGNS = 2
NOTES_WORDS = 12
PALETTE_SWATCHES = 3
PALETTE_NAMES = 2
LEAST_BLEED_PT = 2.0
HEADING_SHARE = 0.7
HEADING_MARKS = 6
HEADING_WORDS = 12
SWATCH_SHARE = (0.0008, 0.08)
SWATCH_ALIKE = 0.15

NOTES = re.compile(
    r"^(design(er)?'?s?\s+|production\s+|print(er)?'?s?\s+|technical\s+|general\s+)?"
    r"(notes?|revisions?|revision (history|log|notes)|change ?log|changes|amends|amendments|"
    r"check ?list|sign[- ]?off|approvals?|instructions|brief(ing)?|"
    r"notizen|hinweise|änderungen|revisionen|notas|observaciones|remarques|corrections)\b",
    re.IGNORECASE,
)
PALETTE = re.compile(
    r"\b(palettes?|colou?rs?|swatch(es)?|farben|farbpalette|couleurs|colores|colori)\b",
    re.IGNORECASE,
)
COLOUR_NAMES = re.compile(
    r"#[0-9a-f]{6}\b|\b(pantone|pms|cmyk|rgb|hex|ral|ncs)\b|\bC ?\d+ M ?\d+ Y ?\d+ K ?\d+",
    re.IGNORECASE,
)
COVER = re.compile(
    r"\b(cover (sheet|page)|front sheet|artwork proof|proof sheet|deckblatt)\b", re.I
)
COVER_SIGN = re.compile(
    r"\b(client|project|job (no|number|name)|version|date|prepared (by|for)|account|"
    r"designer|agency|kunde|projekt|auftrag|datum)\b\s*[:#.]",
    re.IGNORECASE,
)

WordsIn = Callable[[int, "tuple[float, float, float, float] | None"], str]


@dataclass(frozen=True)
class Kind:
    """`why` says in a few words what the page shows that others do not."""

    type: PageType
    why: str


ARTWORK = Kind("artwork", "")


def page_types(pages: Sequence["PageFacts"], words: WordsIn) -> list[Kind]:
    """One for each page. A file of one page is artwork, and so is one of paperwork alone."""
    if len(pages) < 2:
        return [ARTWORK] * len(pages)
    kinds = [_kind(page, words) for page in pages]
    if all(kind.type != "artwork" for kind in kinds):
        return [ARTWORK] * len(pages)
    return kinds


def _kind(page: "PageFacts", words: WordsIn) -> Kind:
    texts = [mark for mark in page.marks if mark.text and not mark.text.is_invisible]
    if not texts or is_for_print(page) or picture_share(page) > PAPERWORK_PICTURES:
        return ARTWORK
    text = words(page.number, None)
    count, heading = len(text.split()), _heading(page, texts, words)
    if len(heading.split()) > HEADING_WORDS:
        return ARTWORK
    if NOTES.search(heading) and count >= NOTES_WORDS:
        return Kind("notes", f"headed “{heading}”")
    if PALETTE.search(heading) and swatches(page) >= PALETTE_SWATCHES:
        names = len(COLOUR_NAMES.findall(text))
        if names >= PALETTE_NAMES:
            return Kind("palette", f"headed “{heading}”, with {names} colours named")
    signs = {sign[0].lower() for sign in COVER_SIGN.findall(text)}
    if page.number == 1 and count <= COVER_WORDS:
        if COVER.search(text):
            return Kind("cover", "it says so")
        if len(signs) > COVER_SIGNS:
            return Kind("cover", f"it lists {', '.join(sorted(signs))}")
    return ARTWORK


def is_for_print(page: "PageFacts") -> bool:
    """Whether the page is made to be cut: a trim box inside the media box, or marks."""
    trim = page.trim
    if trim:
        media = page.media
        gaps = trim[0] - media[0], trim[1] - media[1], media[2] - trim[2], media[3] - trim[3]
        if min(gaps) >= LEAST_BLEED_PT:
            return True
    return find_marks(page) is not None


def picture_share(page: "PageFacts") -> float:
    """Share of the page under pictures and shadings, at most 1; those that overlap count twice."""
    covered = sum(area(mark.box) for mark in page.marks if mark.kind in ("image", "shading"))
    return min(1.0, covered / area(page.crop))


def _heading(page: "PageFacts", texts: list["Mark"], words: WordsIn) -> str:
    """The words of the page's largest type, from the top."""
    sized = [(mark.text.size_pt or 0.0, mark) for mark in texts if mark.text]
    largest = max(size for size, _ in sized)
    marks = [mark for size, mark in sized if size >= HEADING_SHARE * largest]
    marks.sort(key=lambda mark: (-mark.box[3], mark.box[0]))
    box = around(mark.box for mark in marks[:HEADING_MARKS])
    return " ".join(words(page.number, box).split())


def swatches(page: "PageFacts") -> int:
    """The most filled boxes of about one size, of different colours, that stand apart."""
    low, high = (share * area(page.crop) for share in SWATCH_SHARE)
    filled = [mark for mark in page.marks if mark.kind == "path" and mark.fill]
    boxes = [mark for mark in filled if low <= area(mark.box) <= high]
    most = 0
    for one in boxes[:200]:
        alike = {
            other.fill
            for other in boxes[:200]
            if abs(area(other.box) / area(one.box) - 1) < SWATCH_ALIKE
        }
        most = max(most, len(alike))
    return most
