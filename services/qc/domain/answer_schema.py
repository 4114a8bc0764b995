"""The form in which a model answers: one entry for each check that it was asked."""

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

ANSWER_SCHEMA_NAME = "check_answers"

_BOX: dict[str, JsonValue] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["top", "left", "bottom", "right"],
    "properties": {
        "top": {"type": "integer"},
        "left": {"type": "integer"},
        "bottom": {"type": "integer"},
        "right": {"type": "integer"},
    },
}
_FINDING: dict[str, JsonValue] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["severity", "message", "evidence", "fix", "box"],
    "properties": {
        "severity": {"type": "string", "enum": ["critical", "major", "minor"]},
        "message": {"type": "string", "description": "What is wrong, one sentence."},
        "evidence": {
            "type": ["string", "null"],
            "description": "What is seen there; words are quoted as printed.",
        },
        "fix": {"type": ["string", "null"], "description": "What to change."},
        "box": {
            "description": "Where, in thousandths of the picture from its top left.",
            "anyOf": [_BOX, {"type": "null"}],
        },
    },
}


_PICTURE: dict[str, JsonValue] = {
    "type": ["integer", "null"],
    "description": "Number of the picture that the box is on.",
}


def _finding(several_pictures: bool) -> dict[str, JsonValue]:
    if not several_pictures:
        return _FINDING
    properties: Any = _FINDING["properties"]
    return {
        **_FINDING,
        "required": ["severity", "message", "evidence", "fix", "picture", "box"],
        "properties": {**properties, "picture": _PICTURE},
    }


def _answer(check_ids: Sequence[str], finding: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["check_id", "evidence", "verdict", "score", "findings"],
        "properties": {
            "check_id": {"type": "string", "enum": list[JsonValue](sorted(check_ids))},
            "evidence": {
                "type": "string",
                "description": "What is visible that decides it, in one to three sentences.",
            },
            "verdict": {"type": "string", "enum": ["pass", "fail", "not_applicable", "unsure"]},
            "score": {
                "type": ["number", "null"],
                "description": "0 (nothing is right) to 100 (flawless); null unless pass or fail.",
            },
            "findings": {
                "type": "array",
                "description": "What is wrong, the worst first; at most five, empty when nothing.",
                "items": finding,
            },
        },
    }


def answers_schema(
    check_ids: Sequence[str], *, several_pictures: bool = False
) -> dict[str, JsonValue]:
    """Strict in OpenAI's sense, understood by Gemini; evidence is written before the verdict is.

    `check_ids` are those of the whole analysis, whatever group is asked: providers charge less
    for a prefix that they have seen, and the schema belongs to it.
    """
    answer = _answer(check_ids, _finding(several_pictures))
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["answers"],
        "properties": {
            "answers": {
                "type": "array",
                "description": "One for each check asked, in the order of asking.",
                "items": answer,
            }
        },
    }
