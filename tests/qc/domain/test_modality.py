"""Side facts of a usage block, whatever a vendor writes there."""

import pytest
from pydantic import JsonValue

from services.qc.domain.modality import modality_tokens
from services.qc.domain.usage import UsageBlock


def test_openai_details_are_told_by_direction_and_kind() -> None:
    block: UsageBlock = {
        "prompt_tokens_details": {"image_tokens": 765, "text_tokens": 80, "audio_tokens": 0},
        "completion_tokens_details": {"text_tokens": 12, "reasoning_tokens": 5},
    }

    assert modality_tokens(block) == {"input_image": 765, "input_text": 80, "output_text": 12}


def test_gemini_details_are_told_by_direction_and_kind() -> None:
    block: UsageBlock = {
        "promptTokensDetails": [
            {"modality": "IMAGE", "tokenCount": 258},
            {"modality": "TEXT", "tokenCount": 9},
            {"modality": "IMAGE", "tokenCount": 2},
        ],
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 3}],
    }

    assert modality_tokens(block) == {"input_image": 260, "input_text": 9, "output_text": 3}


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"prompt_tokens_details": None},
        {"promptTokensDetails": "TEXT"},
        {"promptTokensDetails": [7, {"modality": None}, {"tokenCount": 3}]},
        {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": None}]},
        {"prompt_tokens_details": {"image_tokens": "many", "text_tokens": -3}},
    ],
    ids=str,
)
def test_block_that_tells_nothing_usable_gives_no_facts(block: UsageBlock) -> None:
    assert modality_tokens(block) == {}


def test_kind_is_a_name_that_can_be_stored() -> None:
    block: UsageBlock = {"promptTokensDetails": [{"modality": "a\x00\ud800b", "tokenCount": 3}]}

    [kind] = modality_tokens(block)

    assert kind.startswith("input_")
    assert "\x00" not in kind
    kind.encode()


def test_no_more_kinds_than_the_ledger_takes() -> None:
    listed: list[JsonValue] = [
        {"modality": f"kind{number}", "tokenCount": 1} for number in range(50)
    ]

    assert len(modality_tokens({"promptTokensDetails": listed})) == 20
