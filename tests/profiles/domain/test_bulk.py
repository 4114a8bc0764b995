"""What operations make of a version."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from libs.contracts.bulk import BulkOrder, Operation
from libs.contracts.profiles import MAX_CHECKS, Check
from services.profiles.domain.bulk import operated, sought_by
from services.profiles.domain.content import Content, content_hash

OPERATIONS = TypeAdapter(list[Operation])
OLD, NEW = "openai/gpt-4o", "openai/gpt-5.1"


def judged(*models: str, **fields: Any) -> Check:
    return Check(kind="judged", prompt="p", models=list(models), **fields)


def content(**checks: Check) -> Content:
    return Content("Name", "", 70.0, checks or {"a": judged(OLD)})


def after(base: Content, *operations: dict[str, Any]) -> Content:
    return operated(base, OPERATIONS.validate_python(operations))


def test_a_model_keeps_its_place_and_is_asked_once() -> None:
    base = content(a=judged("x/1", OLD, NEW), b=judged(OLD), c=judged("x/1"))

    swapped = after(base, {"op": "swap_model", "model": OLD, "by": NEW}).checks

    assert [check.models for check in swapped.values()] == [["x/1", NEW], [NEW], ["x/1"]]


def test_operations_follow_each_other() -> None:
    added = {"op": "add_check", "check_id": "b", "check": judged(OLD).model_dump()}

    done = after(
        content(),
        added,
        {"op": "swap_model", "model": OLD, "by": NEW},
        {"op": "remove_check", "check_id": "a"},
        {"op": "set_threshold", "pass_threshold": 80},
    )

    assert (list(done.checks), done.checks["b"].models, done.pass_threshold) == (["b"], [NEW], 80)


def test_a_parameter_is_set_and_null_takes_it_away() -> None:
    base = content(a=judged(parameters={"keep": 1, "go": 2, "set": 3}))

    [check] = after(
        base, {"op": "set_check", "check_id": "a", "parameters": {"go": None, "set": 4, "new": [5]}}
    ).checks.values()

    assert check.parameters == {"keep": 1, "set": 4, "new": [5]}


def test_what_is_not_there_stays_as_it_is() -> None:
    base = content()

    same = after(
        base,
        {"op": "set_check", "check_id": "z", "weight": 5},
        {"op": "remove_check", "check_id": "z"},
        {"op": "swap_model", "model": "x/9", "by": "x/8"},
        {"op": "add_check", "check_id": "a", "check": base.checks["a"].model_dump()},
    )

    assert content_hash(same) == content_hash(base)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ({"op": "remove_check", "check_id": "a"}, "no check would be left"),
        (
            {"op": "add_check", "check_id": "a", "check": {"kind": "judged", "prompt": "q"}},
            "another check a",
        ),
        ({"op": "set_check", "check_id": "a", "parameters": {"n": 2**60}}, "whole numbers"),
        (
            {"op": "set_check", "check_id": "a", "parameters": {f"p{n}": n for n in range(50)}},
            "at most 50",
        ),
    ],
)
def test_an_outcome_that_no_profile_can_have_is_refused(operation: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        after(content(a=judged(OLD, parameters={"own": 1})), operation)


def test_a_profile_never_has_more_checks_than_a_person_may_write() -> None:
    full = content(**{f"c{n}": judged() for n in range(MAX_CHECKS)})

    with pytest.raises(ValueError, match="more than"):
        after(full, {"op": "add_check", "check_id": "a", "check": judged().model_dump()})


@pytest.mark.parametrize(
    "order",
    [
        {"operations": []},
        {"operations": [{"op": "set_threshold", "pass_threshold": 80}]},
        {"operations": [{"op": "set_threshold", "pass_threshold": 101}]},
        {"operations": [{"op": "set_check", "check_id": "a"}]},
        {"operations": [{"op": "swap_model", "model": OLD, "by": OLD}]},
        {"operations": [{"op": "swap_model", "model": "gpt", "by": OLD}]},
        {"operations": [{"op": "delete_all"}]},
        {"selection": {"profiles": ["../x"]}, "operations": [{"op": "remove_check"}]},
    ],
)
def test_a_bad_order_is_refused(order: Any) -> None:
    with pytest.raises(ValidationError):
        BulkOrder.model_validate(order)


MODELS = st.lists(st.sampled_from(["x/1", "x/2", "x/3"]), unique=True, max_size=3)


@given(st.dictionaries(st.sampled_from("abcd"), MODELS, min_size=1))
def test_swapping_twice_is_swapping_once_and_only_what_uses_it_changes(
    models: dict[str, list[str]],
) -> None:
    base = content(**{name: judged(*given) for name, given in models.items()})
    swap = {"op": "swap_model", "model": "x/1", "by": "x/2"}

    once, twice = after(base, swap), after(base, swap, swap)

    assert content_hash(once) == content_hash(twice)
    uses = any("x/1" in given for given in models.values())
    assert (content_hash(once) != content_hash(base)) == uses
    assert sought_by(OPERATIONS.validate_python([swap])) == (set(), {"x/1"})
