"""Keys of kept results: what changes a result changes the key, and nothing else does."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from libs.contracts.brand import BrandColour, BrandData, Placement
from libs.contracts.qc import CheckResult, CheckState
from services.qc.domain.brief import Brief, ReferenceFile
from services.qc.domain.kept import file_key, result_key, to_keep
from tests.qc.factories import CREATIVE

ENGINE: dict[str, JsonValue] = {"decoding": 1, "max_pixels": 10}
LOGO = ReferenceFile(path=Path("/scratch/a"), name="logo.png", sha256="1" * 64)
OTHER_LOGO = LOGO.model_copy(update={"sha256": "2" * 64})
BRIEF = Brief(references={"logo": [LOGO]})
RED = BrandData(colours=(BrandColour(name="red", hex="#ff0000"),))


def key(**changes: object) -> str:
    given: dict[str, object] = {
        "engine": ENGINE,
        "creative": CREATIVE,
        "measure": ("spelling", 1),
        "parameters": {"language": "de", "words": ["a", "b"]},
        "brief": BRIEF,
    }
    return result_key(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"engine": ENGINE | {"decoding": 2}},
        {"engine": ENGINE | {"max_pixels": 11}},
        {"creative": CREATIVE.model_copy(update={"sha256": "c" * 64})},
        {"creative": CREATIVE.model_copy(update={"file_name": "b.png"})},
        {"measure": ("spelling", 2)},
        {"measure": ("word_count", 1)},
        {"parameters": {"language": "fr", "words": ["a", "b"]}},
        {"parameters": {"language": "de", "words": ["b", "a"]}},
        {"brief": Brief()},
        {"brief": Brief(references={"logo": [OTHER_LOGO]})},
        {"brief": Brief(references={"brand_asset": [LOGO]})},
        {"brief": Brief(references={"logo": [LOGO, OTHER_LOGO]})},
        {"brief": BRIEF.model_copy(update={"brand": RED})},
        {"brief": BRIEF.model_copy(update={"market": "de"})},
        {"brief": BRIEF.model_copy(update={"placement": Placement(name="story")})},
    ],
    ids=str,
)
def test_what_can_change_a_result_changes_its_key(changes: dict[str, object]) -> None:
    assert key(**changes) != key()


def test_where_a_reference_lies_and_the_order_of_names_change_nothing() -> None:
    elsewhere = LOGO.model_copy(update={"path": Path("/scratch/b")})

    assert key(brief=Brief(references={"logo": [elsewhere]})) == key()
    assert key(parameters={"words": ["a", "b"], "language": "de"}) == key()


def test_odd_names_have_keys_too() -> None:
    odd = CREATIVE.model_copy(update={"file_name": "\ud800\n“.png"})

    assert key(creative=odd) != key()


def test_a_reference_of_unknown_content_has_no_key() -> None:
    unknown = LOGO.model_copy(update={"sha256": ""})

    with pytest.raises(ValueError, match="hash"):
        key(brief=Brief(references={"logo": [unknown]}))


def test_a_file_has_a_key_for_each_thing_that_follows_from_it() -> None:
    keys = {file_key(ENGINE, sha, what) for sha in ("a", "b") for what in ("facts", "previews")}

    assert len(keys) == 4


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("passed", True),
        ("failed", True),
        ("not_applicable", True),
        ("missing_input", True),
        ("error", False),
        ("skipped", False),
    ],
)
def test_errors_are_not_kept(state: CheckState, kept: bool) -> None:
    result = CheckResult(check_id="a", state=state, reason="because", weight=3, critical=True)

    found = to_keep([result], {"a": "k"})

    assert bool(found) == kept
    if kept:
        assert found["k"] == {
            "state": state,
            "score": None,
            "findings": [],
            "measurements": {},
            "reason": "because",
        }, "weight and critical are the profile's"


def test_what_was_kept_is_not_kept_again_and_judged_checks_never_are() -> None:
    again = CheckResult(check_id="a", state="passed", score=1, cached=True)
    judged = CheckResult(check_id="judged", state="passed", score=1)

    assert to_keep([again, judged], {"a": "k"}) == {}
