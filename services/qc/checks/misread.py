"""Tells a spelling mistake from a word that OCR misread."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from services.qc.checks.reading import folded
from services.qc.checks.speller import Speller
from services.qc.checks.words import Word

SURE = 0.9
SHORT_WORD = 4
SURE_OF_SHORT = 0.97

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
    def times(self) -> int:
        return len({id(word.line) for word in self.words})


def told(unknown: Unknown, speller: Speller) -> Told:
    """How grave the word is, if it is told at all, and what was meant.

    Read by OCR, a word that its confusions turn into a known one is no mistake, nor are the
    halves of one that it parted. A short word, or one of an unsure line, must be seen twice.
    """
    if not unknown.exact and any(_is_half(word, speller) for word in unknown.words):
        return None, []
    meant = speller.meant(unknown.text)
    if unknown.exact:
        return ("major" if meant else "minor"), meant
    if any(folded(one) == folded(unknown.text) for one in meant):
        return None, []
    if not meant:
        return ("minor" if unknown.confidence >= SURE else None), []
    sure = SURE_OF_SHORT if len(unknown.text) <= SHORT_WORD else SURE
    return ("major" if unknown.confidence >= sure or unknown.times > 1 else "minor"), meant


def _is_half(word: Word, speller: Speller) -> bool:
    """Whether it makes a known word with the letters next to it on the line."""
    before = word.line.text[: word.start].split()
    after = word.line.text[word.end :].split()
    neighbours = ([before[-1] + word.text] if before else []) + (
        [word.text + after[0].rstrip(".,;:!?")] if after else []
    )
    return any(one.isalpha() and speller.knows(one) for one in neighbours)
