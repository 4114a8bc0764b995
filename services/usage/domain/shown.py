"""How names and money look where people read them: on a terminal, a page or a sheet."""

import unicodedata
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)
LEAST_PLACES = 4
JOINERS = "\u200c\u200d"
BREAKS = "\t\n\r\x0b\x0c\x85\u2028\u2029"
INVISIBLE = ("Cc", "Cf", "Cs", "Co")
NO_NAME = "(no name)"


def plain(text: str) -> str:
    """A name without what moves the cursor, starts a line or turns the text around.

    Names come from outside. Letters of every script and emoji stay, with the joiners that
    some of them need; a line break is a space.
    """
    return "".join(" " if c in BREAKS else c for c in text if _is_seen(c)).strip()


def named(text: str) -> str:
    """`plain`, or a word for a name of which nothing can be seen."""
    return plain(text) or NO_NAME


def _is_seen(character: str) -> bool:
    if character in BREAKS or character in JOINERS:
        return True
    code = ord(character)
    is_no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return not is_no_character and unicodedata.category(character) not in INVISIBLE


def digits(number: Decimal) -> str:
    """Every digit of a number and none more: no exponent, no rest of zeros."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def usd(amount: Decimal) -> str:
    """At least four places and never a digit less than there are: $1,234.0049825."""
    _, _, fraction = digits(amount).partition(".")
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs_exact(amount):,.{max(LEAST_PLACES, len(fraction))}f}"


def about_usd(amount: Decimal) -> str:
    """An average or a bar's label, for the eye: four places."""
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs_exact(amount):,.{LEAST_PLACES}f}"


def abs_exact(amount: Decimal) -> Decimal:
    """`abs` would round to the digits of the usual context."""
    return amount.copy_abs()


def percent(share: Decimal | None) -> str:
    """A share of 1 in per cent, one place; a dash when there is nothing to share."""
    return "-" if share is None else f"{share * 100:.1f} %"


def counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def columns(text: str) -> int:
    """Columns that the text takes on a terminal: East Asian letters take two, accents none."""
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of at most `width` columns, broken at a space where there is one."""
    line, used = "", 0
    for character in text:
        wide = _columns_of(character)
        if used + wide > width:
            head, space, tail = line.rpartition(" ")
            done, line = (head, tail) if space and head.strip() else (line, "")
            yield done.rstrip(" ")
            used = columns(line)
        line, used = line + character, used + wide
    yield line
