"""An operator adds a model, or says otherwise of one, without a release."""

from datetime import date
from typing import Any

import pytest

from libs.contracts.models import ModelChange, Tiles
from services.qc.domain.model_changes import changed
from services.qc.model_file import shipped_models

MODELS = shipped_models()


def change(**facts: Any) -> ModelChange:
    return ModelChange.model_validate({"model": "openai/gpt-4o", **facts})


def test_what_is_not_given_stays_as_it_is() -> None:
    before = MODELS.find("openai", "gpt-4o")

    after = changed(change(shutdown_on="2027-06-01", note="prolonged"), MODELS)

    assert after == before.model_copy(update={"shutdown_on": date(2027, 6, 1), "note": "prolonged"})


def test_what_may_be_absent_can_be_taken_away() -> None:
    after = changed(change(without=["shutdown_on", "successor", "cheaper"]), MODELS)

    assert (after.shutdown_on, after.successor, after.cheaper) == (None, None, None)


def test_new_model_is_like_another_but_does_not_end_with_it() -> None:
    after = changed(change(model="studio/qwen/qwen3-vl", like="openai/gpt-4o"), MODELS)

    assert (after.provider, after.model, after.known) == ("studio", "qwen/qwen3-vl", True)
    assert isinstance(after.picture, Tiles)
    assert (after.shutdown_on, after.successor, after.cheaper) == (None, None, None)


def test_unlisted_model_becomes_known_with_one_fact() -> None:
    after = changed(change(model="openai/gpt-7", context_tokens=2_000_000), MODELS)

    assert (after.known, after.context_tokens) == (True, 2_000_000)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"like": "openai/gpt-nowhere"}, "is not known here"),
        ({"cheaper": "gpt-4o"}, "cheaper than itself"),
        ({"without": ["shutdown_on"]}, "no day on which"),
        ({"successor": "gpt-4o"}, "its own successor"),
        ({"successor": "gpt-7-typo"}, "openai/gpt-7-typo is not known here"),
        ({"cheaper": "lunatic"}, "openai/lunatic is not known here"),
        ({"most_output_tokens": 128_001}, "more tokens than its context"),
    ],
)
def test_contradiction_is_refused_in_words(facts: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        changed(change(**facts), MODELS)


def test_circle_of_successors_is_refused() -> None:
    one = changed(change(successor="gpt-4.1"), MODELS)
    models = MODELS.replaced([one])

    with pytest.raises(ValueError, match="its own successor in the end"):
        changed(change(model="openai/gpt-4.1", successor="gpt-4o"), models)
