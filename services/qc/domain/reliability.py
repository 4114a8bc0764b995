"""How far checks can be relied on: against reviewers, and against themselves when repeated."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from libs.contracts.qc import Analysis, CheckResult
from libs.contracts.review import (
    Agreement,
    CheckAgreement,
    CheckReliability,
    Confusion,
    Estimate,
    ReliabilityFigures,
    ReliabilityPart,
    ReliabilityReport,
)

Z = 1.959963984540054
"""Of the normal distribution, 95 % two-sided."""

NO_DEFECT = ("passed", "not_applicable")
NO_OPINION = ("error", "skipped", "missing_input")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """So many results of one version of a check that were found so and that reviewers call so."""

    check_id: str
    profile_id: str
    profile_version: int
    model_served: str | None
    prompt_sha256: str | None
    found: str
    said: str
    count: int


@dataclass(frozen=True, slots=True)
class Reviewers:
    """Who reviewed a check: how many people, and results that two of them reviewed."""

    people: int = 0
    agree: int = 0
    pairs: int = 0


def share(hits: int, of: int) -> Estimate:
    """Wilson's interval: it holds for few cases too, and for none or all of them."""
    if of == 0:
        return Estimate(value=None, low=None, high=None, of=0)
    value = hits / of
    centre = (value + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z * sqrt(value * (1 - value) / of + Z * Z / (4 * of * of)) / (1 + Z * Z / of)
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return Estimate(
        value=_shown(value),
        low=0.0 if hits == 0 else _shown(low),
        high=1.0 if hits == of else _shown(high),
        of=of,
    )


def confusion(rows: Iterable[Reviewed]) -> Confusion:
    """Positive is a defect. What does not apply has none; other states of a check abstain, and
    a reviewer who is unsure says nothing.
    """
    counts: Counter[str] = Counter()
    for row in rows:
        if row.said != "failed" and row.said not in NO_DEFECT:
            continue
        if row.found != "failed" and row.found not in NO_DEFECT:
            counts["abstained"] += row.count
            continue
        right = "true" if (row.found == "failed") == (row.said == "failed") else "false"
        counts[f"{right}_{'positive' if row.found == 'failed' else 'negative'}"] += row.count
    return Confusion.model_validate(counts)


def figures(of: Confusion) -> ReliabilityFigures:
    flagged, wrong = of.true_positive + of.false_positive, of.true_positive + of.false_negative
    n = flagged + of.false_negative + of.true_negative
    agree = share(of.true_positive + of.true_negative, n)
    return ReliabilityFigures(
        n=n,
        confusion=of,
        precision=share(of.true_positive, flagged),
        recall=share(of.true_positive, wrong),
        agreement=agree,
        kappa=_kappa(agree, flagged, wrong),
    )


def _kappa(agree: Estimate, flagged: int, wrong: int) -> Estimate:
    """Cohen's, with the interval of the agreement carried over for the same chance agreement.

    Null where chance alone gives full agreement: everything is one and the same.
    """
    n = agree.of
    by_chance = (flagged * wrong + (n - flagged) * (n - wrong)) / n**2 if n else 1.0
    if by_chance == 1 or agree.value is None or agree.low is None or agree.high is None:
        return Estimate(value=None, low=None, high=None, of=n)
    value, low, high = (
        _shown((part - by_chance) / (1 - by_chance))
        for part in (agree.value, agree.low, agree.high)
    )
    return Estimate(value=value, low=max(low, -1.0), high=high, of=n)


def reliability(rows: Sequence[Reviewed], reviewers: Mapping[str, Reviewers]) -> ReliabilityReport:
    """By check, and in each by what it was at the time: its profile version, model and prompt."""
    by_check: dict[str, list[Reviewed]] = defaultdict(list)
    for row in rows:
        by_check[row.check_id].append(row)
    return ReliabilityReport(
        checks=[
            _check(check_id, by_check[check_id], reviewers.get(check_id, Reviewers()))
            for check_id in sorted(by_check)
        ]
    )


def _check(check_id: str, rows: Sequence[Reviewed], reviewers: Reviewers) -> CheckReliability:
    versions: dict[tuple[object, ...], list[Reviewed]] = defaultdict(list)
    for row in rows:
        key = (row.profile_id, row.profile_version, row.model_served, row.prompt_sha256)
        versions[key].append(row)
    parts = [
        ReliabilityPart(
            profile_id=part[0].profile_id,
            profile_version=part[0].profile_version,
            model_served=part[0].model_served,
            prompt_sha256=part[0].prompt_sha256,
            **dict(figures(confusion(part))),
        )
        for part in versions.values()
    ]
    return CheckReliability(
        check_id=check_id,
        between_reviewers=share(reviewers.agree, reviewers.pairs),
        reviewers=reviewers.people,
        parts=sorted(parts, key=lambda part: -part.n),
        **dict(figures(confusion(rows))),
    )


def agreement(repeated: Sequence[Sequence[Analysis]]) -> Agreement:
    """Of analyses of one creative each, run several times: all of them as many times.

    A check that says nothing in one of the repeats of a creative, because it is missing there or
    could not be run, is left out for this creative: five errors are no agreement.
    """
    repeats = min((len(runs) for runs in repeated), default=0)
    by_check: dict[str, list[list[CheckResult]]] = defaultdict(list)
    for runs in repeated:
        results = [{one.check_id: one for one in run.checks} for run in runs]
        for check_id in results[0] if results else ():
            if all(check_id in one for one in results):
                by_check[check_id].append([one[check_id] for one in results])
    everything = [item for items in by_check.values() for item in _said(items)]
    same = sum(len({run.verdict for run in runs}) == 1 for runs in repeated)
    return Agreement(
        repeats=repeats,
        exact=_exact(everything),
        kappa=fleiss_kappa([_states(item) for item in everything]),
        verdicts=share(same, len(repeated)),
        checks=[_agreement_of(check_id, items) for check_id, items in by_check.items()],
    )


def fleiss_kappa(items: Sequence[Counter[str]]) -> float | None:
    """Of items with the votes that each state got, as many votes each. Null without a choice.

    Source: J. L. Fleiss, "Measuring nominal scale agreement among many raters", 1971.
    """
    votes = sum(items[0].values()) if items else 0
    if votes < 2:
        return None
    together = sum(items, Counter[str]())
    by_chance = sum((count / (votes * len(items))) ** 2 for count in together.values())
    if len(together) == 1:
        return None
    agree = [
        (sum(count * count for count in item.values()) - votes) / (votes * (votes - 1))
        for item in items
    ]
    return _shown((sum(agree) / len(agree) - by_chance) / (1 - by_chance))


def _said(items: Sequence[Sequence[CheckResult]]) -> list[Sequence[CheckResult]]:
    return [item for item in items if all(one.state not in NO_OPINION for one in item)]


def _agreement_of(check_id: str, items: Sequence[Sequence[CheckResult]]) -> CheckAgreement:
    """`states` counts every repeat, those that say nothing too."""
    said = _said(items)
    spreads = [
        max(scores) - min(scores)
        for item in said
        if len(scores := [one.score for one in item if one.score is not None]) > 1
    ]
    states = sum(map(_states, items), Counter[str]())
    return CheckAgreement(
        check_id=check_id,
        creatives=len(said),
        exact=_exact(said),
        kappa=fleiss_kappa([_states(item) for item in said]),
        score_spread_most=_shown(max(spreads)) if spreads else None,
        score_spread_mean=_shown(sum(spreads) / len(spreads)) if spreads else None,
        states=dict(states.most_common()),
    )


def _exact(items: Sequence[Sequence[CheckResult]]) -> Estimate:
    return share(sum(len(_states(item)) == 1 for item in items), len(items))


def _states(item: Sequence[CheckResult]) -> Counter[str]:
    return Counter(one.state for one in item)


def _shown(value: float) -> float:
    return round(value, 4)
