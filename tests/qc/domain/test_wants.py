"""What a judged check needs to see beside the pages."""

from typing import Any

import pytest

from libs.contracts.profiles import Check
from services.qc.domain.wants import Wants, together, wants_of


def check(prompt: str = "Is it nice?", **parameters: Any) -> Check:
    return Check(kind="judged", prompt=prompt, parameters=parameters)


@pytest.mark.parametrize(
    "prompt",
    ["Is the legal line complete?", "Read the small print.", "Are all words spelt right? Typos?"],
)
def test_a_question_about_small_print_gets_it(prompt: str) -> None:
    assert wants_of("some", check(prompt)).small_print
    assert not wants_of("some", check()).small_print


@pytest.mark.parametrize("prompt", ["Is the typography on brand?", "Is it an updated look?"])
def test_a_question_about_the_look_does_not(prompt: str) -> None:
    assert not wants_of("some", check(prompt)).small_print


def test_the_parameter_decides_over_the_words() -> None:
    assert wants_of("some", check(small_print=True)).small_print
    assert not wants_of("some", check("Is the legal line complete?", small_print=False)).small_print
    assert wants_of("some", check("Read the small print.", small_print="no")).small_print


def test_a_check_compares_with_what_it_names() -> None:
    assert wants_of("some", check(compare_with="product")).references == ("product",)
    assert wants_of("some", check(compare_with=["previous_version", "logo"])).references == (
        "logo",
        "previous_version",
    )
    assert wants_of("some", check(compare_with=["nonsense", 3, None])).references == ()


def test_checks_of_the_catalogue_compare_unless_told_otherwise() -> None:
    assert wants_of("product_visibility", check()).references == ("product",)
    assert wants_of("product_visibility", check(compare_with=[])).references == ()


def test_a_call_shows_what_any_of_its_checks_needs() -> None:
    both = together([Wants(small_print=True), Wants(references=("product",)), Wants()])

    assert both == Wants(small_print=True, references=("product",))
    assert together([]) == Wants()
