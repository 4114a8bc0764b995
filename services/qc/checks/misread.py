"""Tells a spelling mistake from a word that OCR misread."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Literal, Self

from services.qc.checks.reading import folded
from services.qc.checks.seen import Line
from services.qc.checks.speller import Speller
from services.qc.checks.words import NOT_PROSE, Word

SURE = 0.9
SHORT_WORD = 4
LONG_SMALL = 3
SURE_OF_SHORT = 0.97
TERM_LINES = 3
"""A word that stands in so many lines is meant as it is."""

Told = tuple[Literal["major", "minor"] | None, list[str]]


@dataclass(frozen=True)
class Unknown:
    """An unknown word with all places where it stands."""

    text: str
    words: tuple[Word, ...]

    @classmethod
    def of(cls, words: Iterable[Word]) -> dict[str, Self]:
        found: dict[str, list[Word]] = {}
        for word in words:
            found.setdefault(word.text, []).append(word)
        return {text: cls(text, tuple(places)) for text, places in found.items()}

    @property
    def exact(self) -> bool:
        return any(word.line.exact for word in self.words)

    @property
    def confidence(self) -> float:
        return max(word.line.confidence for word in self.words)

    @property
    def lines(self) -> int:
        return len({id(word.line) for word in self.words})


def told(unknown: Unknown, speller: Speller, names: Set[str]) -> Told:
    """How grave the word is, if it is told at all, and what was meant.

    Read by OCR, a word that its confusions turn into a known one is no mistake, nor are the
    halves of one that it parted. A short word, or one of an unsure line, must be seen twice.
    `names` are words that the creative uses as names.
    """
    if not unknown.exact and any(_is_half(word, speller) for word in unknown.words):
        return None, []
    meant = speller.meant(unknown.text)
    if not unknown.exact and any(_is_misreading(unknown.text, one.lower()) for one in meant):
        return None, []
    if unknown.confidence < SURE and unknown.lines < 2 and not meant:
        return None, []
    if not meant or unknown.text.casefold() in names or unknown.lines >= TERM_LINES:
        return "minor", []
    sure = SURE_OF_SHORT if len(unknown.text) <= SHORT_WORD else SURE
    return ("major" if unknown.confidence >= sure or unknown.lines > 1 else "minor"), meant


def _is_misreading(read: str, meant: str) -> bool:
    """Letters that OCR confuses. It mistakes one of them at a time: two changed are swapped."""
    swapped = len(read) == len(meant) and sum(a != b for a, b in zip(read, meant, strict=True)) > 1
    return folded(read) == folded(meant) and not swapped


def names_in(lines: Iterable[Line], unknown: Iterable[Word], speller: Speller) -> frozenset[str]:
    """Unknown words that are names here, in small letters.

    They are in an address, a tag or a name like GodotCon, or have a capital within a sentence.
    Where nouns have capitals, those say nothing.
    """
    odd = " ".join(
        token.casefold()
        for line in lines
        for token in line.text.split()
        if NOT_PROSE.search(token.strip(".,;:!?")) or _is_camel(token)
    )
    return frozenset(
        word.text.casefold()
        for word in unknown
        if word.text.casefold() in odd
        or (not speller.has_big_nouns and _is_capital_within(word))
        or (len(word.text) <= SHORT_WORD and word.text[0].isupper())
    )


def _is_camel(token: str) -> bool:
    letters = "".join(filter(str.isalpha, token))
    return not letters.isupper() and any(map(str.isupper, letters[1:]))


def _is_capital_within(word: Word) -> bool:
    """A capital after a word in small letters: in a line of capitals or titles there is none."""
    before = word.line.text[: word.start].rstrip(" \"'(“‘„«")
    if not word.text[0].isupper() or word.text.isupper() or not before or before[-1] in ".!?:":
        return False
    return any(len(one) >= LONG_SMALL and one.islower() for one in word.line.text.split())


def _is_half(word: Word, speller: Speller) -> bool:
    """Whether it makes a known word with the letters next to it on the line."""
    before = word.line.text[: word.start].split()
    after = word.line.text[word.end :].split()
    neighbours = ([before[-1] + word.text] if before else []) + (
        [word.text + after[0].rstrip(".,;:!?")] if after else []
    )
    return any(one.isalpha() and speller.knows(one) for one in neighbours)
