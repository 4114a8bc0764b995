"""The words of a page in the order in which a person reads them, and where each stands."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from libs.contracts.qc import Region
from services.qc.checks.seen import Line
from services.qc.domain.geometry import Point, region_of

TOKEN = re.compile(r"[^\W_]+(?:['\u2019.,][^\W_]+)*[%€$£°]?|[%€$£&+]", re.UNICODE)
HYPHENS = ("-", "\u2010", "\u00ad")
QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "\u00ad": ""})

KEPT_WORDS = 10_000
SAME_ROW = 0.5
ROW_GAP = 1.6
LINE_GAP = 1.1
SIMILAR_HEIGHT = 1.9

CONFUSED = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b", "ı": "l", "ł": "l"}
)
"""Letters that OCR takes for one another in many typefaces."""


@dataclass(frozen=True)
class Token:
    """A word of a line; `start` and `end` count characters of the line's text."""

    text: str
    line: Line
    start: int
    end: int


@lru_cache(maxsize=KEPT_WORDS)
def normal(text: str) -> str:
    """One spelling for what looks the same: ligatures, composed accents, apostrophes, no case."""
    return unicodedata.normalize("NFKC", text).translate(QUOTES).casefold()


@lru_cache(maxsize=KEPT_WORDS)
def folded(text: str) -> str:
    """Equal for words that OCR may confuse: l, I and 1, O and 0, rn and m, accents and none."""
    apart = unicodedata.normalize("NFKD", normal(text))
    bare = "".join(c for c in apart if c.isalnum() or c in "|!")
    return bare.translate(CONFUSED).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def tokens_of(line: Line) -> list[Token]:
    return [Token(m.group(), line, m.start(), m.end()) for m in TOKEN.finditer(line.text)]


def words_in(text: str) -> list[str]:
    """The words of a text that a person typed, split as those of a page are."""
    return TOKEN.findall(text)


def part_of(line: Line, start: int, end: int, width_px: int, height_px: int) -> Region:
    """The place of some characters of a line, taking all letters as equally wide."""
    top_left, top_right, bottom_right, bottom_left = line.quad
    ends = (start / len(line.text), end / len(line.text))
    top = [_between(top_left, top_right, at) for at in ends]
    bottom = [_between(bottom_left, bottom_right, at) for at in ends]
    return region_of([*top, *bottom], width_px, height_px)


def place_of(tokens: Iterable[Token], width_px: int, height_px: int) -> Region:
    """The box round some words. Raises ValueError when there are none."""
    boxes = [part_of(one.line, one.start, one.end, width_px, height_px) for one in tokens]
    left, top = min(b.x for b in boxes), min(b.y for b in boxes)
    right, bottom = max(b.x + b.w for b in boxes), max(b.y + b.h for b in boxes)
    return region_of(((left, top), (right, bottom)), 1, 1)


@dataclass(frozen=True)
class _Piece:
    """A line and its upright box in pixels: text on end stands in rows of its own."""

    line: Line
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


_Row = list[_Piece]


def streams(lines: Sequence[Line]) -> list[list[Token]]:
    """Orders in which the page may be read: paragraph by paragraph, and row by row.

    Words that a hyphen parts at the end of a line are left in two.
    """
    rows = _rows(lines)
    by_block = [piece.line for block in _blocks(rows) for row in block for piece in row]
    by_row = [piece.line for row in rows for piece in row]
    orders = [by_block] if by_block == by_row else [by_block, by_row]
    return [[token for line in order for token in tokens_of(line)] for order in orders]


def paragraphs(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that stand below one another in one column, and pieces of one row, joined."""
    return [[piece.line for row in block for piece in row] for block in _blocks(_rows(lines))]


def _blocks(rows: list[_Row]) -> list[list[_Row]]:
    blocks: list[list[_Row]] = []
    for row in rows:
        block = next((b for b in reversed(blocks) if _continues(b[-1], row)), None)
        if block is None:
            blocks.append([row])
        else:
            block.append(row)
    return blocks


def _rows(lines: Sequence[Line]) -> list[_Row]:
    """Pieces of text on one base line with no more than a word's room between them."""
    rows: list[_Row] = []
    for piece in sorted(map(_piece, lines), key=lambda one: (one.left, one.top)):
        row = next((r for r in rows if _same_row(r[-1], piece)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    return sorted(rows, key=lambda row: (row[0].top, row[0].left))


def _piece(line: Line) -> _Piece:
    xs, ys = [x for x, _ in line.quad], [y for _, y in line.quad]
    return _Piece(line, min(xs), min(ys), max(xs), max(ys))


def _same_row(last: _Piece, piece: _Piece) -> bool:
    overlap = min(last.bottom, piece.bottom) - max(last.top, piece.top)
    if overlap <= SAME_ROW * max(last.height, piece.height):
        return False
    return piece.left - last.right < ROW_GAP * last.height


def _continues(above: _Row, below: _Row) -> bool:
    a, b = above[0], below[0]
    high, low = sorted((a.height, b.height))
    gap = b.top - max(piece.bottom for piece in above)
    if low > SIMILAR_HEIGHT * high or not -0.6 * high < gap < LINE_GAP * low:
        return False
    return max(a.left, b.left) < min(above[-1].right, below[-1].right)


def _between(one: Point, other: Point, at: float) -> Point:
    return one[0] + at * (other[0] - one[0]), one[1] + at * (other[1] - one[1])


def hyphenated(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Pairs of lines where the upper one ends within a word."""
    for block in paragraphs(lines):
        for upper, lower in pairwise(block):
            if upper.text.endswith(HYPHENS) and lower.text[:1].islower():
                yield upper, lower
