"""What changed between two readings of a text, word by word, and of what kind each change is."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

TextKind = Literal["number", "case", "punctuation", "spelling", "wording", "insertion", "deletion"]

UNITS = (
    "%", "‰", "°c", "°f", "ml", "cl", "dl", "l", "mg", "µg", "g", "kg", "oz", "lb", "mm", "cm", "m",
    "kcal", "cal", "kj", "vol", "€", "£", "$", "¥", "eur", "gbp", "usd", "chf",
)  # fmt: skip
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
UNIT = re.compile(
    r"(?<![^\W\d_])(?:" + "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
    + r")(?![^\W\d_])",
    re.IGNORECASE,
)  # fmt: skip
ALIKE = 0.6

TOPICS = {
    "price": re.compile(r"[€£$¥]|\b(?:eur|gbp|usd|chf)\b|\d[.,]\d\d(?!\d)", re.IGNORECASE),
    "percentage": re.compile(r"\d\s*[%‰]"),
    "date": re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b(?:19|20)\d\d\b"),
    "quantity": re.compile(r"\d\s*(?:[mcd]?l|[mkµ]?g|oz|lb)\b", re.IGNORECASE),
    "number": re.compile(r"\d"),
}
"""What a change may be about, so that `price` names it whatever the price is."""


@dataclass(frozen=True)
class TextChange:
    """`start` and `end` count characters of the new text, `old_start` and `old_end` of the old."""

    kind: TextKind
    before: str
    after: str
    start: int
    end: int
    old_start: int
    old_end: int

    @property
    def touches_a_number(self) -> bool:
        return quantities(self.before) != quantities(self.after)


def changes_between(old: str, new: str) -> Iterator[TextChange]:
    """Changes of words; spaces alone, which OCR is unsure of, are none."""
    words_old, words_new = _words(old), _words(new)
    matcher = SequenceMatcher(None, [w[0] for w in words_old], [w[0] for w in words_new], False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            continue
        gone, come = words_old[old_from:old_to], words_new[new_from:new_to]
        pairs = (
            [([one], [other]) for one, other in zip(gone, come, strict=True)]
            if len(gone) == len(come)
            else [(gone, come)]
        )
        for before, after in pairs:
            start, end = _span(after, words_new, new_from)
            old_start, old_end = _span(before, words_old, old_from)
            was, now = old[old_start:old_end], new[start:end]
            kind = kind_of(was if before else "", now if after else "")
            if kind:
                yield TextChange(
                    kind,
                    was if before else "",
                    now if after else "",
                    start,
                    end,
                    old_start,
                    old_end,
                )


def kind_of(before: str, after: str) -> TextKind | None:
    """The kind of one change; None when only spaces differ. A number or unit goes first."""
    if _bare(before, " ") == _bare(after, " "):
        return None
    if not before:
        return "insertion"
    if not after:
        return "deletion"
    if quantities(before) != quantities(after):
        return "number"
    return _kind_of_words(before, after)


def _kind_of_words(before: str, after: str) -> TextKind:
    if before.casefold() == after.casefold():
        return "case"
    letters = [re.sub(r"[\W_]", "", text) for text in (before, after)]
    if letters[0] == letters[1]:
        return "punctuation"
    plain = [_without_accents(text).casefold() for text in letters]
    alike = SequenceMatcher(None, plain[0], plain[1], False).ratio()
    return "spelling" if alike >= ALIKE else "wording"


def quantities(text: str) -> list[str]:
    """Its numbers and units in their order: ["3.99", "€"]."""
    found = [(m.start(), m.group().casefold()) for m in NUMBER.finditer(text)]
    found += [(m.start(), m.group().casefold()) for m in UNIT.finditer(text)]
    if not any(character.isdigit() for _, word in found for character in word):
        found = [(at, word) for at, word in found if not word.isalpha()]
    return [word for _, word in sorted(found)]


def is_about(topic: str, texts: Sequence[str]) -> bool:
    """Whether any of the texts is of this topic; False for a topic that has no pattern."""
    pattern = TOPICS.get(topic.casefold().strip())
    return pattern is not None and any(pattern.search(text) for text in texts)


Word = tuple[str, int, int]


def _words(text: str) -> list[Word]:
    return [(m.group(), m.start(), m.end()) for m in re.finditer(r"\S+", text)]


def _span(words: list[Word], line: list[Word], at: int) -> tuple[int, int]:
    """From the first to the last; for none, the words on both sides of the gap."""
    if words:
        return words[0][1], words[-1][2]
    around = line[max(0, at - 1) : at + 1]
    return (around[0][1], around[-1][2]) if around else (0, 0)


def _bare(text: str, without: str) -> str:
    return text.replace(without, "")


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c))
