"""From check results to score, coverage and verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    total = sum(result.weight for result in applicable)
    weight = sum(result.weight for result in judged)
    points = sum(result.weight * (result.score or 0.0) for result in judged)
    score = round(points / weight, 2) if weight else None
    coverage = round(100 * weight / total, 2) if total else 0.0

    if any(result.critical and result.state == "failed" for result in judged):
        return Judgement("fail", score, coverage)
    if total and (points + 100 * (total - weight)) / total < pass_threshold:
        return Judgement("fail", score, coverage)
    if score is None or weight < total or open_critical:
        return Judgement("incomplete", score, coverage)
    return Judgement("pass" if score >= pass_threshold else "fail", score, coverage)
