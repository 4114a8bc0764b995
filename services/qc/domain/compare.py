"""Two analyses side by side: what got better, what worse, and what that may follow from."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from libs.contracts.qc import Analysis, CheckResult, Finding, Region
from libs.contracts.review import (
    Change,
    ComparedCheck,
    ComparedFinding,
    Comparison,
    Side,
)

SAME_PLACE = 0.5
"""Share of two regions that they have in common, from which on they are one place."""
SAME_WORDS = 0.8
MOST_COMPARED = 60
"""Findings of a side that are compared word by word: it takes the square of them."""


def compare(before: Analysis, after: Analysis) -> Comparison:
    """From the first to the other; states and scores are those that count, with overrides."""
    earlier = {result.check_id: result for result in before.checks}
    later = {result.check_id: result for result in after.checks}
    ids = [*later, *(check_id for check_id in earlier if check_id not in later)]
    checks = [_check(check_id, earlier.get(check_id), later.get(check_id)) for check_id in ids]
    order: tuple[Change, ...] = ("worse", "other", "added", "removed", "better", "same")
    return Comparison(
        before=_side(before),
        after=_side(after),
        score_change=_difference(before.score, after.score),
        differs=list(_differences(before, after)),
        checks=sorted(checks, key=lambda check: order.index(check.change)),
    )


def got_worse(comparison: Comparison) -> bool:
    """Whether a check, or the verdict of the whole, is worse than it was."""
    verdicts = ("fail", "incomplete", "pass")
    was, now = comparison.before.verdict, comparison.after.verdict
    fell = bool(was and now and verdicts.index(now) < verdicts.index(was))
    return fell or any(check.change == "worse" for check in comparison.checks)


def match_findings(
    before: Sequence[Finding], after: Sequence[Finding]
) -> list[tuple[Finding | None, Finding | None]]:
    """Pairs of what is one remark on both sides; each finding is in one pair, maybe alone.

    The likest go together first. Two are one remark when they are on one page and say the
    same, or lie in one place, or say nearly the same without lying in two places.
    """
    left, right = dict(enumerate(before)), dict(enumerate(after))
    pairs: list[tuple[Finding | None, Finding | None]] = []
    for i, j in (*_equal(before, after), *_alike(before, after)):
        if i in left and j in right:
            pairs.append((left.pop(i), right.pop(j)))
    return [
        *pairs,
        *((None, one) for one in right.values()),
        *((one, None) for one in left.values()),
    ]


def _equal(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[tuple[int, int]]:
    """Places of findings that say the same in the same place; this is most of them, and quick."""
    places: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for j, other in enumerate(after):
        places[_identity(other)].append(j)
    for i, one in enumerate(before):
        if found := places[_identity(one)]:
            yield i, found.pop(0)


def _identity(one: Finding) -> tuple[object, ...]:
    return one.page, one.message, one.region and one.region.model_dump_json()


def _alike(before: Sequence[Finding], after: Sequence[Finding]) -> list[tuple[int, int]]:
    """Places of findings that may be one remark, the likest first; of long lists the start."""
    likeness = [
        (_likeness(one, other), -i, -j)
        for i, one in enumerate(before[:MOST_COMPARED])
        for j, other in enumerate(after[:MOST_COMPARED])
    ]
    return [(-i, -j) for like, i, j in sorted(likeness, reverse=True) if like > 0]


def _likeness(one: Finding, other: Finding) -> float:
    """0 for two remarks, more the likelier they are one."""
    if one.page != other.page:
        return 0
    shared = _shared(one.region, other.region)
    words = SequenceMatcher(None, one.message[:300], other.message[:300], autojunk=False).ratio()
    if shared >= SAME_PLACE:
        return 1 + shared + words
    apart = one.region is not None and other.region is not None and shared == 0
    return words if words >= SAME_WORDS and not apart else 0


def _shared(one: Region | None, other: Region | None) -> float:
    """Area that two regions have in common, of what they cover together; 0 without both."""
    if one is None or other is None:
        return 0
    wide = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    high = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    common = max(wide, 0.0) * max(high, 0.0)
    whole = one.w * one.h + other.w * other.h - common
    return common / whole if whole > 0 else float(one == other)


def _check(check_id: str, before: CheckResult | None, after: CheckResult | None) -> ComparedCheck:
    pairs = match_findings(before.findings if before else [], after.findings if after else [])
    findings = [_finding(was, now) for was, now in pairs]
    return ComparedCheck(
        check_id=check_id,
        change=_change(before, after, findings),
        before_state=before.state if before else None,
        after_state=after.state if after else None,
        before_score=before.score if before else None,
        after_score=after.score if after else None,
        score_change=_difference(before.score, after.score) if before and after else None,
        findings=findings,
        why=list(_reasons(before, after)) if before and after else [],
    )


def _finding(was: Finding | None, now: Finding | None) -> ComparedFinding:
    if was and now:
        return ComparedFinding(fate="stays", finding=now, was=was)
    if now:
        return ComparedFinding(fate="new", finding=now)
    if was:
        return ComparedFinding(fate="gone", finding=was)
    raise AssertionError("a pair has a finding")


def _change(
    before: CheckResult | None, after: CheckResult | None, findings: Sequence[ComparedFinding]
) -> Change:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    if before.state != after.state:
        moves: dict[tuple[str, str], Change] = {
            ("failed", "passed"): "better",
            ("passed", "failed"): "worse",
        }
        return moves.get((before.state, after.state), "other")
    if change := _difference(before.score, after.score):
        return "better" if change > 0 else "worse"
    fates = {finding.fate for finding in findings}
    if fates >= {"new", "gone"}:
        return "other"
    return "worse" if "new" in fates else "better" if "gone" in fates else "same"


def _reasons(before: CheckResult, after: CheckResult) -> Iterator[str]:
    """What differs of what the two results follow from, in words."""
    if before.model_served != after.model_served:
        was, now = before.model_served or "no model", after.model_served or "no model"
        yield f"answered by {now}, before by {was}"
    if before.prompt_hash and after.prompt_hash and before.prompt_hash != after.prompt_hash:
        yield "asked with other words"
    if (before.weight, before.critical) != (after.weight, after.critical):
        yield "another weight, or critical now or before"
    same = (before.state, before.score) == (after.state, after.score)
    for side, result in (("earlier", before), ("later", after)):
        if result.found and not same:
            yield f"a reviewer changed the {side} result"


def _differences(before: Analysis, after: Analysis) -> Iterator[str]:
    """What differs of what the whole follows from, in words."""
    if before.creative.sha256 != after.creative.sha256:
        yield "another file"
    elif before.creative.file_name != after.creative.file_name:
        yield "the same file under another name"
    if before.profile_hash != after.profile_hash or before.profile_id != after.profile_id:
        yield (
            f"{after.profile_id}, version {after.profile_version}, before {before.profile_id}, "
            f"version {before.profile_version}"
        )
    if before.only != after.only:
        yield "other checks of the profile were run"
    was, now = before.given, after.given
    used = [{(a.kind, a.name, a.sha256) for a in given.assets} for given in (was, now)]
    if used[0] != used[1]:
        yield "other reference assets, or other versions of them"
    if was.brand_version != now.brand_version:
        yield "the client's brand data changed"
    if (was.plan, was.placement, was.market) != (now.plan, now.placement, now.market):
        yield "another media plan, placement or market"


def _side(analysis: Analysis) -> Side:
    return Side.model_validate(
        analysis.model_dump(include=set(Side.model_fields), exclude={"checks"})
    )


def _difference(before: float | None, after: float | None) -> float | None:
    """Two places, which is how scores are shown."""
    return None if before is None or after is None else round(after - before, 2)


def summary(comparison: Comparison) -> str:
    """`2 worse, 1 better, 8 same; score +3.5`."""
    counts = Counter(check.change for check in comparison.checks)
    words = ", ".join(f"{count} {change}" for change, count in counts.items()) or "no checks"
    return f"{words}; score {signed(comparison.score_change)}"


def signed(change: float | None) -> str:
    return "–" if change is None else f"{change:+g}" if change else "0"
