"""Content of a version and its two hashes."""

from typing import Any

import pytest

from libs.contracts.profiles import ProfileDraft, ProfileEdit
from services.profiles.domain.content import (
    Content,
    content_hash,
    content_of,
    edited,
    scoring_hash,
)
from tests.profiles.factories import draft, exact, judged


def content(**fields: Any) -> Content:
    return content_of(ProfileDraft.model_validate(draft(**fields)))


def test_hashes_are_those_of_earlier_releases() -> None:
    assert content_hash(content()) == (
        "471ab7f5cb9178d469ba907f55e0dce6f4d47b5fbaacb9eb78254c9c9a959227"
    )
    assert scoring_hash(content()) == (
        "faa0e819dfc8733e9acc718625cdb936d51009c96d3ec5f5055c39d5b10add5c"
    )


def test_order_of_checks_and_form_of_numbers_make_no_difference() -> None:
    checks = {
        "image_resolution": exact(parameters={"min_width_px": 800.0}, weight=1),
        "call_to_action": judged(weight=2, critical=False),
    }

    other = content(pass_threshold=85.0, checks=checks)

    assert content_hash(other) == content_hash(content())
    assert scoring_hash(other) == scoring_hash(content())


@pytest.mark.parametrize(
    "words",
    [
        {"name": "Another name"},
        {"description": ""},
        {"checks": {"call_to_action": judged(), "image_resolution": exact(title="Size")}},
    ],
)
def test_words_that_no_check_reads_keep_the_scoring_hash(words: dict[str, Any]) -> None:
    assert content_hash(content(**words)) != content_hash(content())
    assert scoring_hash(content(**words)) == scoring_hash(content())


@pytest.mark.parametrize(
    "change",
    [
        {"pass_threshold": 85.5},
        {"checks": {"call_to_action": judged()}},
        {"checks": {"cta": judged(), "image_resolution": exact()}},
        *(
            {"checks": {"call_to_action": judged(**field), "image_resolution": exact()}}
            for field in (
                {"weight": 2.5},
                {"critical": True},
                {"prompt": "Another question."},
                {"title": "What the model reads"},
                {"models": ["openai/gpt-4o"]},
                {"parameters": {"verbs": ["buy"]}},
            )
        ),
        {
            "checks": {
                "call_to_action": judged(),
                "image_resolution": exact(parameters={"min_width_px": 801}),
            }
        },
        {"checks": {"call_to_action": judged(), "image_resolution": exact(measure="other")}},
    ],
)
def test_what_can_change_a_result_changes_both_hashes(change: dict[str, Any]) -> None:
    assert content_hash(content(**change)) != content_hash(content())
    assert scoring_hash(content(**change)) != scoring_hash(content())


def test_an_empty_field_hashes_like_an_absent_one() -> None:
    spelt_out = exact(title="", prompt="", models=[], measure=None)

    same = content(checks={"call_to_action": judged(), "image_resolution": spelt_out})

    assert content_hash(same) == content_hash(content())


def test_an_edit_keeps_what_it_leaves_out() -> None:
    base = content()

    renamed = edited(base, ProfileEdit(name="Renamed"))

    assert renamed == Content("Renamed", base.description, 85.0, base.checks)


def test_an_edit_replaces_the_checks_whole() -> None:
    edit = ProfileEdit.model_validate({"checks": {"barcode": exact()}})

    assert list(edited(content(), edit).checks) == ["barcode"]


def test_a_number_that_no_reader_would_get_back_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^checks\.image_resolution\.parameters\.n: whole"):
        content(checks={"image_resolution": exact(parameters={"n": 2**60})})
