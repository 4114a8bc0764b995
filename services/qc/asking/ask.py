"""All judged checks of one analysis: in groups, some ahead of the others, the rest at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult
from services.qc.asking.group import Asking
from services.qc.asking.judge import Judge
from services.qc.asking.keeper import Keeper
from services.qc.asking.telling import Telling
from services.qc.asking.triage import ask_with_triage
from services.qc.domain.grouping import Group, primes
from services.qc.domain.routing import ModelRef
from services.qc.gallery import Gallery
from services.qc.repository import AnalysisRow

Heard = Callable[[Sequence[CheckResult]], Awaitable[None]]


async def ask_all(
    judge: Judge,
    row: AnalysisRow,
    checks: Mapping[str, Check],
    gallery: Gallery,
    measured: Mapping[str, Mapping[str, JsonValue]],
    heard: Heard,
) -> None:
    """Ask `checks`, and hand over each group's results as they come; the judge bounds the calls.

    The results of an answer are stored already. Raises LeaseLost in a group of exceptions.
    """
    telling = Telling(judge, row, list(checks), gallery, measured)
    keeper = Keeper(judge, row, telling.of)
    await ask_with_triage(keeper, judge.groups(checks), _Rounds(telling.shared_tokens).ask, heard)


@dataclass(frozen=True, slots=True)
class _Rounds:
    """Groups of one analysis; `prefix_tokens` is what all of them share, for a model."""

    prefix_tokens: Callable[[ModelRef], int]

    async def ask(self, keeper: Keeper, groups: Sequence[Group], heard: Heard) -> None:
        for turn in primes(groups, self.prefix_tokens):
            async with asyncio.TaskGroup() as running:
                for group in turn:
                    running.create_task(_ask_one(keeper, group, heard))


async def _ask_one(keeper: Keeper, group: Group, heard: Heard) -> None:
    """What was answered before is taken, the rest is asked."""
    if kept := await keeper.take_kept(group):
        await heard(kept)
        group = group.without({result.check_id for result in kept})
    if group.checks:
        asking = Asking(keeper.judge, keeper.row, group, keeper.told, keeper.stored)
        await heard(await asking.until_answered())
