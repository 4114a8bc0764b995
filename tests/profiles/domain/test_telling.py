"""Sentences about differences."""

from typing import Any

import pytest

from services.profiles.domain.diff import differences
from services.profiles.domain.telling import shown
from tests.profiles.contents import content
from tests.profiles.factories import draft, exact, judged


def sentences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """About two profiles whose check `logo` has these fields."""
    old, new = (content(draft(checks={"logo": check})) for check in (before, after))
    return [one.sentence for one in differences(old, new)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"weight": 2}, "logo weight 1.0 → 2.0: can change results"),
        ({"critical": True}, "logo is critical now: can change results"),
        ({"title": "Size"}, "logo title not set → “Size”: changes no result"),
        ({"measure": "logo_size"}, "logo measure its own → logo_size: can change results"),
        (
            {"parameters": {"min_width_px": 800.5}},
            "logo min_width_px 800 → 800.5: can change results",
        ),
        ({"parameters": {}}, "logo min_width_px 800 → not set: can change results"),
    ],
)
def test_each_field_of_an_exact_check_has_its_sentence(
    fields: dict[str, Any], sentence: str
) -> None:
    assert sentences(exact(), exact(**fields)) == [sentence]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (["a", "b"], ["b", "c"], "logo words adds “c” and drops “a”"),
        (["a", "b"], ["b", "a"], "logo words is [\"b\", \"a\"] now"),
        ([1], [True], "logo words adds true and drops 1"),
        ([], [*"abcdefg"], "logo words adds “a”, “b”, “c”, “d”, “e” and 2 more"),
    ],
)  # fmt: skip
def test_of_a_list_what_came_and_what_went_is_told(
    before: list[object], after: list[object], sentence: str
) -> None:
    told = sentences(exact(parameters={"words": before}), exact(parameters={"words": after}))

    assert told == [f"{sentence}: can change results"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"models": ["openai/gpt-4o"]}, "logo models default → openai/gpt-4o"),
        ({"prompt": "Find the logo."}, "logo prompt “Find a logo.” → “Find the logo.”"),
        ({"prompt": "See a badge."}, "logo prompt reworded in 2 places"),
    ],
)
def test_models_and_prompts_are_told_as_people_read_them(
    fields: dict[str, Any], sentence: str
) -> None:
    told = sentences(judged(prompt="Find a logo."), judged(prompt="Find a logo.") | fields)

    assert told == [f"{sentence}: can change results"]


def test_of_a_long_text_the_words_that_changed_are_told() -> None:
    rest = "Pass when it is there. " * 20
    before, after = f"Find a logo. {rest}", f"Find a big badge. {rest}"

    assert sentences(judged(prompt=before), judged(prompt=after)) == [
        "logo prompt reworded from “logo” to “big badge”: can change results"
    ]
    assert sentences(judged(prompt=before), judged(prompt=f"{before} Or not.")) == [
        "logo prompt reworded by adding “Or not.”: can change results"
    ]


def test_the_profile_itself_is_told_without_a_check() -> None:
    before, after = content(draft()), content(draft(name="Pack", pass_threshold=90.5))

    assert [one.sentence for one in differences(before, after)] == [
        "name “My profile” → “Pack”: changes no result",
        "pass threshold 85 → 90.5: can change results",
    ]


def test_a_check_is_told_whole_when_it_comes_goes_or_moves() -> None:
    before = {"cta": judged(), "logo": exact(), "size": exact()}
    after = {"size": exact(), "logo": exact(), "new": judged(critical=True)}

    told = differences(content(draft(checks=before)), content(draft(checks=after)))

    assert [one.sentence for one in told] == [
        "size moved from place 2 to 1: order only",
        "new added (judged, weight 2.0, critical): can change results",
        "cta removed: can change results",
    ]


def test_what_steers_a_terminal_or_turns_the_line_is_left_out() -> None:
    assert shown("a\x1b[31m\n\n\u202eb\u2066\u2028c") == "“a [31m b c”"


def test_a_long_value_is_cut() -> None:
    assert shown("x" * 100, 10) == "“xxxxxxxx…”"
    assert shown(["x" * 100], 10) == '["xxxxxxx…'
