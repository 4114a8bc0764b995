"""Two edits of one state, merged."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.profiles import MAX_CHECKS, Check, ProfileEdit
from services.profiles.domain.audience import EVERYBODY, Audience, edited_audience
from services.profiles.domain.content import Content, content_hash, edited
from services.profiles.domain.merge import Merge, State, changed_places, merge

DIAGEO = Audience("client_specific", ("diageo",))
CTA = Check(kind="judged", title="Call", prompt="Is there a call?", models=["openai/gpt-4o"])
SIZE = Check(kind="exact", weight=2, parameters={"min": 800, "max": {"w": 1, "h": 2}})


def state(audience: Audience = DIAGEO, **fields: Any) -> State:
    content = {"name": "Mine", "description": "", "pass_threshold": 70.0}
    checks = fields.pop("checks", {"cta": CTA, "size": SIZE})
    return State(Content(**{**content, **fields}, checks=checks), audience)


def changed(check: Check, **fields: Any) -> Check:
    return Check.model_validate(check.model_dump() | fields)


def after(found: Merge, theirs: State) -> State:
    """What stands when the offered merge is saved on theirs."""
    assert found.merged
    return State(
        edited(theirs.content, found.merged), edited_audience(theirs.audience, found.merged)
    )


def paths(found: Merge) -> list[str]:
    return [clash.path for clash in found.conflicts]


def test_changes_of_different_places_are_both_in_the_merged_state() -> None:
    yours = state(name="Ours", checks={"cta": changed(CTA, weight=3), "size": SIZE})
    theirs = state(
        pass_threshold=80.0,
        checks={
            "cta": changed(CTA, prompt="Another?"),
            "size": changed(SIZE, parameters={"min": 900, "max": {"w": 1, "h": 2}}),
        },
    )

    found = merge(state(), yours, theirs)

    assert (found.conflicts, found.yours) == ([], ["name", "checks.cta.weight"])
    assert found.theirs == ["pass_threshold", "checks.cta.prompt", "checks.size.parameters.min"]
    content = after(found, theirs).content
    assert (content.name, content.pass_threshold) == ("Ours", 80)
    assert content.checks["cta"] == changed(CTA, weight=3, prompt="Another?")
    assert content.checks["size"].parameters["min"] == 900


def test_the_same_place_changed_in_two_ways_is_a_conflict_with_all_three_values() -> None:
    yours = state(checks={"cta": changed(CTA, weight=3), "size": SIZE})
    theirs = state(checks={"cta": changed(CTA, weight=4), "size": SIZE})

    found = merge(state(), yours, theirs)

    [clash] = found.conflicts
    assert (clash.path, clash.base, clash.yours, clash.theirs) == ("checks.cta.weight", 1, 3, 4)
    assert found.merged is None


def test_the_same_change_made_twice_is_no_conflict() -> None:
    side = state(name="Ours", checks={"cta": changed(CTA, weight=3)})

    found = merge(state(), side, side)

    assert found.conflicts == []
    assert content_hash(after(found, side).content) == content_hash(side.content)


def test_checks_of_one_side_are_added_and_removed_whatever_the_other_does_elsewhere() -> None:
    yours = state(checks={"cta": changed(CTA, title="Ask"), "new": SIZE})
    theirs = state(checks={"size": SIZE, "cta": CTA, "other": CTA})

    found = merge(state(), yours, theirs)

    assert found.conflicts == []
    assert set(after(found, theirs).content.checks) == {"cta", "new", "other"}
    assert found.yours == ["checks.cta.title", "checks.new", "checks.size"]


@pytest.mark.parametrize(
    ("yours", "theirs"),
    [
        pytest.param({"cta": CTA}, {"cta": CTA, "size": changed(SIZE, weight=9)}, id="removed"),
        pytest.param({"cta": CTA, "size": changed(SIZE, weight=9)}, {"cta": CTA}, id="changed"),
        pytest.param(
            {"cta": CTA, "size": changed(CTA, prompt="Big?")},
            {"cta": CTA, "size": changed(SIZE, measure="resolution")},
            id="another kind",
        ),
        pytest.param(
            {"cta": CTA, "size": changed(SIZE, parameters={f"a{n}": n for n in range(40)})},
            {"cta": CTA, "size": changed(SIZE, parameters={f"b{n}": n for n in range(40)})},
            id="too many parameters",
        ),
    ],
)
def test_a_check_that_cannot_be_had_in_both_forms_is_a_conflict_as_a_whole(
    yours: dict[str, Check], theirs: dict[str, Check]
) -> None:
    found = merge(state(), state(checks=yours), state(checks=theirs))

    assert paths(found) == ["checks.size"]
    assert found.conflicts[0].yours == (
        yours["size"].model_dump(mode="json") if "size" in yours else None
    )


def test_two_checks_of_one_new_id_are_a_conflict() -> None:
    yours, theirs = ({"cta": CTA, "size": SIZE, "new": changed(CTA, weight=n)} for n in (1, 2))

    found = merge(state(), state(checks=yours), state(checks=theirs))

    assert (paths(found), found.conflicts[0].base) == (["checks.new"], None)


def test_lists_and_values_of_parameters_are_taken_as_a_whole() -> None:
    yours = state(
        checks={
            "cta": changed(CTA, models=["openai/gpt-4o", "google/a"]),
            "size": changed(SIZE, parameters={"min": 800, "max": {"w": 5, "h": 2}}),
        }
    )
    theirs = state(
        checks={
            "cta": changed(CTA, models=["google/b", "openai/gpt-4o"]),
            "size": changed(SIZE, parameters={"min": 800, "max": {"w": 1, "h": 7}}),
        }
    )

    found = merge(state(), yours, theirs)

    assert paths(found) == ["checks.cta.models", "checks.size.parameters.max"]


def test_true_is_not_one_and_a_whole_number_is_its_float() -> None:
    base = state(checks={"size": changed(SIZE, parameters={"a": 1, "b": 1})})
    yours = state(checks={"size": changed(SIZE, parameters={"a": True, "b": 1.0})})

    assert changed_places(base, yours) == ["checks.size.parameters.a"]


def test_checks_that_both_removed_leave_no_profile_without_a_check() -> None:
    found = merge(state(), state(checks={"cta": CTA}), state(checks={"size": SIZE}))

    assert (paths(found), found.conflicts[0].base) == (["checks"], ["cta", "size"])


def test_checks_that_both_added_never_pass_the_limit() -> None:
    yours = {f"a{n}": CTA for n in range(MAX_CHECKS - 2)}
    theirs = {"b": CTA}
    base = {"cta": CTA, "size": SIZE}

    found = merge(state(), state(checks=base | yours), state(checks=base | theirs))

    assert paths(found) == ["checks"]


def test_an_audience_that_one_side_changed_is_taken() -> None:
    both = Audience("client_specific", ("diageo", "loreal"))

    assert after(merge(state(), state(both), state(name="X")), state(name="X")).audience == both
    assert after(merge(state(), state(name="X"), state(both)), state(both)).audience == both
    assert paths(merge(state(), state(both), state(EVERYBODY))) == ["visible_to_clients"]


def test_the_order_of_checks_is_that_of_the_side_that_changed_it() -> None:
    turned = {"size": SIZE, "cta": CTA}

    for yours, theirs in ((turned, dict(reversed(turned.items()))), (turned, turned)):
        found = merge(state(), state(checks=yours), state(name="X", checks=theirs))
        assert found.merged and list(found.merged.checks or {}) == ["size", "cta"]


values = st.sampled_from(["a", "b", "c"])
weights = st.sampled_from([1.0, 2.0, 3.0])
exact = st.builds(
    lambda weight, parameters: Check(kind="exact", weight=weight, parameters=parameters),
    weights,
    st.dictionaries(values, weights, max_size=2),
)
asked = st.builds(lambda prompt: Check(kind="judged", prompt=prompt), values)
audiences = st.sampled_from([EVERYBODY, DIAGEO, Audience("client_specific", ("diageo", "loreal"))])
states = st.builds(
    lambda name, threshold, checks, audience: state(
        audience, name=name, pass_threshold=threshold, checks=checks
    ),
    values,
    weights,
    st.dictionaries(values, exact | asked, min_size=1, max_size=3),
    audiences,
)


@given(states, states, states)
def test_a_merge_takes_each_change_of_both_and_makes_none_of_its_own(
    base: State, yours: State, theirs: State
) -> None:
    found = merge(base, yours, theirs)

    if found.merged is None:
        assert found.conflicts
        return
    merged = after(found, theirs)
    assert set(changed_places(base, merged)) == set(found.yours) | set(found.theirs)
    assert set(changed_places(yours, merged)) <= set(found.theirs)
    assert set(changed_places(theirs, merged)) <= set(found.yours)


@given(states, states)
def test_who_changed_nothing_gets_what_the_other_saved(base: State, side: State) -> None:
    for found in (merge(base, base, side), merge(base, side, base)):
        assert found.conflicts == []
        other = side if found.theirs else base
        merged = after(found, other)
        assert content_hash(merged.content) == content_hash(side.content)
        assert merged.audience == side.audience


@given(states, states, states)
def test_sides_that_change_places_conflict_in_the_same_places(
    base: State, yours: State, theirs: State
) -> None:
    one, other = merge(base, yours, theirs), merge(base, theirs, yours)

    assert sorted(paths(one)) == sorted(paths(other))
    if one.merged and other.merged:
        content = after(one, theirs).content
        assert content_hash(content) == content_hash(after(other, yours).content)
    assert (one.merged is None) == (other.merged is None)


def test_what_is_offered_can_be_sent_as_it_is() -> None:
    found = merge(state(), state(name="X"), state(pass_threshold=9.0))

    assert found.merged
    assert ProfileEdit.model_validate_json(found.merged.model_dump_json()) == found.merged
