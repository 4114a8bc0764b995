"""Triage: a cheap model is asked first, the strong one on doubt, and now and then to audit."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from libs.contracts.qc import CheckResult
from libs.metrics import TRIAGED
from libs.postgres import transaction
from services.qc.asking.answers import cheap_answers
from services.qc.asking.judge import Judge
from services.qc.asking.keeper import Keeper
from services.qc.domain.grouping import Group
from services.qc.domain.triage import Plan, Sorted, answered, doubt, sort_out
from services.qc.repository import AnalysisRow

log = structlog.get_logger()
Heard = Callable[[Sequence[CheckResult]], Awaitable[None]]
Ask = Callable[[Keeper, Sequence[Group], Heard], Coroutine[Any, Any, None]]


async def ask_with_triage(keeper: Keeper, groups: Sequence[Group], ask: Ask, heard: Heard) -> None:
    """Ask the groups, those that may be of a cheap model first.

    Raises LeaseLost in a group of exceptions.
    """
    plan = await keeper.judge.plan(groups)
    async with asyncio.TaskGroup() as running:
        running.create_task(ask(keeper, plan.strong, heard))
        if plan.cheap:
            running.create_task(_Triage(keeper, plan, ask, heard).run())


async def unconfirmed(
    judge: Judge, row: AnalysisRow, check_ids: Container[str]
) -> list[CheckResult]:
    """Of an analysis whose time is over: what cheap models said of checks without an outcome."""
    late = "the time of the analysis was over"
    async with transaction(judge.pool, [row.client_id]) as db:
        said = await cheap_answers(db, row.client_id, row.analysis_id)
    threshold, margin = row.profile.pass_threshold, judge.policy.margin
    return [
        answered(
            model,
            cheap,
            doubt(cheap, threshold, margin),
            CheckResult(check_id=check_id, state="error", reason=late),
        )
        for check_id, (model, cheap) in said.items()
        if check_id in check_ids
    ]


@dataclass(frozen=True, slots=True)
class _Triage:
    keeper: Keeper
    plan: Plan
    ask: Ask
    heard: Heard

    async def run(self) -> None:
        """Cheap answers first, all of them: only then is it known where the budget goes, and
        doubts from several calls share the next.
        """
        await self._ask_cheaply()
        said = await self._said()
        found = self._sorted(said)
        open_checks = self.plan.chains.keys()
        again = {id: why for id, why in found.again.items() if id in open_checks}
        stand = [id for id in open_checks if id not in again]
        if again:
            log.info("asking the strong model again", checks=again)
        await self.heard([self._final(id, said, found, None) for id in stand])

        def shape(strong: CheckResult) -> CheckResult:
            return self._final(strong.check_id, said, found, strong)

        async def heard_again(results: Sequence[CheckResult]) -> None:
            await self.heard([shape(result) for result in results])

        await self.ask(replace(self.keeper, shape=shape), self.plan.again(again), heard_again)

    async def _ask_cheaply(self) -> None:
        """Ask what no earlier worker has the answer to; what is not answered has none."""
        said = await self._said()
        left = [rest for group in self.plan.cheap if (rest := group.without(said)).checks]

        async def heard(results: Sequence[CheckResult]) -> None:
            """They are stored, and no outcomes yet."""

        await self.ask(replace(self.keeper, cheap=True), left, heard)

    async def _said(self) -> Mapping[str, tuple[str, CheckResult]]:
        row = self.keeper.row
        async with transaction(self.keeper.judge.pool, [row.client_id]) as db:
            return await cheap_answers(db, row.client_id, row.analysis_id)

    def _sorted(self, said: Mapping[str, tuple[str, CheckResult]]) -> Sorted:
        """Over all cheap answers of the analysis, also of checks that have their outcome: the
        budget is that of the whole.
        """
        row = self.keeper.row
        unanswered = [
            CheckResult(check_id=id, state="error") for id in self.plan.chains if id not in said
        ]
        results = [result for _, result in said.values()] + unanswered
        policy = self.keeper.judge.policy
        return sort_out(results, row.analysis_id, row.profile.pass_threshold, policy)

    def _final(
        self,
        check_id: str,
        said: Mapping[str, tuple[str, CheckResult]],
        found: Sorted,
        strong: CheckResult | None,
    ) -> CheckResult:
        model, cheap = said.get(check_id, (self._cheap_model(check_id), None))
        why = found.again.get(check_id) or found.beyond_budget.get(check_id)
        final = answered(model, cheap, why, strong)
        if final.triage:
            TRIAGED.labels(model, why or "enough", str(final.triage.agreed)).inc()
        return final

    def _cheap_model(self, check_id: str) -> str:
        return next(str(group.models[0]) for group in self.plan.cheap if check_id in group.checks)
