"""From check results to score, coverage and verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from libs.contracts.qc import CheckResult, Verdict

JUDGED = ("passed", "failed")
NOTHING_TO_JUDGE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`score` is 0-100, None when nothing was judged; `coverage` is in percent of weight."""

    verdict: Verdict
    score: float | None
    coverage: float


def judge(results: Sequence[CheckResult], pass_threshold: float) -> Judgement:
    """Weighted mean of the judged checks, and what follows from it.

    A check that is not applicable has no weight here: there was nothing to judge. Every
    other state that is neither passed nor failed leaves its weight open. The verdict is
    `fail` when a critical check failed, or when the score would stay below the threshold
    even if all open weight scored 100; `incomplete` while weight or a critical check is
    open; else the score decides. So a verdict of pass or fail is one that nothing
    still missing could change.
    """
    applicable = [result for result in results if result.state != NOTHING_TO_JUDGE]
    judged = [result for result in applicable if result.state in JUDGED]
    open_critical = any(r.critical for r in applicable if r.state not in JUDGED)
    total = sum((_exact(result.weight) for result in applicable), Fraction(0))
    weight = sum((_exact(result.weight) for result in judged), Fraction(0))
    points = sum((_exact(r.weight) * _exact(r.score or 0.0) for r in judged), Fraction(0))
    threshold = _exact(pass_threshold)
    score = _shown(points / weight) if weight else None
    coverage = _shown(100 * weight / total) if total else 0.0

    if any(result.critical and result.state == "failed" for result in judged):
        return Judgement("fail", score, coverage)
    if total and (points + 100 * (total - weight)) / total < threshold:
        return Judgement("fail", score, coverage)
    if not weight or weight < total or open_critical:
        return Judgement("incomplete", score, coverage)
    return Judgement("pass" if points / weight >= threshold else "fail", score, coverage)


def _exact(value: float) -> Fraction:
    """The number that was written: 0.1 is a tenth, so that a mean of 70 is not 69.999…"""
    return Fraction(str(value))


def _shown(value: Fraction) -> float:
    """Two places, rounded down: what is shown as 70 has reached 70."""
    return floor(value * 100) / 100
