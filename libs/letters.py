"""Which letters a printed page can show with the fonts that the typst wheel brings.

They draw Latin, Greek, Cyrillic, Hebrew and Arabic letters; other scripts and emoji need a font on
the machine, and a page says so where such letters occur.
"""

import unicodedata
from collections.abc import Iterable

DRAWN = ("LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "MODIFIER", "COMBINING", "MICRO")
FIRST_PICTURE, FIRST_EAST_ASIAN = "\u2600", "\u2e80"


def need_other_fonts(texts: Iterable[str]) -> bool:
    letters = {letter for text in texts if not text.isascii() for letter in text}
    return any(needs_other_font(letter) for letter in letters if not letter.isascii())


def needs_other_font(letter: str) -> bool:
    kind = unicodedata.category(letter)[0]
    if kind in "PZMN" or (kind == "S" and letter < FIRST_PICTURE):
        return letter >= FIRST_EAST_ASIAN
    return not unicodedata.name(letter, "").startswith(DRAWN)
