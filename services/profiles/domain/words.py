"""Which words of a text changed, in any script."""

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import TypeAlias

from libs.contracts.diff import TextPart

MAX_PAIRS = 250_000
"""Tokens of the one times tokens of the other that are compared with care: 0.05 s. Beyond
that, words that come again and again start no match of their own."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Scripts that set no blanks between words, of which each character counts for itself."""

_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\w)+|\s+|.", re.DOTALL)
_UNSPACED_START = re.compile(f"[{_UNSPACED}]")
_JOINERS = "\u200c\u200d"

_Block: TypeAlias = tuple[bool, str, str]
"""Whether it is the same in both; the old text; the new one."""


def word_diff(before: str, after: str) -> list[TextPart]:
    """The parts of the two texts, in order; none of them is empty."""
    return [
        part
        for same, old, new in _joined(_blocks(tokens(before), tokens(after)))
        for part in (_parts_same(old) if same else _parts_changed(old, new))
    ]


def tokens(text: str) -> list[str]:
    """Words, blanks and single signs. A letter keeps its marks, an emoji what it is joined of."""
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if found and _belongs(found[-1], token):
            found[-1] += token
        else:
            found.append(token)
    return found


def _belongs(to: str, token: str) -> bool:
    first = token[0]
    if unicodedata.category(first)[0] == "M" or first in _JOINERS or _is_skin_tone(first):
        return not to[-1].isspace()
    if to[-1] == "\u200d":
        return True
    after_mark = unicodedata.category(to[-1])[0] == "M" or to[-1] in _JOINERS
    return after_mark and _is_word(first) and _is_word(to[0])


def _is_word(character: str) -> bool:
    return character.isalnum() and not _UNSPACED_START.match(character)


def _is_skin_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _blocks(before: list[str], after: list[str]) -> Iterator[_Block]:
    start, end = _common(before, after)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    yield True, "".join(before[:start]), ""
    careless = len(old) * len(new) > MAX_PAIRS
    matcher = SequenceMatcher(_is_gap, old, new, autojunk=careless)
    for op, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        yield op == "equal", "".join(old[from_a:to_a]), "".join(new[from_b:to_b])
    yield True, "".join(before[len(before) - end :]), ""


def _common(before: list[str], after: list[str]) -> tuple[int, int]:
    """How many tokens are the same at the start, and how many of the others at the end."""
    most = min(len(before), len(after))
    start = next((at for at in range(most) if before[at] != after[at]), most)
    most -= start
    end = next((at for at in range(most) if before[-1 - at] != after[-1 - at]), most)
    return start, end


def _joined(blocks: Iterator[_Block]) -> list[_Block]:
    """Neighbours of a kind as one; words that all changed as one, though a blank stayed."""
    joined: list[_Block] = []
    for same, old, new in blocks:
        if not old and not new:
            continue
        if not same and len(joined) > 1 and _is_blank(joined[-1]) and not joined[-2][0]:
            blank = joined.pop()[1]
            old, new = blank + old, blank + new
        if joined and joined[-1][0] == same:
            _, earlier_old, earlier_new = joined.pop()
            old, new = earlier_old + old, earlier_new + new
        joined.append((same, old, new))
    return joined


def _is_blank(block: _Block) -> bool:
    same, text, _ = block
    return same and _is_gap(text)


def _is_gap(text: str) -> bool:
    """Blanks between words; the end of a line is more than that."""
    return text.isspace() and "\n" not in text


def _parts_same(text: str) -> list[TextPart]:
    return [TextPart(op="same", text=text)]


def _parts_changed(old: str, new: str) -> Iterator[TextPart]:
    if old:
        yield TextPart(op="removed", text=old)
    if new:
        yield TextPart(op="added", text=new)
