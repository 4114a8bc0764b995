"""What one analysis would be, before it is begun: its checks, its calls and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from libs.contracts.estimates import EstimatedCall, EstimatedCheck
from libs.contracts.profiles import Check, Resolved
from libs.contracts.qc import Creative
from libs.postgres import Connection, transaction
from services.qc import briefing
from services.qc.asking.answers import answers_kept
from services.qc.briefing import StoredBrief, Wishes
from services.qc.domain.cost_shares import exact_sum
from services.qc.domain.estimate import Habits
from services.qc.earlier import find_earlier
from services.qc.estimating import Given, expected_calls
from services.qc.habits import measured_lately
from services.qc.quoting import Quotes, of_checks
from services.qc.run import Bench


@dataclass(frozen=True, slots=True)
class Wanted:
    """What creatives would be checked for; `only` names some of the checks, none: all."""

    resolved: Resolved
    wishes: Wishes
    habits: Habits
    only: Sequence[str] = ()
    can_wait: bool = False

    @property
    def checks(self) -> dict[str, Check]:
        checks = self.resolved.profile.checks
        return {id: checks[id] for id in self.only or checks}

    @property
    def learned_from(self) -> int:
        return sum(habit.calls for habit in self.habits.of_models.values())


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`earlier` was asked the same of the same file."""

    checks: list[EstimatedCheck]
    calls: list[EstimatedCall]
    earlier: UUID | None

    @property
    def cost_usd(self) -> Decimal | None:
        return exact_sum(call.cost_usd for call in self.calls)


@dataclass(frozen=True, slots=True)
class _Known:
    """`answered`: the checks whose answers are kept."""

    given: Given
    earlier: UUID | None
    answered: frozenset[str]


async def foresee(bench: Bench, quotes: Quotes, wanted: Wanted, creative: Creative) -> Foreseen:
    """Nothing is run and nobody is asked. Raises Invalid or NotFound as the analysis would."""
    client_id, judge, checks = wanted.resolved.client_id, bench.judge, wanted.checks
    async with transaction(bench.pool, [client_id]) as db:
        known = await _known(db, wanted, creative)
    judged = {id: check for id, check in checks.items() if check.kind == "judged"}
    reasons = {id: why for id, check in judged.items() if (why := judge.skipped(check))}
    asked = {id: check for id, check in judged.items() if id not in known.answered}
    calls = await expected_calls(judge, quotes, asked, known.given, wanted.habits)
    told = of_checks(checks, calls, reasons)
    return Foreseen(_marked(told, known.answered - reasons.keys()), calls, known.earlier)


async def _known(db: Connection, wanted: Wanted, creative: Creative) -> _Known:
    profile, client_id = wanted.resolved.profile, wanted.resolved.client_id
    brief = await briefing.settle(db, wanted.resolved, wanted.wishes, creative.file_name)
    brief = briefing.patient(brief) if wanted.can_wait else brief
    file = (creative.sha256, creative.file_name)
    earlier = await find_earlier(db, client_id, file, profile, wanted.only, brief)
    exact = [id for id, check in wanted.checks.items() if check.kind == "exact"]
    measured = await measured_lately(db, client_id, profile.profile_id, file[0], exact)
    given = Given(client_id, creative, brief, measured)
    return _Known(given, earlier, await _answered(db, client_id, earlier, brief))


async def _answered(
    db: Connection, client_id: str, earlier: UUID | None, brief: StoredBrief
) -> frozenset[str]:
    if earlier is None or brief.given.fresh:
        return frozenset()
    return await answers_kept(db, client_id, earlier)


def _marked(checks: Sequence[EstimatedCheck], answered: frozenset[str]) -> list[EstimatedCheck]:
    return [
        one.model_copy(update={"answered": True}) if one.check_id in answered else one
        for one in checks
    ]
