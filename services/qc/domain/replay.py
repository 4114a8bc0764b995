"""What a replay asks again, and what comes of it: pure, over what two analyses say."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import fsum
from uuid import UUID

from pydantic import JsonValue

from libs.contracts.profiles import Check, Profile, ProfileEdit
from libs.contracts.qc import Analysis, CheckResult
from libs.contracts.replays import (
    AskedBecause,
    How,
    ReplayedCheck,
    ReplayedCreative,
    ReplayTotals,
)
from libs.contracts.review import Comparison
from services.qc.domain.answer_key import ANSWERS
from services.qc.domain.cost_shares import exact_sum

NOT_ASKED = {"weight", "critical"}
"""Fields of a judged check that no model is told of: they only count in the score."""

Measurements = Mapping[str, Mapping[str, JsonValue]]


def edited(base: Profile, edit: ProfileEdit) -> Profile:
    """`base` with the fields that `edit` names; who may use it is not touched.

    It is no version, so both hashes are empty.
    """
    fields = {"name", "description", "pass_threshold", "checks"}
    changes = edit.model_dump(mode="json", include=fields, exclude_none=True)
    whole = base.model_dump(mode="json") | changes | {"content_hash": "", "scoring_hash": ""}
    return Profile.model_validate(whole)


def why_asked(
    check: Check,
    before: Check | None,
    result: CheckResult | None,
    models: Collection[str],
) -> AskedBecause | None:
    """Why the stored answer does not count for `check`; None: it does, if the facts are the same.

    `before` is the check as it was then. `models` are those that may answer now, as
    `provider/model`; empty: none can be asked, so what is stored is all there is.
    """
    if before is None or result is None or before.kind != "judged":
        return "new"
    if _asked_as(check) != _asked_as(before):
        return "changed"
    if result.state not in ANSWERS:
        return "no_answer"
    if models and result.model_requested and result.model_requested not in models:
        return "other_model"
    return None


def _asked_as(check: Check) -> dict[str, object]:
    return {name: value for name, value in dict(check).items() if name not in NOT_ASKED}


def exact_checks(checks: Mapping[str, Check]) -> dict[str, tuple[str, object]]:
    """What each exact check measures, and with which parameters."""
    return {
        check_id: (check.measure or check_id, check.parameters)
        for check_id, check in checks.items()
        if check.kind == "exact"
    }


def measurements(checks: Mapping[str, Check], results: Iterable[CheckResult]) -> Measurements:
    """What models are told of the exact checks."""
    exact = exact_checks(checks)
    return {one.check_id: one.measurements for one in results if one.check_id in exact}


def carried(check: Check, result: CheckResult, source_id: UUID) -> CheckResult:
    """The stored answer as one under `check`, which may weigh otherwise."""
    return result.model_copy(
        update={
            "weight": check.weight,
            "critical": check.critical,
            "carried_from": result.carried_from or source_id,
        }
    )


def how_of(result: CheckResult | None, check: Check | None) -> How:
    if result is None or check is None:
        return "none"
    if check.kind == "exact":
        return "measured"
    if result.carried_from:
        return "carried"
    return "skipped" if result.state == "skipped" else "asked"


def replayed_checks(found: Comparison, after: Analysis, profile: Profile) -> list[ReplayedCheck]:
    """Check by check, with the findings that come and go."""
    now = {result.check_id: result for result in after.checks}
    return [
        ReplayedCheck(
            **one.model_dump(exclude={"findings"}),
            findings=[finding for finding in one.findings if finding.fate != "stays"],
            how=how_of(now.get(one.check_id), profile.checks.get(one.check_id)),
        )
        for one in found.checks
    ]


def cost_after(before: Analysis, after: Analysis) -> Decimal | None:
    """What an analysis with these results costs: stored answers what was paid for them then."""
    then = {result.check_id: result.cost_usd for result in before.checks}
    if after.cost_usd is None:
        return None
    costs = [then.get(one.check_id) for one in after.checks if one.carried_from]
    return exact_sum([after.cost_usd, *costs])


def totals(items: Sequence[ReplayedCreative]) -> ReplayTotals:
    """Over the creatives that were replayed to their end."""
    done = [one for one in items if one.after]
    hows = Counter(check.how for one in done for check in one.checks)
    fates = Counter(found.fate for one in done for c in one.checks for found in c.findings)
    flips = Counter(flip for one in done if (flip := _flip(one)))
    changes = [one.score_change for one in done if one.score_change]
    before, after = [one.before for one in done], [one.after for one in done if one.after]
    return ReplayTotals(
        creatives=len(items),
        replayed=len(done),
        not_replayed=sum(one.state == "not_replayed" for one in items),
        mean_score_before=_mean(side.score for side in before),
        mean_score_after=_mean(side.score for side in after),
        flips=dict(sorted(flips.items())),
        better=sum(change > 0 for change in changes),
        worse=sum(change < 0 for change in changes),
        findings_new=fates["new"],
        findings_gone=fates["gone"],
        measured=hows["measured"],
        asked=hows["asked"],
        carried=hows["carried"],
        cost_before_usd=exact_sum(side.cost_usd for side in before),
        cost_after_usd=exact_sum(side.cost_usd for side in after),
    )


def _flip(one: ReplayedCreative) -> str | None:
    if not one.after or not one.flips:
        return None
    return f"{one.before.verdict} → {one.after.verdict}"


def _mean(scores: Iterable[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return round(fsum(known) / len(known), 2) if known else None


def newest_of_each_file(found: Iterable[tuple[UUID, str, str]], most: int) -> Iterator[UUID]:
    """Ids of (id, hash, name), the newest first: one for each file and name, `most` at most."""
    seen: set[tuple[str, str]] = set()
    for one, sha256, name in found:
        if len(seen) == most:
            return
        if (sha256, name) not in seen:
            seen.add((sha256, name))
            yield one
