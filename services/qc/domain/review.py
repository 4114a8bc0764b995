"""What a reviewer's word does to results: they are shown otherwise, what was found stays."""

from collections.abc import Mapping, Sequence

from libs.contracts.overrides import FoundResult, FoundVerdict, Override, ReviewState
from libs.contracts.qc import Analysis, CheckResult
from services.qc.domain.scoring import judge

FULL_SCORES: Mapping[ReviewState, float] = {"passed": 100.0, "failed": 0.0}
"""What a state counts when the reviewer gives no score."""


def score_of(
    state: ReviewState | None, score: float | None, found: CheckResult | FoundResult
) -> float | None:
    """The score that goes with a reviewer's state: the given one, that of a result which it
    confirms, or else 100 for passed and 0 for failed. Every other state has none.
    """
    if state is None or state not in FULL_SCORES:
        return None
    if score is not None:
        return score
    confirms = found.state == state and found.score is not None
    return found.score if confirms else FULL_SCORES[state]


def reviewed_result(found: CheckResult, overrides: Sequence[Override]) -> CheckResult:
    """The result as it counts, with all that was said of it, the oldest first."""
    if not overrides:
        return found
    said = sorted(overrides, key=lambda override: override.number)
    last = said[-1]
    changes: dict[str, object] = {"overrides": said}
    if last.state is not None and (last.state, last.score) != (found.state, found.score):
        original = FoundResult(state=found.state, score=found.score)
        changes |= {"state": last.state, "score": last.score, "found": original}
    return found.model_copy(update=changes)


def reviewed(
    analysis: Analysis, overrides: Mapping[str, Sequence[Override]], pass_threshold: float
) -> Analysis:
    """The analysis as it counts; verdict, score and coverage follow the reviewers.

    An analysis without a verdict gets none.
    """
    if not overrides:
        return analysis
    checks = [reviewed_result(one, overrides.get(one.check_id, ())) for one in analysis.checks]
    changes: dict[str, object] = {"checks": checks}
    if analysis.verdict is not None and any(one.found for one in checks):
        now = judge(checks, pass_threshold)
        changes |= {
            "verdict": now.verdict,
            "score": now.score,
            "coverage": now.coverage,
            "found": FoundVerdict(
                verdict=analysis.verdict, score=analysis.score, coverage=analysis.coverage
            ),
        }
    return analysis.model_copy(update=changes)
