"""A reviewer's word changes what counts, never what was found."""

from datetime import UTC, datetime

import pytest

from libs.contracts.overrides import Override
from libs.contracts.qc import CheckResult
from services.qc.domain.review import reviewed, reviewed_result, score_of
from tests.qc.domain.test_report import analysis

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def word(number: int = 1, **facts: object) -> Override:
    given = {"state": "passed", "score": 100, "by_id": "rui", "by_name": "Rui", "at": NOON}
    return Override.model_validate({"number": number} | given | facts)


def result(**facts: object) -> CheckResult:
    return CheckResult.model_validate({"check_id": "a", "state": "failed", "score": 40} | facts)


def test_last_word_counts_and_every_word_is_kept() -> None:
    counted = reviewed_result(
        result(), [word(2, state="unsure", score=None), word(1, reason="It is there.")]
    )

    assert (counted.state, counted.score) == ("unsure", None)
    assert counted.found and (counted.found.state, counted.found.score) == ("failed", 40)
    assert [said.number for said in counted.overrides] == [1, 2]


def test_word_that_confirms_leaves_the_result_as_it_was_found() -> None:
    counted = reviewed_result(result(), [word(state="failed", score=40)])

    assert (counted.state, counted.score, counted.found) == ("failed", 40, None)
    assert len(counted.overrides) == 1


def test_word_that_was_taken_back_does_not_count() -> None:
    counted = reviewed_result(result(), [word(1), word(2, state=None, score=None)])

    assert (counted.state, counted.score, counted.found) == ("failed", 40, None)


@pytest.mark.parametrize(
    ("state", "given", "counts"),
    [
        ("passed", None, 100),
        ("passed", 80, 80),
        ("failed", None, 40),
        ("failed", 5, 5),
        ("unsure", None, None),
        (None, None, None),
    ],
)
def test_score_without_a_given_one_is_full_or_that_which_is_confirmed(
    state: str, given: float | None, counts: float | None
) -> None:
    assert score_of(word(state=state).state, given, result()) == counts


def test_verdict_score_and_coverage_follow_and_what_they_were_is_kept() -> None:
    found = analysis(
        result(),
        result(check_id="b", state="passed", score=90),
        result(check_id="c", state="error"),
    ).model_copy(update={"verdict": "fail", "score": 65.0, "coverage": 66.66})

    counted = reviewed(found, {"a": [word()], "c": [word(state="not_applicable", score=None)]}, 70)

    assert (counted.verdict, counted.score, counted.coverage) == ("pass", 95, 100)
    assert counted.found and counted.found.verdict == "fail"
    assert (counted.found.score, counted.found.coverage) == (65.0, 66.66)


def test_failure_of_a_critical_check_that_a_reviewer_finds_fails_the_analysis() -> None:
    found = analysis(result(state="passed", score=100, critical=True)).model_copy(
        update={"verdict": "pass", "score": 100.0, "coverage": 100.0}
    )

    counted = reviewed(found, {"a": [word(state="failed", score=99)]}, 70)

    assert (counted.verdict, counted.score) == ("fail", 99)


def test_without_words_nothing_is_different() -> None:
    found = analysis(result())

    assert reviewed(found, {}, 70) is found


def test_confirmed_analysis_keeps_its_verdict_and_says_who_looked() -> None:
    found = analysis(result())

    counted = reviewed(found, {"a": [word(state="failed", score=40)]}, 70)

    assert counted.found is None and (counted.verdict, counted.score) == ("fail", 41.5)
    assert counted.checks[0].overrides
