"""Word differences, in any script."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.domain.words import tokens, word_diff
from tests.profiles.contents import unhurried

TEXTS = st.one_of(st.text(max_size=40), st.text("ab \n.見é\u0301क\u093f👩\u200d🏽", max_size=60))


def marked(before: str, after: str) -> str:
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[part.op].format(part.text) for part in word_diff(before, after))


@unhurried
@given(TEXTS, TEXTS)
def test_the_parts_are_both_texts_to_the_last_character(before: str, after: str) -> None:
    parts = word_diff(before, after)

    assert "".join(part.text for part in parts if part.op != "added") == before
    assert "".join(part.text for part in parts if part.op != "removed") == after
    assert all(part.text for part in parts)


@unhurried
@given(TEXTS)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    assert [part.op for part in word_diff(text, text)] == (["same"] if text else [])


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (
            "Find the call to action. Pass when visible.",
            "Find the logo. Pass when it is visible.",
            "Find the [-call to action-]{+logo+}. Pass when{+ it is+} visible.",
        ),
        ("quick brown fox", "slow red fox", "[-quick brown-]{+slow red+} fox"),
        ("one\n\ntwo", "1\n\n2", "[-one-]{+1+}\n\n[-two-]{+2+}"),
        ("ロゴが見えること。", "ロゴがはっきり見えること。", "ロゴが{+はっきり+}見えること。"),
        ("हिन्दी में लिखा है", "हिंदी में लिखा था", "[-हिन्दी-]{+हिंदी+} में लिखा [-है-]{+था+}"),
        ("مرحبا بالعالم", "مرحبا يا عالم", "مرحبا [-بالعالم-]{+يا عالم+}"),
        ("Größe 10 px", "Größe 12 px", "Größe [-10-]{+12+} px"),
        ("ok 👍🏽", "ok 👍🏿", "ok [-👍🏽-]{+👍🏿+}"),
    ],
)
def test_words_are_told_apart_in_any_script(before: str, after: str, shown: str) -> None:
    assert marked(before, after) == shown


def test_marks_and_joined_signs_stay_with_what_they_belong_to() -> None:
    assert tokens("e\u0301a 👩\u200d👩\u200d👧 ครั้ง") == [
        "e\u0301a",
        " ",
        "👩\u200d👩\u200d👧",
        " ",
        *("ค", "รั้", "ง"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("字" * 8000, "字" * 7999 + "x字"),
        ("ab " * 2600, "ba " * 2600),
        ("".join(chr(0x4E00 + n * 7919 % 97) for n in range(8000)),
         "".join(chr(0x4E00 + n * 6101 % 97) for n in range(8000))),
        ("a" + "\u0301" * 7999, "b" + "\u0301" * 7999),
        ("👩\u200d" * 4000, "👧\u200d" * 4000),
    ],
    ids=["one-sign", "two-words", "hundred-signs", "marks", "joined"],
)  # fmt: skip
def test_the_longest_and_worst_texts_take_no_long_time(before: str, after: str) -> None:
    began = time.process_time()
    word_diff(before, after)

    assert time.process_time() - began < 2
