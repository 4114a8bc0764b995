"""Words in a creative that give orders to whoever judges it: found, quoted, told; never followed.

It errs to either side: a harmless sentence may be quoted, a clever one overlooked. So what it
finds is told beside the score and changes none.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from libs.contracts.qc import Region, Suspicion, TextPlace
from services.qc.domain.answer import clean
from services.qc.domain.geometry import region_of
from services.qc.domain.order_phrases import COMPACT, SORTS, SPACED, Phrase, Sort

MOST_CHARS = 40_000
"""Of one passage: its beginning and its end."""

MOST_SUSPICIONS = 10
MOST_WORDS_CHARS = 240
ENOUGH = 2
NEAR_CHARS = 240
"""Phrases that are further apart do not belong together."""

GAP = ".{0,24}?"
NOT_DENIED = "(?<!dont)(?<!donot)(?<!never)"
"""Not to forget the instructions is no order to us."""

BASE64 = re.compile(r"[A-Za-z0-9+/]{32,}={0,2}")
MOST_CODED = 20
LEAST_PRINTABLE = 0.95
TAGS = range(0xE0020, 0xE007F)
"""Characters that nobody sees and that stand for ASCII, one by one."""

LOOKALIKES = str.maketrans(
    "аеорсухіјѕѵһԁԛԝвкмнтАЕОРСУХІЈЅВКМНТαορτυνικ",
    "aeopcyxijsvhdqwbkmhtAEOPCYXIJSBKMHTaoptuvik",
)
"""Cyrillic and Greek letters that look like Latin ones."""

CONFUSED = str.maketrans("013457i!|@$łø", "oleastlllasle")
"""Figures and marks that stand for letters, and letters that OCR takes for one another."""

PAIRS = {"rn": "m", "vv": "w"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A line or a sentence; `region` when it has a place on the page."""

    text: str
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Pieces that are read one after the other."""

    where: TextPlace
    pieces: Sequence[Piece]
    page: int | None = None


@dataclass(frozen=True, slots=True)
class _Hit:
    sort: Sort
    weight: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Form:
    """A way to read a text: its letters, and for each the place in the text that it stands for."""

    text: str
    places: Sequence[int]


def orders_in(passages: Iterable[Passage]) -> list[Suspicion]:
    """What gives orders, each once, in the order of the passages; at most ten.

    Words found in two places are told for the first of them: give what is seen before what is
    hidden.
    """
    found: list[Suspicion] = []
    known: set[str] = set()
    for passage in passages:
        for suspicion, core in _orders_of(passage):
            key = _compact(core).text
            if not any(key in other or other in key for other in known):
                known.add(key)
                found.append(suspicion)
        if len(found) >= MOST_SUSPICIONS:
            break
    return found[:MOST_SUSPICIONS]


def gives_orders(text: str) -> bool:
    return any(True for _ in _orders_of(Passage("metadata", [Piece(text)])))


def _orders_of(passage: Passage) -> Iterator[tuple[Suspicion, str]]:
    """Each with the words that made it one, without those around them."""
    text = _cut(" ".join(piece.text for piece in passage.pieces))
    for hits in _groups(_hits(text)):
        start, end = hits[0].start, max(hit.end for hit in hits)
        suspicion = Suspicion(
            where=passage.where,
            words=_quoted(text, start, end),
            why=_why({hit.sort for hit in hits}),
            page=passage.page,
            region=_region(passage.pieces, start, end),
        )
        yield suspicion, text[start:end]
    for match in list(BASE64.finditer(text))[:MOST_CODED]:
        if words := _decoded(match[0]):
            yield from _orders_of(replace(passage, pieces=[Piece(words)]))


def _hits(text: str) -> list[_Hit]:
    hits = _found(_spaced(text), _SPACED_FORMS)
    compact = _compact(text)
    hits += _found(compact, _COMPACT_FORMS)
    backwards = _Form(compact.text[::-1], compact.places[::-1])
    hits += _found(backwards, _COMPACT_FORMS)
    return sorted(hits, key=lambda hit: hit.start)


def _found(form: _Form, expressions: Sequence[tuple[Phrase, re.Pattern[str]]]) -> list[_Hit]:
    hits = []
    for phrase, expression in expressions:
        for match in expression.finditer(form.text):
            ends = form.places[match.start()], form.places[match.end() - 1]
            hits.append(_Hit(phrase.sort, phrase.weight, min(ends), max(ends) + 1))
    return hits


def _groups(hits: Sequence[_Hit]) -> Iterator[list[_Hit]]:
    """Phrases that stand together and are enough."""
    group: list[_Hit] = []
    for hit in hits:
        if group and hit.start - max(one.end for one in group) > NEAR_CHARS:
            yield from [group] if _is_enough(group) else []
            group = []
        group.append(hit)
    yield from [group] if group and _is_enough(group) else []


def _is_enough(hits: Sequence[_Hit]) -> bool:
    heaviest: dict[Sort, int] = {}
    for hit in hits:
        heaviest[hit.sort] = max(heaviest.get(hit.sort, 0), hit.weight)
    return sum(heaviest.values()) >= ENOUGH


def _why(sorts: set[Sort]) -> str:
    asks = [SORTS[sort] for sort in SORTS if sort in sorts and sort != "address"]
    says = f"It asks {' and '.join(asks)}" if asks else ""
    if "address" in sorts:
        says = f"{says}, and addresses {SORTS['address']}" if says else "It addresses a model"
    return f"{says}."


def _quoted(text: str, start: int, end: int) -> str:
    """The words around, from whole words on."""
    left = text.rfind(" ", 0, max(0, start - 20)) + 1 if start > 20 else 0
    right = text.find(" ", min(len(text), end + 20))
    return clean(_seen(text[left : right if right > 0 else len(text)]), MOST_WORDS_CHARS)


def _seen(text: str) -> str:
    """With the characters shown that stand for others and are not seen."""
    return "".join(chr(ord(c) - 0xE0000) if ord(c) in TAGS else c for c in text)


def _region(pieces: Sequence[Piece], start: int, end: int) -> Region | None:
    """Round the pieces that hold the characters; None when one of them has no place."""
    begins = accumulate((len(piece.text) + 1 for piece in pieces), initial=0)
    holding = [
        piece.region
        for piece, begin in zip(pieces, begins, strict=False)
        if begin < end and begin + len(piece.text) > start
    ]
    regions = [region for region in holding if region]
    if not regions or len(regions) < len(holding):
        return None
    corners = [(r.x, r.y) for r in regions] + [(r.x + r.w, r.y + r.h) for r in regions]
    return region_of(corners, 1, 1)


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARS:
        return text
    return f"{text[: MOST_CHARS // 2]} {text[-MOST_CHARS // 2 :]}"


def _decoded(text: str) -> str:
    try:
        words = base64.b64decode(text[: len(text) // 4 * 4]).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    printable = sum(char.isprintable() or char.isspace() for char in words)
    return words if words and printable >= LEAST_PRINTABLE * len(words) else ""


def _spaced(text: str) -> _Form:
    """Words with one space between them: no case, no accents, nothing invisible."""
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in _plain(char) or (" " if char.isspace() else ""):
            if letter != " " or (letters and letters[-1] != " "):
                letters.append(letter)
                places.append(place)
    return _Form("".join(letters), places)


def _compact(text: str) -> _Form:
    """Letters and figures alone, those that are taken for one another as one."""
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in _plain(char).translate(CONFUSED):
            if not letter.isalnum():
                continue
            pair = PAIRS.get(letters[-1] + letter) if letters else None
            if pair:
                letters[-1] = pair
            else:
                letters.append(letter)
                places.append(place)
    return _Form("".join(letters), places)


@lru_cache(maxsize=4_096)
def _plain(char: str) -> str:
    """The letters that a character stands for, in small letters; none for one that is not seen."""
    if ord(char) in TAGS:
        char = chr(ord(char) - 0xE0000)
    if char.isascii():
        return char.lower() if char.isprintable() else ""
    apart = unicodedata.normalize("NFKD", char.translate(LOOKALIKES))
    seen = "".join(c for c in apart if unicodedata.category(c)[0] not in "MC")
    return seen.casefold().translate(LOOKALIKES)


def _expression(phrase: Phrase) -> re.Pattern[str]:
    slots = ("|".join(re.escape(_compact(w).text) for w in s.split("|")) for s in phrase.slots)
    return re.compile(NOT_DENIED + GAP.join(f"(?:{slot})" for slot in slots))


_COMPACT_FORMS = [(phrase, _expression(phrase)) for phrase in COMPACT]
_SPACED_FORMS = [(phrase, re.compile(phrase.expression)) for phrase in SPACED]
