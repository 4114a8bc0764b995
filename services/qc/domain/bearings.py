"""How far letters stand off the edge that their line is set on: their side bearings."""

from dataclasses import dataclass

STEMS_LEFT, ROUNDS_LEFT = "BDEFHIKLMNPRUbhiklmnpru", "CGOQScdegoqs0689"
STEMS_RIGHT, ROUNDS_RIGHT = "HIJMNUdhijlmnqu", "BDGOQSbcegops0689"
STEM_EM, ROUND_EM, OTHER_EM = 0.045, 0.035, 0.012
"""Side bearings of upright stems, of bows and of all other forms, in font sizes: halfway between
Helvetica's (0.075, 0.04, 0.015) and Times' (0.015, 0.03, 0.01). Source: their AFM files."""

FIGURES, FIGURE_EM = "23457", 0.055
"""Figures are as wide as one another, so that most stand free. Source: DejaVu, Aileron."""

HANGING_LEFT, HANGING_RIGHT, HANGING_EM, HANGING_OFF_EM = "Jj", "f", -0.06, 0.12
"""Letters that hang over the edge in some typefaces, and how far, in cursive ones most of all."""

LEANING_LEFT, LEANING_RIGHT, LEANING_OFF_EM = "AVWXYfvw17", "AFJKTVWXYrvwy1", 0.1
"""Letters that lean over their edge, or off it, as soon as the typeface is a cursive one; and
the figure 1, which stands alone in the middle of its width."""

DASHES, DASH_OFF_EM = "-\u2010\u2011\u2013\u2014", 0.36
"""Signs that divide words at the end of a line: set into the margin by many, and so thin that
small print loses them. Source: a hyphen is 0.28 to 0.36 wide in Times, Helvetica and DejaVu.
"""

KNOWN_OFF_EM = 0.04
"""How far the bearing of any other known letter may be from those figures, in font sizes."""

UNKNOWN_OFF_SHARE = 0.09
"""The same of a letter that is not known, in heights of the line's ink."""

X_EM, ASCENDER_EM, DESCENDER_EM = 0.52, 0.2, 0.21
"""Heights of a sans: of `x`, of what `h` adds to that above, and of what `p` adds below."""

_TAIL, _TALL = "gpqy", "bdfhiklt0123456789"


@dataclass(frozen=True, slots=True)
class Bearings:
    """How far in from the line's edges its ink begins and ends, and how sure that is, in px.

    Below 0 where a letter hangs over the edge.
    """

    left_px: float
    right_px: float
    left_slack_px: float
    right_slack_px: float


def bearings(text: str, ink_height_px: float) -> Bearings:
    """Of a level line of text whose ink is so high; nothing is known of most scripts' letters."""
    letters = text.split()
    first, last = (letters[0][0], letters[-1][-1]) if letters else ("", "")
    if not (_is_known(first) and (_is_known(last) or last in DASHES)):
        slack_px = UNKNOWN_OFF_SHARE * ink_height_px
        return Bearings(0.0, 0.0, slack_px, slack_px)
    size_px = ink_height_px / _ink_em(text)
    left = _of(first, STEMS_LEFT, ROUNDS_LEFT, HANGING_LEFT)
    right = _of(last, STEMS_RIGHT, ROUNDS_RIGHT, HANGING_RIGHT)
    left_off = _off(first, HANGING_LEFT, LEANING_LEFT)
    right_off = _off(last, HANGING_RIGHT, LEANING_RIGHT)
    return Bearings(*(em * size_px for em in (left, right, left_off, right_off)))


def _is_known(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _of(letter: str, stems: str, rounds: str, hanging: str) -> float:
    if letter in hanging:
        return HANGING_EM
    if letter in FIGURES:
        return FIGURE_EM
    return STEM_EM if letter in stems else ROUND_EM if letter in rounds else OTHER_EM


def _off(letter: str, hanging: str, leaning: str) -> float:
    if letter in hanging:
        return HANGING_OFF_EM
    if letter in DASHES:
        return DASH_OFF_EM
    return LEANING_OFF_EM if letter in leaning else KNOWN_OFF_EM


def _ink_em(text: str) -> float:
    """Height of the ink of `text` in font sizes."""
    tall = any(letter in _TALL or letter.isupper() for letter in text)
    tail = any(letter in _TAIL for letter in text)
    return X_EM + ASCENDER_EM * tall + DESCENDER_EM * tail
