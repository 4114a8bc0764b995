"""What providers say of themselves."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from services.qc.domain.reported import NOT_KEPT, label, storable, tool_counts


def nested(depth: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(depth):
        value = [value]
    return value


def test_usual_block_is_kept_as_it_is() -> None:
    block: dict[str, JsonValue] = {"prompt_tokens": 3, "details": {"cached": [1, None, "é"]}}

    assert storable(block) == block


@pytest.mark.parametrize(
    "value",
    ["\x00", "\ud800", float("inf"), float("nan"), "x" * 30_000, nested(30), nested(5000)],
    ids=["nul", "surrogate", "infinity", "nan", "long", "deep", "endless"],
)
def test_block_that_cannot_be_stored_leaves_a_mark(value: JsonValue) -> None:
    assert storable({"prompt_tokens": 3, "odd": value}) == NOT_KEPT


@given(st.recursive(st.none() | st.floats() | st.text(), lambda x: st.lists(x, max_size=4)))
def test_whatever_comes_out_can_be_stored(value: JsonValue) -> None:
    kept = storable({"odd": value})

    text = json.dumps(kept, allow_nan=False, ensure_ascii=False)
    assert "\x00" not in text.encode().decode()


@pytest.mark.parametrize(
    ("text", "kept"),
    [("gpt-4o", "gpt-4o"), ("a\x00b", "a b"), ("", None), (None, None), ("\x00", None)],
)
def test_label_is_one_printable_line(text: str | None, kept: str | None) -> None:
    assert label(text) == kept


def test_long_label_is_cut() -> None:
    assert len(label("x" * 1000) or "") == 200


def test_tools_that_come_out_alike_are_added_up() -> None:
    assert tool_counts({"": 1, "\x00": 2, "search": 3, "bad": -1}) == {
        "unnamed": 3,
        "search": 3,
        "bad": 0,
    }
