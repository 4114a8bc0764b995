"""Precision, recall, kappa with n and interval; agreement of a check with itself."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.qc import Analysis, CheckResult
from libs.contracts.review import Confusion
from services.qc.domain.reliability import (
    Reviewed,
    Reviewers,
    agreement,
    confusion,
    figures,
    fleiss_kappa,
    reliability,
    share,
)
from tests.qc.domain.test_report import analysis

counts = st.integers(0, 400)


def reviewed(
    found: str,
    said: str,
    count: int = 1,
    check_id: str = "spelling",
    profile_version: int = 1,
    model_served: str | None = None,
) -> Reviewed:
    return Reviewed(check_id, "p", profile_version, model_served, None, found, said, count)


def test_share_has_wilsons_interval() -> None:
    """102 of 105 is 91.9 to 99.0 %, none of 12 is at most 24 %: computed elsewhere."""
    whole = share(102, 105)
    none = share(0, 12)

    assert (whole.value, whole.low, whole.high) == (0.9714, 0.9193, 0.9902)
    assert (none.value, none.low, none.high, none.of) == (0, 0, 0.2425, 12)
    assert share(12, 12).high == 1 and (share(12, 12).low or 0) > 0.75
    assert share(0, 0).value is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_share_lies_in_its_interval(case: tuple[int, int]) -> None:
    found = share(*case)

    assert found.low is not None and found.high is not None and found.value is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(
    ("found", "said", "cell"),
    [
        ("failed", "failed", "true_positive"),
        ("failed", "passed", "false_positive"),
        ("failed", "not_applicable", "false_positive"),
        ("passed", "failed", "false_negative"),
        ("not_applicable", "failed", "false_negative"),
        ("passed", "passed", "true_negative"),
        ("passed", "not_applicable", "true_negative"),
        ("unsure", "failed", "abstained"),
        ("error", "passed", "abstained"),
        ("missing_input", "passed", "abstained"),
    ],
)
def test_defect_is_what_counts(found: str, said: str, cell: str) -> None:
    assert confusion([reviewed(found, said, 3)]).model_dump(exclude_defaults=True) == {cell: 3}


def test_reviewer_who_is_unsure_says_nothing() -> None:
    assert confusion([reviewed("failed", "unsure")]) == Confusion()


def test_figures_are_those_of_the_textbook() -> None:
    """Cohen's example: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no give kappa 0.4."""
    table = Confusion(true_positive=20, false_positive=5, false_negative=10, true_negative=15)

    found = figures(table)

    assert found.n == 50
    assert (found.precision.value, found.precision.of) == (0.8, 25)
    assert (found.recall.value, found.recall.of) == (0.6667, 30)
    assert found.agreement.value == 0.7
    assert found.kappa.value == 0.4
    assert found.kappa.low and found.kappa.high and found.kappa.low < 0.4 < found.kappa.high


def test_where_everything_is_one_and_the_same_kappa_says_nothing() -> None:
    found = figures(Confusion(true_negative=40))

    assert found.kappa.value is None and found.precision.of == 0
    assert found.agreement.value == 1


@given(counts, counts, counts, counts)
def test_figures_keep_their_bounds(tp: int, fp: int, fn: int, tn: int) -> None:
    table = Confusion(true_positive=tp, false_positive=fp, false_negative=fn, true_negative=tn)

    kappa = figures(table).kappa

    if kappa.value is not None and kappa.low is not None and kappa.high is not None:
        assert -1 <= kappa.low <= kappa.value <= kappa.high <= 1


def test_check_has_the_sum_of_its_versions() -> None:
    rows = [
        reviewed("failed", "failed", 4, model_served="gpt-4o"),
        reviewed("failed", "passed", 1, model_served="gpt-4o"),
        reviewed("failed", "failed", 9, model_served="gpt-6", profile_version=2),
        reviewed("passed", "passed", 1, check_id="barcode"),
    ]

    report = reliability(rows, {"spelling": Reviewers(people=3, agree=4, pairs=5)})

    barcode, spelling = report.checks
    assert barcode.check_id == "barcode" and barcode.between_reviewers.value is None
    assert (spelling.n, spelling.precision.value, spelling.precision.of) == (14, 0.9286, 14)
    assert [(p.model_served, p.n, p.precision.value) for p in spelling.parts] == [
        ("gpt-6", 9, 1.0),
        ("gpt-4o", 5, 0.8),
    ]
    assert (spelling.reviewers, spelling.between_reviewers.value) == (3, 0.8)


def test_fleiss_kappa_is_that_of_the_paper() -> None:
    """The worked example in Wikipedia's "Fleiss' kappa": ten subjects, 14 raters, 0.210."""
    table = (
        (0, 0, 0, 0, 14),
        (0, 2, 6, 4, 2),
        (0, 0, 3, 5, 6),
        (0, 3, 9, 2, 0),
        (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0),
        (3, 2, 6, 3, 0),
        (2, 5, 3, 2, 2),
        (6, 5, 2, 1, 0),
        (0, 2, 2, 3, 7),
    )

    items = [Counter({str(j): n for j, n in enumerate(row) if n}) for row in table]
    assert fleiss_kappa(items) == pytest.approx(0.2099, abs=1e-4)
    assert fleiss_kappa([Counter(passed=5)] * 3) is None
    assert fleiss_kappa([Counter(passed=5), Counter(failed=5)]) == 1
    assert fleiss_kappa([]) is None and fleiss_kappa([Counter(passed=1)]) is None


def run(verdict: str = "pass", **scores: float | None) -> Analysis:
    checks = [
        CheckResult(
            check_id=check_id,
            state="unsure" if score is None else "passed" if score >= 70 else "failed",
            score=score,
        )
        for check_id, score in scores.items()
    ]
    return analysis(*checks, verdict=verdict)


def test_agreement_counts_creatives_and_spreads_scores() -> None:
    found = agreement(
        [
            [run(a=90, b=80), run(a=90, b=60, verdict="fail"), run(a=90, b=75)],
            [run(a=20, b=80), run(a=20, b=80), run(a=20, b=None)],
        ]
    )

    a, b = found.checks
    assert (a.check_id, a.creatives, a.exact.value, a.kappa, a.score_spread_most) == (
        ("a", 2, 1.0, 1.0, 0)
    )
    assert (b.exact.value, b.score_spread_most, b.score_spread_mean) == (0, 20, 10)
    assert b.states == {"passed": 4, "failed": 1, "unsure": 1}
    assert (found.repeats, found.exact.value, found.exact.of) == (3, 0.5, 4)
    assert (found.verdicts.value, found.verdicts.of) == (0.5, 2)


def test_errors_are_no_agreement() -> None:
    broken = CheckResult(check_id="b", state="error", reason="no answer")
    found = agreement([[analysis(*run(a=90).checks, broken)] * 3])

    a, b = found.checks
    assert (a.exact.value, b.exact.value, b.creatives) == (1, None, 0)
    assert (b.kappa, b.states) == (None, {"error": 3})
    assert (found.exact.value, found.exact.of) == (1, 1)


def test_check_that_is_missing_once_is_left_out_for_its_creative() -> None:
    found = agreement([[run(a=90, b=90), run(a=90)], [run(a=90, b=90), run(a=90, b=90)]])

    assert [(one.check_id, one.creatives) for one in found.checks] == [("a", 2), ("b", 1)]
    assert agreement([]).exact.of == 0
