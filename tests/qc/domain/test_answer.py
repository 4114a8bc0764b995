"""What is made of a model's answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.qc import CheckResult, Region
from services.qc.domain.answer import (
    MAX_MESSAGE_CHARS,
    Answer,
    Answers,
    Unusable,
    clean,
    parse_answers,
)

FINDING = {
    "severity": "major",
    "message": "Logo too small",
    "evidence": "Logo at the top",
    "fix": "Make it larger",
    "box": {"top": 100, "left": 200, "bottom": 400, "right": 800},
}
GOOD: dict[str, Any] = {
    "evidence": "A logo.",
    "verdict": "fail",
    "score": 40,
    "findings": [FINDING],
}


def parse_answer(text: str) -> Answer | Unusable:
    """The answer to the only check that was asked."""
    return parse_answers(text, ["logo"]).of_check["logo"]


def of_group(*entries: Any, asked: tuple[str, ...] = ("logo", "tone")) -> Answers:
    return parse_answers(json.dumps({"answers": entries}), asked)


def answer(**changes: Any) -> Answer:
    parsed = parse_answer(json.dumps({**GOOD, **changes}))
    assert isinstance(parsed, Answer), parsed
    return parsed


def unusable(text: str) -> str:
    parsed = parse_answer(text)
    assert isinstance(parsed, Unusable), parsed
    return parsed.reason


def finding(**changes: Any) -> dict[str, Any]:
    return {**FINDING, **changes}


def test_a_good_answer_becomes_a_check_result() -> None:
    parsed = answer()

    assert (parsed.state, parsed.score, parsed.fill_percentage) == ("failed", 40, 100)
    result = CheckResult(
        check_id="logo", state=parsed.state, score=parsed.score, findings=list(parsed.findings)
    )
    assert result.findings[0].region == Region(x=0.2, y=0.1, w=0.6, h=0.3)
    assert result.findings[0].approximate


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("pass", "passed"),
        ("fail", "failed"),
        ("unsure", "unsure"),
        ("not_applicable", "not_applicable"),
    ],
)
def test_only_a_judgement_has_a_score(verdict: str, state: str) -> None:
    parsed = answer(verdict=verdict, score=90)

    assert parsed.state == state
    assert parsed.score == (90 if state in ("passed", "failed") else None)


def test_a_judgement_without_a_score_is_unusable() -> None:
    assert "without a score" in unusable(json.dumps({**GOOD, "score": None}))
    assert answer(verdict="unsure", score=None).state == "unsure"


@pytest.mark.parametrize(
    "score", [870, -1, 100.01, "870", "-1", "80 of 100", "", True, [80], 1e400]
)
def test_a_score_outside_0_to_100_is_unusable(score: Any) -> None:
    assert "score" in unusable(json.dumps({**GOOD, "score": score}))


@pytest.mark.parametrize(("said", "score"), [("80", 80), (" 72.5 ", 72.5), ("0", 0), ("100", 100)])
def test_a_score_in_quotes_is_the_number_that_it_says(said: str, score: float) -> None:
    assert answer(score=said).score == score


@pytest.mark.parametrize("field", ["evidence", "verdict", "score", "findings"])
def test_a_missing_field_is_unusable_and_named(field: str) -> None:
    assert field in unusable(json.dumps({key: GOOD[key] for key in GOOD if key != field}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"evidence": "A lo',
        "I cannot see it.",
        "null",
        "[]",
        "[" * 90_000,
        "1" * 5_000,
        '"' + "x" * 100_001 + '"',
        '{"evidence": "a", "verdict": "pass", "score": NaN, "findings": []}',
    ],
)
def test_text_that_is_no_answer_is_unusable(text: str) -> None:
    assert unusable(text).endswith((".", "characters."))


@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_no_text_raises(text: str) -> None:
    assert isinstance(parse_answer(text), Unusable)


@given(
    st.fixed_dictionaries(
        {
            "evidence": st.text() | st.none(),
            "verdict": st.sampled_from(["pass", "fail", "unsure", "PASS", ""]),
            "score": st.integers() | st.floats() | st.none() | st.booleans(),
            "findings": st.lists(
                st.fixed_dictionaries(
                    {
                        "severity": st.sampled_from(["critical", "minor", "info"]),
                        "message": st.text(),
                        "evidence": st.none() | st.text(),
                        "fix": st.none() | st.text(),
                        "box": st.none() | st.lists(st.integers() | st.floats() | st.text()),
                    }
                )
            ),
        }
    )
)
def test_what_is_accepted_keeps_the_contract(document: dict[str, Any]) -> None:
    parsed = parse_answer(json.dumps(document))

    if isinstance(parsed, Answer):
        assert parsed.score is None or 0 <= parsed.score <= 100
        assert len(parsed.findings) <= 5
        assert "\x00" not in parsed.evidence
        json.dumps([found.model_dump() for found in parsed.findings], allow_nan=False).encode()


def test_a_fenced_answer_is_read() -> None:
    assert isinstance(parse_answer(f"```json\n{json.dumps(GOOD)}\n```"), Answer)


@pytest.mark.parametrize(
    "box",
    [
        {"top": 400, "left": 0, "bottom": 100, "right": 10},
        {"top": 1, "left": 2},
        [1, 2, 3],
        ["a", "b", "c", "d"],
        [0, 0, 10**400, 10],
        "top left",
        {"x": 0.5, "y": 0.5, "w": -1, "h": 1},
    ],
)
def test_a_bad_box_drops_only_the_box(box: Any) -> None:
    kept = answer(findings=[finding(box=box)]).findings[0]

    assert (kept.message, kept.region, kept.approximate) == ("Logo too small", None, False)


@pytest.mark.parametrize("box", [[100, 200, 400, 800], {"x": 0.2, "y": 0.1, "w": 0.6, "h": 0.3}])
def test_gemini_lists_and_boxes_of_shares_are_understood_too(box: Any) -> None:
    region = answer(findings=[finding(box=box)]).findings[0].region

    assert region is not None
    assert (region.x, region.y) == (0.2, 0.1)


@pytest.mark.parametrize("field", ["evidence", "fix", "box"])
def test_what_may_be_null_in_a_finding_may_be_missing(field: str) -> None:
    (kept,) = answer(findings=[{key: FINDING[key] for key in FINDING if key != field}]).findings

    assert (kept.message, kept.severity) == ("Logo too small", "major")
    assert None in (kept.evidence, kept.fix, kept.region)


def test_the_case_of_a_choice_does_not_matter() -> None:
    parsed = answer(verdict="FAIL", findings=[finding(severity=" Critical")])

    assert (parsed.state, parsed.findings[0].severity) == ("failed", "critical")


@pytest.mark.parametrize("findings", [None, [finding(message=" \u200b")]])
def test_findings_that_say_nothing_are_dropped(findings: Any) -> None:
    parsed = answer(findings=findings)

    assert (parsed.state, parsed.score, parsed.findings) == ("failed", 40, ())


def test_five_findings_are_kept_the_worst_first() -> None:
    severities = ["minor"] * 4 + ["critical", "major", "minor"]
    parsed = answer(findings=[finding(severity=severity) for severity in severities])

    kept = [found.severity for found in parsed.findings]
    assert kept == ["critical", "major", "minor", "minor", "minor"]


def test_texts_are_cut_and_cleaned() -> None:
    text = "a\x00b\u202ec\ud800d\n\te" + "x" * 2_000
    kept = answer(findings=[finding(message=text, fix="  ")]).findings[0]

    assert kept.message.startswith("a b c d e")
    assert len(kept.message) == MAX_MESSAGE_CHARS
    assert kept.message.endswith("…")
    assert kept.fix is None


def test_cleaning_keeps_words_of_every_script() -> None:
    assert clean("Übergröße 100 % «naïve» 日本 שלום", 100) == "Übergröße 100 % «naïve» 日本 שלום"
    assert clean("x" * 10, 10) == "x" * 10


def test_each_check_of_a_group_has_its_own_answer() -> None:
    read = of_group(
        {"check_id": "tone", **GOOD, "score": 90, "verdict": "pass", "findings": []},
        {"check_id": "logo", **GOOD},
    )

    assert {id: found.score for id, found in read.usable.items()} == {"tone": 90, "logo": 40}
    assert (read.reason, read.fill_percentage) == ("", 100)


def test_a_bad_answer_to_one_check_spoils_no_other() -> None:
    read = of_group({"check_id": "tone", **GOOD, "score": 870}, {"check_id": "logo", **GOOD})

    assert list(read.usable) == ["logo"]
    assert "score" in read.reason


def test_a_check_that_was_left_out_has_no_answer() -> None:
    read = of_group({"check_id": "logo", **GOOD})

    assert list(read.usable) == ["logo"]
    assert "not at all" in read.reason
    assert read.fill_percentage == 50


def test_a_check_that_was_answered_twice_has_no_answer() -> None:
    read = of_group(
        {"check_id": "logo", **GOOD},
        {"check_id": "tone", **GOOD},
        {"check_id": "logo", **GOOD, "verdict": "pass", "score": 100},
    )

    assert list(read.usable) == ["tone"]
    assert "more than once" in read.reason


def test_what_nobody_asked_is_ignored() -> None:
    read = of_group(
        {"check_id": "price", **GOOD}, "logo", {"check_id": ["logo"]}, {"check_id": "logo", **GOOD}
    )

    assert list(read.usable) == ["logo"]
    assert set(read.of_check) == {"logo", "tone"}


@pytest.mark.parametrize("answers", [None, "logo", {"logo": GOOD}, 7])
def test_answers_that_are_no_list_are_unusable(answers: Any) -> None:
    read = parse_answers(json.dumps({"answers": answers}), ["logo", "tone"])

    assert not read.usable
    assert "list" in read.reason
