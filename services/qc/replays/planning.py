"""What a replay runs, over which analyses, and what that would cost: found before anything is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from libs.actor import require
from libs.api.profiles import ProfilesApi
from libs.api.usage import UsageApi
from libs.contracts.access import Action, Actor
from libs.contracts.estimates import EstimatedCall
from libs.contracts.profiles import Check, Profile
from libs.contracts.qc import CheckResult
from libs.contracts.replays import (
    AskedBecause,
    ReplayEstimate,
    ReplayPlanned,
    ReplayProfile,
    ReplayQuestion,
)
from libs.postgres import transaction
from libs.problems import Conflict, Invalid
from services.qc import briefing, repository
from services.qc.briefing import StoredBrief
from services.qc.domain.cost_shares import exact_sum
from services.qc.domain.estimate import Habits
from services.qc.domain.replay import (
    edited,
    exact_checks,
    measurements,
    newest_of_each_file,
    why_asked,
)
from services.qc.estimating import Given, expected_calls
from services.qc.habits import habits_of
from services.qc.quoting import Quotes, unpriced
from services.qc.replays import items
from services.qc.repository import AnalysisRow
from services.qc.run import Bench

MOST_LOOKED_AT = 5_000
NO_REPLAY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Source:
    """An analysis that is replayed, with what was found and what it would be held against now."""

    row: AnalysisRow
    results: Mapping[str, CheckResult]
    brief: StoredBrief


@dataclass(frozen=True, slots=True)
class Planned:
    """`calls` are those of all creatives; the habits are what they were learned from."""

    client_id: str
    profile: Profile
    source: Literal["version", "edit", "draft"]
    creatives: list[ReplayPlanned] = field(default_factory=list)
    calls: list[EstimatedCall] = field(default_factory=list)
    learned_from: int = 0


async def plan(
    bench: Bench, profiles: ProfilesApi, usage: UsageApi, actor: Actor, question: ReplayQuestion
) -> Planned:
    """Raises Conflict when there is nothing to replay, NotFound, Forbidden or Invalid."""
    client_id = question.client
    require(actor, Action.RUN_ANALYSES, client_id)
    profile, source = await _profile(profiles, actor, question)
    found = await _sources(bench, profile, question)
    async with transaction(bench.pool, [client_id]) as db:
        habits = await habits_of(db, client_id, profile.profile_id)
    learned_from = sum(habit.calls for habit in habits.of_models.values())
    planned = Planned(client_id, profile, source, learned_from=learned_from)
    quotes = Quotes(usage)
    for one in found:
        told, calls = await _creative(bench, quotes, profile, one, habits)
        planned.creatives.append(told)
        planned.calls.extend(calls)
    return planned


async def _profile(
    profiles: ProfilesApi, actor: Actor, question: ReplayQuestion
) -> tuple[Profile, Literal["version", "edit", "draft"]]:
    """What is run. A content that no version has is for those who may save one."""
    if question.draft_id:
        require(actor, Action.WRITE_PROFILES, question.client)
        draft = await profiles.draft(question.draft_id)
        base = await profiles.resolve(question.client, draft.base_profile_id)
        content = draft.content.model_dump(mode="json")
        hashes = {"content_hash": draft.content_hash, "scoring_hash": draft.scoring_hash}
        return _whole(base.profile, content | hashes), "draft"
    base = await profiles.resolve(question.client, question.profile)
    if question.edit is None:
        return base.profile, "version"
    require(actor, Action.WRITE_PROFILES, question.client)
    return edited(base.profile, question.edit), "edit"


def _whole(base: Profile, changes: dict[str, object]) -> Profile:
    return Profile.model_validate(base.model_dump(mode="json") | changes)


async def _sources(bench: Bench, profile: Profile, question: ReplayQuestion) -> list[Source]:
    client_id = question.client
    slug = _slug(profile) if question.of == "profile" else None
    async with transaction(bench.pool, [client_id]) as db:
        newest = await items.newest(db, client_id, slug, MOST_LOOKED_AT)
        ids = list(newest_of_each_file(newest, question.last))
        found = [await repository.analysis(db, one) for one in ids]
        sources = [
            Source(
                row,
                {r.check_id: r for r in await repository.results(db, client_id, row.analysis_id)},
                await briefing.replayed(db, row, profile, NO_REPLAY),
            )
            for row in found
            if row
        ]
    if not sources:
        why = f"of {slug}: name `of=client` to take any profile's" if slug else "yet: check a file"
        raise Conflict("nothing_to_replay", f"The client has no finished analysis {why}.")
    return sources


def _slug(profile: Profile) -> str:
    """Of all versions of a profile; a version from the second on names its number."""
    return profile.profile_id.removesuffix(f"_v{profile.version}")


async def _creative(
    bench: Bench, quotes: Quotes, profile: Profile, source: Source, habits: Habits
) -> tuple[ReplayPlanned, list[EstimatedCall]]:
    """What is asked of one creative, and what those calls would cost."""
    row, creative = source.row, source.row.creative
    reasons = _reasons(bench, profile, source)
    asked: dict[str, Check] = {
        id: profile.checks[id] for id, why in reasons.items() if why in ASKED
    }
    gone = not await bench.store.has(creative.sha256)
    calls: list[EstimatedCall] = []
    if asked and not gone:
        measured = measurements(row.profile.checks, source.results.values())
        given = Given(row.client_id, creative, source.brief, measured)
        calls = await expected_calls(bench.judge, quotes, asked, given, habits)
    return ReplayPlanned(
        analysis_id=row.analysis_id,
        file_name=creative.file_name,
        sha256=creative.sha256,
        profile_id=row.profile.profile_id,
        profile_version=row.profile.version,
        asked={} if gone else {id: why for id, why in reasons.items() if why in ASKED},
        carried=[id for id, why in reasons.items() if why is None],
        skipped=[id for id, why in reasons.items() if why == SKIPPED],
        measured=list(exact_checks(profile.checks)),
        cost_usd=exact_sum(call.cost_usd for call in calls),
        gone=gone,
    ), calls


SKIPPED = "skipped"
ASKED: frozenset[AskedBecause] = frozenset(
    {"new", "changed", "no_answer", "other_model", "facts", "facts_may_change"}
)


def _reasons(
    bench: Bench, profile: Profile, source: Source
) -> dict[str, AskedBecause | Literal["skipped"] | None]:
    """Of each judged check why it is asked again; None: its stored answer counts.

    Exact checks that are the same measure the same, most likely: then what models are told is.
    """
    then = source.row.profile.checks
    facts_stay = exact_checks(profile.checks) == exact_checks(then)
    found: dict[str, AskedBecause | Literal["skipped"] | None] = {}
    for check_id, check in profile.checks.items():
        if check.kind != "judged":
            continue
        models = bench.judge.may_answer(check)
        why: AskedBecause | None = why_asked(
            check, then.get(check_id), source.results.get(check_id), models
        )
        if why is None and not facts_stay:
            why = "facts_may_change"
        found[check_id] = "skipped" if why and not models else why
    return found


def estimate_of(planned: Planned) -> ReplayEstimate:
    creatives = planned.creatives
    return ReplayEstimate(
        profile=profile_told(planned.profile, planned.source),
        creatives=creatives,
        cost_usd=exact_sum(one.cost_usd for one in creatives),
        asked=sum(len(one.asked) for one in creatives),
        carried=sum(len(one.carried) for one in creatives),
        gone=sum(one.gone for one in creatives),
        unpriced=unpriced(planned.calls),
        learned_from=planned.learned_from,
    )


def profile_told(profile: Profile, source: Literal["version", "edit", "draft"]) -> ReplayProfile:
    return ReplayProfile(
        profile_id=profile.profile_id,
        version=profile.version,
        name=profile.name,
        source=source,
        content_hash=profile.content_hash,
    )


def refuse_unpriced(planned: Planned) -> None:
    """Raises Invalid: what has no price cannot be kept within a budget."""
    if names := unpriced(planned.calls):
        raise Invalid(
            "no_price",
            f"No price is known for {', '.join(names)}, so no budget can be kept: set the price, "
            "or let the checks ask other models.",
        )
