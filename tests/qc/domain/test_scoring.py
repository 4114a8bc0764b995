"""Score, coverage and verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.qc import CheckResult, CheckState
from services.qc.domain.scoring import judge

STATES: tuple[CheckState, ...] = (
    "passed",
    "failed",
    "unsure",
    "not_applicable",
    "missing_input",
    "skipped",
    "error",
)


def result(state: CheckState, score: float | None = None, **facts: Any) -> CheckResult:
    return CheckResult.model_validate(
        {"check_id": "some_check", "state": state, "score": score, **facts}
    )


def test_score_is_the_weighted_mean_of_the_judged() -> None:
    judged = judge([result("passed", 100, weight=3), result("failed", 20, weight=1)], 70)

    assert (judged.score, judged.coverage, judged.verdict) == (80, 100, "pass")


def test_nothing_to_judge_has_no_weight() -> None:
    judged = judge([result("passed", 90), result("not_applicable", weight=9)], 70)

    assert (judged.score, judged.coverage, judged.verdict) == (90, 100, "pass")


@pytest.mark.parametrize("state", ["unsure", "missing_input", "skipped", "error"])
def test_what_is_open_lowers_coverage_and_never_the_score(state: CheckState) -> None:
    judged = judge([result("passed", 90), result(state)], 70)

    assert (judged.score, judged.coverage, judged.verdict) == (90, 50, "incomplete")


def test_critical_failure_beats_the_mean() -> None:
    good = [result("passed", 100) for _ in range(20)]

    assert judge([*good, result("failed", 0, critical=True)], 70).verdict == "fail"


def test_critical_check_without_weight_still_has_to_be_judged() -> None:
    judged = judge([result("passed", 100), result("error", weight=0, critical=True)], 70)

    assert judged.verdict == "incomplete"


def test_open_weight_that_cannot_save_the_score_does_not_hide_a_failure() -> None:
    lost = judge([result("failed", 0, weight=9), result("skipped", weight=1)], 70)
    perhaps = judge([result("failed", 0, weight=1), result("skipped", weight=9)], 70)

    assert (lost.verdict, perhaps.verdict) == ("fail", "incomplete")


def test_threshold_itself_passes() -> None:
    assert judge([result("passed", 70)], 70).verdict == "pass"
    assert judge([result("passed", 69.99)], 70).verdict == "fail"


@pytest.mark.parametrize("weights", [(0.1, 0.2), (0.7, 0.1, 0.3), (1.1, 2.2, 3.3)])
def test_mean_is_exact(weights: tuple[float, ...]) -> None:
    judged = judge([result("passed", 70, weight=weight) for weight in weights], 70)

    assert (judged.score, judged.verdict) == (70, "pass")


def test_what_is_shown_as_the_threshold_has_reached_it() -> None:
    judged = judge([result("passed", 69.999)], 70)

    assert (judged.score, judged.verdict) == (69.99, "fail")


@pytest.mark.parametrize("results", [[], [result("not_applicable")], [result("skipped")]])
def test_without_a_judged_check_there_is_no_score(results: list[CheckResult]) -> None:
    judged = judge(results, 0)

    assert (judged.score, judged.coverage, judged.verdict) == (None, 0, "incomplete")


@st.composite
def any_result(draw: st.DrawFn) -> CheckResult:
    state = draw(st.sampled_from(STATES))
    score = draw(st.floats(0, 100)) if state in ("passed", "failed") else None
    return result(state, score, weight=draw(st.floats(0, 1000)), critical=draw(st.booleans()))


@given(st.lists(any_result(), max_size=12), st.floats(0, 100))
def test_verdict_stands_whatever_the_open_checks_would_have_said(
    results: list[CheckResult], threshold: float
) -> None:
    verdict = judge(results, threshold).verdict
    for late in ("passed", "failed"):
        closed = [
            r
            if r.state in ("passed", "failed", "not_applicable")
            else r.model_copy(update={"state": late, "score": 100.0 if late == "passed" else 0.0})
            for r in results
        ]
        final = judge(closed, threshold).verdict
        assert verdict in ("incomplete", final)


@given(st.lists(any_result(), max_size=12), st.floats(0, 100))
def test_score_and_coverage_stay_on_their_scales(
    results: list[CheckResult], threshold: float
) -> None:
    judged = judge(results, threshold)

    assert judged.score is None or 0 <= judged.score <= 100
    assert 0 <= judged.coverage <= 100
