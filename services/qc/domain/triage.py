"""Which answers of a cheap model stand, and which are asked again of the strong one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal
from uuid import UUID

from libs.contracts.qc import CheckResult, Triage, TriageReason
from services.qc.domain.grouping import Group, groups_of
from services.qc.domain.models import Models
from services.qc.domain.routing import ModelRef

TriageMode = Literal["off", "unnamed", "all"]
"""Which checks a cheap model may be asked first: none, those that name no model, all of them."""

_SHARES = 1_000_000
_WORST_FIRST: tuple[TriageReason, ...] = (
    "no_answer",
    "unsure",
    "contradicts",
    "near_threshold",
    "failed",
    "audit",
)
HALF = 50
NO_ANSWER = ("error", "skipped")
CLEARED = ("passed", "not_applicable")
"""What a cheap model says when it finds nothing; some of these are audited."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`escalations` is how many checks of one analysis are asked again at most; audits and
    checks without any answer come on top. `margin` is in points of score around the threshold.
    """

    margin: float = 10.0
    escalations: int = 6
    audit_percent: float = 5.0


@dataclass(frozen=True, slots=True)
class Sorted:
    """By check id, why it is asked again, and why it should be but the budget is used up."""

    again: Mapping[str, TriageReason]
    beyond_budget: Mapping[str, TriageReason]


@dataclass(frozen=True, slots=True)
class Plan:
    """`strong` are asked as ever, `cheap` of the cheap models first; `chains` are the models of
    these by check, in the order of asking when the cheap answer is not enough.
    """

    strong: Sequence[Group]
    cheap: Sequence[Group] = ()
    chains: Mapping[str, tuple[ModelRef, ...]] = field(default_factory=dict)

    def again(self, check_ids: Collection[str]) -> list[Group]:
        """The checks in groups for the strong models."""
        checks = {id: check for group in self.cheap for id, check in group.checks.items()}
        return groups_of(
            {id: checks[id] for id in checks if id in check_ids},
            {id: self.chains[id] for id in checks if id in check_ids},
        )


def planned(
    groups: Sequence[Group], cheap: Callable[[ModelRef], ModelRef | None], named: bool
) -> Plan:
    """Divide the checks of an analysis between strong and `cheap` models.

    What fails an analysis by itself is never left to a cheap one. A check that names its models
    was tuned on them: it is triaged only if `named` says so.
    """
    checks = {id: check for group in groups for id, check in group.checks.items()}
    chains = {id: group.models for group in groups for id in group.checks}
    first: dict[str, tuple[ModelRef, ...]] = {}
    for check_id, check in checks.items():
        model = cheap(chains[check_id][0])
        if model and not check.critical and (named or not check.models):
            first[check_id] = (model,)
    others = {id: checks[id] for id in checks if id not in first}
    return Plan(
        groups_of(others, {id: chains[id] for id in others}),
        groups_of({id: checks[id] for id in first}, first),
        {id: chains[id] for id in first},
    )


def cheaper(strong: ModelRef, models: Models) -> ModelRef | None:
    """The model that is asked before `strong`; None when none is named that could answer."""
    name = models.find(strong.provider, strong.model).cheaper
    if name is None or name == strong.model:
        return None
    info = models.find(strong.provider, name)
    return ModelRef(strong.provider, name) if info.vision and info.structured else None


def doubt(result: CheckResult, threshold: float, margin: float) -> TriageReason | None:
    """Why a cheap answer is not enough; None when it is.

    A cheap model may clear a check, but not condemn it: a false alarm costs a person's time.
    """
    if result.state == "unsure":
        return "unsure"
    if result.state not in ("passed", "failed") or result.score is None:
        return None if result.state == "not_applicable" else "no_answer"
    if abs(result.score - threshold) <= margin:
        return "near_threshold"
    if result.state == "failed":
        return "failed"
    grave = any(finding.severity != "minor" for finding in result.findings)
    return "contradicts" if grave or result.score < HALF else None


def sort_out(
    results: Sequence[CheckResult], analysis_id: UUID, threshold: float, policy: Policy
) -> Sorted:
    """Decide over all cheap answers of one analysis at once.

    The same answers are sorted in the same way by whoever takes the analysis over. The budget
    goes to the heaviest checks, among equals to the graver doubt.
    """
    doubts = {
        result.check_id: why
        for result in results
        if (why := doubt(result, threshold, policy.margin))
    }
    weights = {result.check_id: result.weight for result in results}
    asked_anyway = [check_id for check_id, why in doubts.items() if why == "no_answer"]
    wanted = sorted(
        doubts.keys() - set(asked_anyway),
        key=lambda id: (-weights[id], _WORST_FIRST.index(doubts[id]), id),
    )
    audited = [
        result.check_id
        for result in results
        if result.check_id not in doubts
        and result.state in CLEARED
        and is_audited(analysis_id, result.check_id, policy.audit_percent)
    ]
    within, beyond = wanted[: policy.escalations], wanted[policy.escalations :]
    again = {check_id: doubts[check_id] for check_id in (*asked_anyway, *within)}
    return Sorted(
        again={**again, **dict.fromkeys(audited, "audit")},
        beyond_budget={check_id: doubts[check_id] for check_id in beyond},
    )


def is_audited(analysis_id: UUID, check_id: str, percent: float) -> bool:
    """Draw a share of all checks; a draw told by the ids is the same after a crash."""
    drawn = sha256(f"{analysis_id}/{check_id}".encode()).digest()
    return int.from_bytes(drawn[:8]) % _SHARES < percent * _SHARES / 100


def told(
    cheap_model: str,
    cheap: CheckResult | None,
    why: TriageReason | None,
    strong: CheckResult | None,
) -> Triage:
    """What is kept of how a check came to its answer. None: the cheap model gave no answer, the
    cheap answer was enough, the strong model was not asked or gave no answer.
    """
    judged = strong is not None and strong.state in ("passed", "failed", "not_applicable")
    comparable = judged and cheap is not None and cheap.state != "unsure"
    return Triage(
        model=cheap_model,
        state=cheap.state if cheap else None,
        score=cheap.score if cheap else None,
        reason=why,
        answered_again=strong is not None,
        agreed=cheap.state == strong.state if comparable and cheap and strong else None,
    )


def answered(
    cheap_model: str,
    cheap: CheckResult | None,
    why: TriageReason | None,
    strong: CheckResult | None,
) -> CheckResult:
    """The result of a triaged check: the strong answer, else the cheap one, with what was done.

    A cheap answer that stands although it was in doubt says so. One of the two must be there.
    """
    final = strong if strong is not None and (strong.state not in NO_ANSWER or not cheap) else cheap
    if final is None:
        raise ValueError("a check without any answer has no result")
    triage = told(cheap_model, cheap, why, strong if final is strong else None)
    note = None if final is strong or why is None else _note(cheap_model, why, strong)
    reason = " ".join(words for words in (final.reason, note) if words) or None
    return final.model_copy(update={"triage": triage, "reason": reason})


_IN_WORDS: dict[TriageReason, str] = {
    "no_answer": "it gave no answer",
    "unsure": "it was unsure",
    "contradicts": "its verdict, score and findings do not agree",
    "near_threshold": "its score is close to the threshold",
    "failed": "it failed the check",
    "audit": "it was drawn for an audit",
}


def _note(cheap_model: str, why: TriageReason, strong: CheckResult | None) -> str:
    missing = (
        "the escalations of this analysis were used up"
        if strong is None
        else f"the stronger model gave no answer ({(strong.reason or 'no reason')[:300]})"
    )
    return f"This is the answer of {cheap_model} alone: {_IN_WORDS[why]}, but {missing}."
