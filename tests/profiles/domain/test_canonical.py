"""Canonical JSON."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.domain.canonical import MAX_WHOLE, canonical, digest

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-MAX_WHOLE, MAX_WHOLE)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_numbers_are_printed_as_rfc_8785_lists_them(bits: str, text: str) -> None:
    [value] = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical(value) == text


def test_keys_are_sorted_as_utf16_and_controls_escaped_as_rfc_8785_shows() -> None:
    keys = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }

    assert list(json.loads(canonical(keys)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]
    assert canonical('\u20ac$\x0f\nA\'B"\\\\"/') == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'


def test_one_number_has_one_digest() -> None:
    assert digest({"a": 85}) == digest({"a": 85.0}) == digest(json.loads('{"a": 8.5e1}'))


@given(values)
def test_canonical_json_reads_back_as_the_value(value: Any) -> None:
    assert json.loads(canonical(value), parse_int=float) == value


@given(values)
def test_reading_and_writing_again_keeps_the_digest(value: Any) -> None:
    assert digest(json.loads(json.dumps(value))) == digest(value)


@given(st.dictionaries(texts, values, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_count(value: dict[str, Any]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


@given(st.lists(st.integers(0, 9), min_size=2, unique=True))
def test_the_order_of_a_list_counts(items: list[int]) -> None:
    assert digest(items[::-1]) != digest(items)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), MAX_WHOLE + 1, -MAX_WHOLE - 1, "a\x00b", "\ud800"]
)
def test_a_value_without_canonical_form_is_refused_with_its_path(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^checks\.logo\.size\[1\]: "):
        canonical({"checks": {"logo": {"size": [0, value]}}})
