"""Share of the answer's fields that the model filled."""

from services.qc.domain.fill import fill_percentage

FULL = {"evidence": "seen", "verdict": "fail", "score": 0}
FINDING = {"severity": "major", "message": "m", "evidence": "e", "fix": "f", "box": {"top": 1}}


def test_every_field_filled_is_a_hundred() -> None:
    assert fill_percentage({**FULL, "findings": [FINDING, FINDING]}) == 100


def test_zero_and_false_are_filled() -> None:
    assert fill_percentage({"evidence": "seen", "verdict": False, "score": 0}) == 100


def test_null_blank_and_missing_are_empty() -> None:
    assert fill_percentage({"evidence": " ", "verdict": None}) == 0
    half = {**FINDING, "evidence": "", "fix": None, "box": {}}
    assert fill_percentage({**FULL, "findings": [half]}) == 62.5


def test_nothing_found_is_an_answer() -> None:
    assert fill_percentage({**FULL, "findings": []}) == 100


def test_findings_that_are_no_findings_add_no_fields() -> None:
    assert fill_percentage({**FULL, "findings": ["oops", None]}) == 100
    assert fill_percentage({**FULL, "findings": "oops"}) == 100
