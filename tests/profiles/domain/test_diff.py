"""The difference of two versions: complete, consistent with the hashes, one path for each."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given

from libs.contracts.diff import Difference
from services.profiles.domain import diff
from services.profiles.domain.content import Content, content_hash, scoring_hash
from services.profiles.domain.diff import change_class_of, differences, summary_of
from tests.profiles.contents import content, pairs, unhurried
from tests.profiles.factories import draft, exact, judged


def found(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """Between two profiles that have these checks."""
    return differences(content(draft(checks=before)), content(draft(checks=after)))


def lines(some: list[Difference]) -> list[tuple[Any, ...]]:
    return [(one.path, one.kind, one.before, one.after, one.change_class) for one in some]


@unhurried
@given(pairs())
def test_class_agrees_with_the_hashes(pair: tuple[Content, Content]) -> None:
    before, after = pair
    told = change_class_of(differences(before, after))

    same_scoring = scoring_hash(before) == scoring_hash(after)
    same_content = content_hash(before) == content_hash(after)
    assert told == ("none" if same_content else "presentation" if same_scoring else "scoring")


@unhurried
@given(pairs())
def test_the_way_back_is_the_same_differences_turned_round(pair: tuple[Content, Content]) -> None:
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there = [one for one in differences(*pair) if one.kind != "moved"]
    back = [one for one in differences(*reversed(pair)) if one.kind != "moved"]

    assert {(d.path, turned[d.kind], str(d.before), str(d.after)) for d in there} == {
        (d.path, d.kind, str(d.after), str(d.before)) for d in back
    }


@unhurried
@given(pairs())
def test_no_path_is_told_twice_and_each_sentence_is_one_line(
    pair: tuple[Content, Content],
) -> None:
    some = differences(*pair)

    told = [(one.path, one.kind == "moved") for one in some]
    assert len(set(told)) == len(told)
    assert all(one.sentence.isprintable() for one in some)


@unhurried
@given(pairs())
def test_nothing_differs_from_itself(pair: tuple[Content, Content]) -> None:
    assert differences(pair[0], pair[0]) == []


def test_a_changed_check_is_told_field_by_field() -> None:
    before = {"logo": exact(weight=1, parameters={"min": 1, "deep": {"a.b": 1, "same": 2}})}
    after = {"logo": exact(weight=2, parameters={"max": 9, "deep": {"a.b": True, "same": 2.0}})}

    assert lines(found(before, after)) == [
        ("checks.logo.weight", "changed", 1.0, 2.0, "scoring"),
        ("checks.logo.parameters.max", "added", None, 9, "scoring"),
        ('checks.logo.parameters.deep["a.b"]', "changed", 1, True, "scoring"),
        ("checks.logo.parameters.min", "removed", 1, None, "scoring"),
    ]


def test_a_parameter_that_is_null_is_still_there() -> None:
    without, null = {"logo": exact(parameters={})}, {"logo": exact(parameters={"max": None})}

    assert lines(found(without, null)) == [
        ("checks.logo.parameters.max", "added", None, None, "scoring")
    ]
    assert [one.kind for one in found(null, without)] == ["removed"]


def test_checks_that_came_and_went_are_told_whole() -> None:
    came, went = found({"cta": judged()}, {"logo": exact(parameters={})})

    assert (came.path, came.kind, came.before) == ("checks.logo", "added", None)
    assert came.after == {"kind": "exact", "weight": 1.0, "critical": False}
    assert (went.path, went.kind, went.check_id, went.after) == (
        "checks.cta",
        "removed",
        "cta",
        None,
    )


def test_only_the_title_of_an_exact_check_is_for_people() -> None:
    [of_exact] = found({"a": exact()}, {"a": exact(title="Size")})
    [of_judged] = found({"a": judged()}, {"a": judged(title="Read by the model")})

    assert (of_exact.change_class, of_judged.change_class) == ("presentation", "scoring")


def test_another_order_is_a_move_and_no_change() -> None:
    checks = {check_id: exact() for check_id in "abcd"}
    reordered = {check_id: checks[check_id] for check_id in "dabc"}

    assert lines(found(checks, reordered)) == [("checks.d", "moved", 4, 1, "none")]


def test_a_check_added_in_front_or_removed_moves_no_other() -> None:
    before, after = {"x": exact(), "a": exact(), "b": exact()}, {"y": exact(), "a": exact()}
    after |= {"b": exact()}

    assert [(one.check_id, one.kind) for one in found(before, after)] == [
        ("y", "added"),
        ("x", "removed"),
    ]


def test_no_order_takes_more_moves_than_needed() -> None:
    checks = {check_id: exact() for check_id in "abcd"}
    for order in permutations("abcd"):
        moves = found(checks, {check_id: checks[check_id] for check_id in order})
        needed = 4 - max(
            length
            for length in range(1, 5)
            for start in permutations(order, length)
            if list(start) == sorted(start) and _in_order(start, order)
        )
        assert len(moves) == needed, order


def _in_order(some: tuple[str, ...], order: tuple[str, ...]) -> bool:
    places = [order.index(one) for one in some]
    return places == sorted(places)


def test_texts_are_compared_by_word_until_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, after = ({c: judged(prompt=f"{w} logo.") for c in "ab"} for w in ("Find", "See"))
    monkeypatch.setattr(diff, "MAX_COMPARED_CHARS", 20)

    first, second = found(before, after)

    assert [part.op for part in first.words] == ["removed", "added", "same"]
    assert [(part.op, part.text) for part in second.words] == [
        ("removed", "Find logo."),
        ("added", "See logo."),
    ]


def test_the_summary_counts_what_can_change_results() -> None:
    plain, heavier = {"logo": exact()}, {"logo": exact(weight=3, title="Size", critical=True)}

    assert summary_of(found(plain, plain)) == "No difference"
    assert summary_of(found(plain, {"logo": exact(title="Size")})) == (
        "1 difference, none can change results"
    )
    assert summary_of(found(plain, heavier)) == "3 differences, 2 can change results"
