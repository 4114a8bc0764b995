"""Answers of servers without strict schemas: JSON with words around it."""

import json

import pytest

from services.qc.domain.answer import Answer, Unusable, parse_answers
from tests.qc.domain.test_answer import GOOD


def parsed(text: str) -> Answer | Unusable:
    return parse_answers(text, ["logo"]).of_check["logo"]


@pytest.mark.parametrize(
    "around",
    [
        "```json\n%s\n```",
        "Here is my judgement:\n```json\n%s\n```\nTell me if you need more.",
        "<think>A {box} there, and a {logo}.</think>\n%s",
        "\ufeff%s",
        "Judgement: %s That is all.",
    ],
)
def test_an_answer_that_has_words_around_it_is_not_lost(around: str) -> None:
    assert parsed(around % json.dumps(GOOD)) == parsed(json.dumps(GOOD))


def test_of_two_answers_in_a_text_none_is_taken() -> None:
    """The first may be what the picture says."""
    read_there = json.dumps(GOOD | {"verdict": "pass", "score": 100})

    for text in (f"It reads {read_there}. {json.dumps(GOOD)}", f"{json.dumps(GOOD)} {{not so}}"):
        found = parsed(text)
        assert isinstance(found, Unusable)
        assert "not valid JSON" in found.reason
