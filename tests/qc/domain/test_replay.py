"""What a replay asks again, and what comes of it."""

from uuid import UUID

import pytest

from libs.contracts.profiles import ProfileEdit, StoredCheck
from libs.contracts.qc import CheckResult
from libs.ids import uuid7
from services.qc.domain.replay import carried, edited, newest_of_each_file, why_asked
from tests.qc.factories import profile

CHECK = StoredCheck(kind="judged", title="Mood", prompt="Cheerful?", models=["openai/gpt-4o"])
ANSWER = CheckResult(
    check_id="mood", state="passed", score=80, model_requested="openai/gpt-4o", weight=2
)
MODELS = {"openai/gpt-4o"}


@pytest.mark.parametrize("field", [{"weight": 9.0}, {"critical": True}])
def test_what_no_model_is_told_asks_nobody(field: dict[str, object]) -> None:
    assert why_asked(CHECK.model_copy(update=field), CHECK, ANSWER, MODELS) is None


@pytest.mark.parametrize(
    "field",
    [
        {"title": "Mode"},
        {"prompt": "Dark?"},
        {"parameters": {"tone": "dark"}},
        {"models": ["google/gemini-2.5-pro"]},
    ],
)
def test_what_a_model_is_told_asks_again(field: dict[str, object]) -> None:
    assert why_asked(CHECK.model_copy(update=field), CHECK, ANSWER, MODELS) == "changed"


def test_check_without_an_answer_is_asked() -> None:
    broken = ANSWER.model_copy(update={"state": "error", "score": None})
    exact = StoredCheck(kind="exact")

    assert why_asked(CHECK, None, ANSWER, MODELS) == "new"
    assert why_asked(CHECK, CHECK, None, MODELS) == "new"
    assert why_asked(CHECK, exact, ANSWER, MODELS) == "new", "then it was measured"
    assert why_asked(CHECK, CHECK, broken, MODELS) == "no_answer"
    assert why_asked(CHECK, CHECK, ANSWER, {"openai/gpt-5.1"}) == "other_model"
    assert why_asked(CHECK, CHECK, ANSWER, set()) is None, "nobody can be asked"


def test_stored_answer_counts_as_the_new_check_weighs_it() -> None:
    source, first = uuid7(), UUID(int=1)
    again = carried(CHECK.model_copy(update={"weight": 9.0}), ANSWER, source)
    of_rerun = carried(CHECK, ANSWER.model_copy(update={"carried_from": first}), source)

    assert (again.weight, again.score, again.carried_from) == (9.0, 80, source)
    assert of_rerun.carried_from == first, "it names where it was found"


def test_edit_changes_what_it_names_and_not_who_may_use_it() -> None:
    base = profile(mood=CHECK)
    edit = ProfileEdit(pass_threshold=90, visibility="client_specific", visible_to_clients=["x"])

    found = edited(base, edit)

    assert (found.pass_threshold, found.checks, found.visibility) == (90, base.checks, "all")
    assert (found.profile_id, found.content_hash) == (base.profile_id, "")


def test_newest_analysis_of_each_file_and_name_counts() -> None:
    ids = [uuid7() for _ in range(5)]
    found = list(zip(ids, "aabac", ("x", "x", "x", "y", "x"), strict=True))

    assert list(newest_of_each_file(found, 3)) == [ids[0], ids[2], ids[3]]
