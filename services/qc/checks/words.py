"""The words of a line that a dictionary may judge, and where each stands."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from libs.contracts.qc import Region
from services.qc.checks.reading import hyphenated, part_of
from services.qc.checks.seen import Line

LETTERS = r"(?:[^\W\d_][\u0300-\u036f]*)+"
WORD = re.compile(rf"{LETTERS}(?:['\u2019\u00ad]{LETTERS})*")
NOT_PROSE = re.compile(r"[@#/\\_\d]|\w\.\w|^www", re.IGNORECASE)
MARKED = re.compile(r"\s?[®™©]")
UNITS = frozenset(("kcal", "mmol", "mol", "vol", "ppm", "pcs", "lbs", "hrs", "min", "sec"))
SHORTEST, LONGEST = 3, 45
LONGEST_ACRONYM = 5


@dataclass(frozen=True)
class Word:
    """`start` and `end` count characters of the line's text."""

    text: str
    line: Line
    start: int
    end: int

    def region(self, width_px: int, height_px: int) -> Region:
        return part_of(self.line, self.start, self.end, width_px, height_px)


def words_of(line: Line) -> Iterator[Word]:
    """Leaves out addresses, tags, anything with a digit, acronyms, camelCase, odd lengths.

    Also trade marks, units, and words that mix alphabets.
    """
    for token in re.finditer(r"\S+", line.text):
        if NOT_PROSE.search(token.group().strip(".,;:!?")):
            continue
        for found in WORD.finditer(token.group()):
            start, end = token.start() + found.start(), token.start() + found.end()
            if _is_prose(found.group()) and not MARKED.match(line.text, end):
                yield Word(found.group(), line, start, end)


def words_across(lines: Sequence[Line]) -> list[Word]:
    """The words of some lines; those that a line's end cuts in two are whole."""
    words = [word for line in lines for word in words_of(line)]
    for upper, lower in hyphenated(lines):
        head = next((w for w in words if w.line is upper and w.end >= len(upper.text) - 1), None)
        tail = next((w for w in words if w.line is lower and w.start == 0), None)
        rest = WORD.match(lower.text)
        if rest is None:
            continue
        words = [word for word in words if word is not tail]
        if head is not None:
            whole = replace(head, text=head.text + rest.group())
            words[words.index(head)] = whole
    return words


def _is_prose(word: str) -> bool:
    if not SHORTEST <= len(word) <= LONGEST or (word.isupper() and len(word) <= LONGEST_ACRONYM):
        return False
    if word.casefold() in UNITS or len(set(map(_alphabet, filter(str.isalpha, word)))) > 1:
        return False
    return word.isupper() or _is_small(word[1:]) or _is_elided(word)


def _is_small(text: str) -> bool:
    return all(c.islower() or not c.isalpha() or _has_no_case(c) for c in text)


def _has_no_case(letter: str) -> bool:
    return letter.upper() == letter.lower()


def _is_elided(word: str) -> bool:
    """L'Oréal, d'Alsace: a capital after the apostrophe."""
    head, _, tail = word.replace("\u2019", "'").partition("'")
    return bool(tail) and len(head) <= LONGEST_ACRONYM and (tail.isupper() or _is_small(tail[1:]))


def _alphabet(letter: str) -> str:
    """LATIN, GREEK, CYRILLIC …; letters for ordinals and the like count as Latin."""
    name = unicodedata.name(letter, "LATIN").split(" ")[0]
    return name if name in ("GREEK", "CYRILLIC", "HEBREW", "ARABIC", "CJK") else "LATIN"
