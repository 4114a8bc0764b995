"""Compares a text that must be there with the words of a page, word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from services.qc.checks.reading import Token, folded, normal, words_in

VARIABLE = re.compile(r"\{([^{}]*)\}")
MOST_FILLED_WORDS = 12
"""Words that a `{variable}` may stand for."""

SURE_OF_A_LETTER = 0.93
LONG_WORD = 5


@dataclass(frozen=True)
class Difference:
    """Words that are not as they must be; `wanted` or `seen` may be empty.

    A `slight` one is a single letter of a long word that OCR may have misread.
    """

    wanted: str
    seen: str
    tokens: tuple[Token, ...] = ()
    slight: bool = False


@dataclass(frozen=True)
class Comparison:
    """`likeness` is 1 when every word is there; `tokens` is where the text stands."""

    likeness: float
    tokens: tuple[Token, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Wanted:
    """The words of a text; None stands for a variable."""

    words: tuple[str | None, ...]
    case: bool = False

    @property
    def fixed(self) -> list[str]:
        return [word for word in self.words if word is not None]


def wanted(text: str, case: bool = False) -> Wanted:
    words: list[str | None] = []
    for at, part in enumerate(_parts(text)):
        words += [None] if at % 2 else words_in(part)
    return Wanted(tuple(words), case)


def _parts(text: str) -> list[str]:
    """Fixed text and variables by turns, fixed text first."""
    return VARIABLE.split(text)


def compare(text: Wanted, stream: Sequence[Token]) -> Comparison:
    """The place of the page where the text stands, or comes nearest, and what differs there."""
    if not text.fixed or not stream:
        return Comparison(0.0, (), ())
    best: Comparison | None = None
    for window in _windows(text, stream):
        found = _aligned(text, window)
        if best is None or found.likeness > best.likeness:
            best = found
        if best.likeness == 1:
            break
    return best or Comparison(0.0, (), ())


def _windows(text: Wanted, stream: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The stretch of the page most like the fixed words, with room for what was put in."""
    keys = [folded(token.text) for token in stream]
    ends, length = [], 0
    for key in keys:
        length += len(key)
        ends.append(length)
    needle = "".join(folded(word) for word in text.fixed)
    found = fuzz.partial_ratio_alignment(needle, "".join(keys))
    if found is None or not needle:
        return
    variables = len(text.words) - len(text.fixed)
    room = len(text.fixed) // 3 + 3 + MOST_FILLED_WORDS * variables
    first = next((i for i, end in enumerate(ends) if end > found.dest_start), 0)
    last = next((i for i, end in enumerate(ends) if end >= found.dest_end), len(ends) - 1)
    yield stream[max(0, first - room) : last + 1 + room]


def _aligned(text: Wanted, window: Sequence[Token]) -> Comparison:
    """Dynamic programming over words; what stands before and after the text costs nothing."""
    steps = _steps(text, window)
    hunks = [_widened(text, hunk, window) for hunk in _hunks(text, window, steps)]
    differences = tuple(found for hunk in hunks if (found := _difference(text, *hunk)))
    total = sum(len(word) for word in text.fixed)
    lost = sum(_loss(difference) for difference in differences)
    places = [window[j] for i, j in steps if i is not None and j is not None]
    span = tuple(window[window.index(places[0]) : window.index(places[-1]) + 1]) if places else ()
    return Comparison(max(0.0, 1 - lost / total), span, differences)


def _loss(difference: Difference) -> float:
    one, other = normal(difference.wanted), normal(difference.seen)
    return max(float(Levenshtein.distance(one, other)), 1.0)


Step = tuple[int | None, int | None]


def _steps(text: Wanted, window: Sequence[Token]) -> list[Step]:
    wanted_keys = [None if word is None else folded(word) for word in text.words]
    seen_keys = [folded(token.text) for token in window]
    costs = [[0.0] * (len(seen_keys) + 1)]
    for i, wanted_key in enumerate(wanted_keys, 1):
        above, row = costs[-1], [costs[-1][0] + len(wanted_key or "")]
        for j, seen_key in enumerate(seen_keys, 1):
            if wanted_key is None:
                row.append(min(above[j], row[j - 1] + 0.01))
            else:
                extra = 0.0 if i == len(wanted_keys) else float(len(seen_key))
                row.append(
                    min(
                        above[j - 1] + _swap(wanted_key, seen_key),
                        above[j] + len(wanted_key),
                        row[j - 1] + extra,
                    )
                )
        costs.append(row)
    return _traced(wanted_keys, seen_keys, costs)


def _swap(one: str, other: str) -> float:
    return 0.0 if one == other else 0.5 + Levenshtein.distance(one, other)


def _traced(
    wanted_keys: list[str | None], seen_keys: list[str], costs: list[list[float]]
) -> list[Step]:
    i, j = len(wanted_keys), len(seen_keys)
    steps: list[Step] = []
    while i > 0:
        key, here = wanted_keys[i - 1], costs[i][j]
        if (
            key is not None
            and j
            and _near(here, costs[i - 1][j - 1] + _swap(key, seen_keys[j - 1]))
        ):
            i, j = i - 1, j - 1
            steps.append((i, j))
        elif _near(here, costs[i - 1][j] + len(key or "")):
            i -= 1
            steps.append((i, None))
        else:
            j -= 1
            last = i == len(wanted_keys) and key is not None
            if not last:
                steps.append((None if key is not None else i - 1, j))
    return steps[::-1]


def _near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


def _hunks(
    text: Wanted, window: Sequence[Token], steps: list[Step]
) -> Iterator[tuple[list[str], list[Token]]]:
    """Runs of words that are not the same, between words that are."""
    wanted_words: list[str] = []
    seen: list[Token] = []
    for i, j in steps:
        word = None if i is None else text.words[i]
        if i is not None and word is None:
            continue
        if word is not None and j is not None and _same(text, word, window[j]):
            if wanted_words or seen:
                yield wanted_words, seen
            wanted_words, seen = [], []
            continue
        wanted_words += [] if word is None else [word]
        seen += [] if j is None else [window[j]]
    if wanted_words or seen:
        yield wanted_words, seen


def _same(text: Wanted, word: str, token: Token) -> bool:
    if text.case and word != token.text and word.casefold() == token.text.casefold():
        return False
    if token.line.exact or _has_digits(word):
        return normal(word) == normal(token.text)
    return folded(word) == folded(token.text)


def _has_digits(word: str) -> bool:
    return any(c.isdigit() for c in word)


def _difference(text: Wanted, words: list[str], seen: list[Token]) -> Difference | None:
    """None where only the spaces differ, or OCR's confusions explain it."""
    one, other = " ".join(words), " ".join(token.text for token in seen)
    if _reads_as(text, one, seen):
        return None
    return Difference(one, other, tuple(seen), _slight(one, other, seen))


def _reads_as(text: Wanted, words: str, seen: Sequence[Token]) -> bool:
    """Whether the letters are the same, however they are spaced."""
    joined = "".join(token.text for token in seen)
    if text.case:
        return _bare(words) == _bare(joined)
    exact = any(token.line.exact for token in seen) or _has_digits(words)
    key = normal if exact else folded
    return _bare(key(words)) == _bare(key(joined))


def _widened(
    text: Wanted, hunk: tuple[list[str], list[Token]], window: Sequence[Token]
) -> tuple[list[str], list[Token]]:
    """With the word before or after, when a line's end cut a word of the text in two."""
    words, seen = hunk
    if words and seen:
        first, last = window.index(seen[0]), window.index(seen[-1])
        for start, end in ((first, last + 2), (first - 1, last + 1)):
            wider = list(window[max(0, start) : end])
            if _reads_as(text, " ".join(words), wider):
                return words, wider
    return hunk


def _bare(text: str) -> str:
    return "".join(c for c in text if c.isalnum() or c in "%€$£&+")


def _slight(one: str, other: str, seen: list[Token]) -> bool:
    if not seen or _has_digits(one) or min(len(one), len(other)) < LONG_WORD:
        return False
    sure = any(t.line.exact or t.line.confidence >= SURE_OF_A_LETTER for t in seen)
    return not sure and Levenshtein.distance(normal(one), normal(other)) == 1
