"""How far letters stand off the edge that their line is set on: their side bearings."""

from dataclasses import dataclass

STEMS_LEFT, ROUNDS_LEFT = "BDEFHIKLMNPRUbhiklmnpru", "CGOQScdegoqs0689"
STEMS_RIGHT, ROUNDS_RIGHT = "HIJMNUdhijlmnqu", "BDGOQSbcegops0689"
STEM_EM, ROUND_EM, OTHER_EM = 0.045, 0.035, 0.012
"""Side bearings of upright stems, of bows and of all other forms, in font sizes: halfway between
Helvetica's (0.075, 0.04, 0.015) and Times' (0.015, 0.03, 0.01). Source: their AFM files."""

KNOWN_OFF_EM = 0.04
"""How far the bearing of a known letter may be from those figures, in font sizes."""

UNKNOWN_OFF_SHARE = 0.09
"""The same of a letter that is not known, in heights of the line's ink."""

X_EM, ASCENDER_EM, DESCENDER_EM = 0.52, 0.2, 0.21
"""Heights of a sans: of `x`, of what `h` adds to that above, and of what `p` adds below."""

_TAIL, _TALL = "gpqy", "bdfhiklt0123456789"


@dataclass(frozen=True, slots=True)
class Bearings:
    """How far in from the line's edges its ink begins and ends, and how sure that is, in px."""

    left_px: float
    right_px: float
    slack_px: float


def bearings(text: str, ink_height_px: float) -> Bearings:
    """Of a level line of text whose ink is so high; nothing is known of most scripts' letters."""
    letters = text.split()
    first, last = (letters[0][0], letters[-1][-1]) if letters else ("", "")
    if not (_is_known(first) and _is_known(last)):
        return Bearings(0.0, 0.0, UNKNOWN_OFF_SHARE * ink_height_px)
    size_px = ink_height_px / _ink_em(text)
    left = _of(first, STEMS_LEFT, ROUNDS_LEFT)
    right = _of(last, STEMS_RIGHT, ROUNDS_RIGHT)
    return Bearings(left * size_px, right * size_px, KNOWN_OFF_EM * size_px)


def _is_known(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _of(letter: str, stems: str, rounds: str) -> float:
    return STEM_EM if letter in stems else ROUND_EM if letter in rounds else OTHER_EM


def _ink_em(text: str) -> float:
    """Height of the ink of `text` in font sizes."""
    tall = any(letter in _TALL or letter.isupper() for letter in text)
    tail = any(letter in _TAIL for letter in text)
    return X_EM + ASCENDER_EM * tall + DESCENDER_EM * tail
