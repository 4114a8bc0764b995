"""Names and money for the eye."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.usage.domain.shown import columns, digits, named, plain, usd, wrapped


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Zoë Öström", "Zoë Öström"),
        ("李伟", "李伟"),
        ("שלום", "שלום"),
        ("👩\u200d🎨", "👩\u200d🎨"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u202eb", "ab"),
        ("a\x1b[2Jb", "a[2Jb"),
        ("a\r\nb\u2028c", "a  b c"),
        ("a\ufffe\ue000b", "ab"),
        ("\u2066\u200b\u2069", ""),
    ],
)
def test_letters_stay_and_what_moves_the_cursor_or_the_text_goes(name: str, seen: str) -> None:
    assert plain(name) == seen


def test_name_of_which_nothing_can_be_seen_has_a_word() -> None:
    assert named("\u202e") == "(no name)"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.0000"),
        ("-0", "$0.0000"),
        ("1234.5", "$1,234.5000"),
        ("-0.01", "-$0.0100"),
        ("0.123456789012345678", "$0.123456789012345678"),
        ("123456789.123456789012345678901234567890", "$123,456,789.12345678901234567890123456789"),
        ("1E+3", "$1,000.0000"),
        ("1E-7", "$0.0000001"),
    ],
)
def test_money_has_four_places_and_never_a_digit_less_than_there_are(
    amount: str, text: str
) -> None:
    assert usd(Decimal(amount)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_digits_are_the_number_itself(number: Decimal) -> None:
    text = digits(number)

    assert Decimal(text) == number
    assert "E" not in text and not text.endswith(".")


@given(st.text(), st.integers(2, 90))
@example("0\xa00", 2)
def test_wrapped_lines_fit_and_lose_only_spaces(text: str, width: int) -> None:
    lines = list(wrapped(plain(text), width))

    assert max(map(columns, lines)) <= width
    assert "".join(lines).replace(" ", "") == plain(text).replace(" ", "")


def test_east_asian_letters_take_two_columns_and_accents_none() -> None:
    assert (columns("abc"), columns("李伟"), columns("e\u0301")) == (3, 4, 1)
