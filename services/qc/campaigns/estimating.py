"""What a whole campaign would cost, before it is made: every cell of its matrix is foreseen."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from libs.contracts.access import Actor
from libs.contracts.campaigns import CampaignOrder
from libs.contracts.estimates import (
    CampaignEstimate,
    EstimatedCell,
    EstimatedFile,
    EstimatedProfile,
    Unreadable,
)
from libs.contracts.profiles import Resolved
from libs.contracts.qc import Creative
from libs.postgres import transaction
from libs.problems import Problem
from services.qc.asking.judge import Judge
from services.qc.briefing import Wishes
from services.qc.campaigns.offering import Opened, door_for_all, each_of, open_all, order_in
from services.qc.campaigns.ordering import settle_order, wishes_in
from services.qc.campaigns.taking import Desk
from services.qc.domain.cost_shares import exact_sum
from services.qc.files import receive_all
from services.qc.foreseeing import Foreseen, Wanted, foresee
from services.qc.habits import habits_of
from services.qc.quoting import Quotes, unpriced
from services.qc.run import Bench


@dataclass(frozen=True, slots=True)
class _Column:
    """One profile, with what became of each file against it, in the order of the files."""

    wanted: Wanted
    cells: Sequence[Foreseen | Problem]

    @property
    def foreseen(self) -> list[Foreseen]:
        return [cell for cell in self.cells if isinstance(cell, Foreseen)]

    @property
    def profile_id(self) -> str:
        return self.wanted.resolved.profile.profile_id


async def estimate_campaign(
    desk: Desk, actor: Actor, request: web.Request, quotes: Quotes
) -> CampaignEstimate:
    """It takes and refuses what a campaign does. Nothing is run, and no file is kept."""
    bench = desk.bench
    async with receive_all(request, bench.scratch, door_for_all(desk.settings)) as sent:
        order = order_in(sent)
        settled = await settle_order(bench, desk.profiles, desk.hosts, actor, order)
        opened = await open_all(desk, order.client, sent)
    columns = [
        await _column(bench, quotes, await _wanted(bench, order, one), opened)
        for one in settled.profiles
    ]
    return _told(order, opened, columns, bench.judge)


async def _wanted(bench: Bench, order: CampaignOrder, resolved: Resolved) -> Wanted:
    async with transaction(bench.pool, [order.client]) as db:
        habits = await habits_of(db, order.client, resolved.profile.profile_id)
    return Wanted(resolved, Wishes(**wishes_in(order)), habits, can_wait=order.can_wait)


async def _column(bench: Bench, quotes: Quotes, wanted: Wanted, opened: Opened) -> _Column:
    async def cell(creative: Creative) -> Foreseen:
        return await foresee(bench, quotes, wanted, creative)

    return _Column(wanted, await each_of(cell, opened.creatives.values()))


def _told(
    order: CampaignOrder, opened: Opened, columns: Sequence[_Column], judge: Judge
) -> CampaignEstimate:
    calls = [call for one in columns for cell in one.foreseen for call in cell.calls]
    rows = zip(*(one.cells for one in columns), strict=True)
    files = [
        _file(name, creative, [_cell(*pair) for pair in zip(columns, row, strict=True)])
        for (name, creative), row in zip(opened.creatives.items(), rows, strict=True)
    ]
    cells = [cell for file in files for cell in file.cells]
    return CampaignEstimate(
        client_id=order.client,
        can_wait=order.can_wait,
        cost_usd=exact_sum(call.cost_usd for call in calls),
        waiting_usd=exact_sum(call.waiting_usd for call in calls),
        profiles=[_profile(one, judge) for one in columns],
        files=files,
        asked=sum(cell.asked for cell in cells),
        answered=sum(cell.answered for cell in cells),
        unreadable=[
            Unreadable(file=name, code=why.code, reason=why.detail)
            for name, why in opened.refused.items()
        ],
        left_out=opened.left_out,
        unpriced=unpriced(calls),
    )


def _file(name: str, creative: Creative, cells: list[EstimatedCell]) -> EstimatedFile:
    cost = exact_sum(cell.cost_usd for cell in cells if cell.code is None)
    return EstimatedFile(file=name, sha256=creative.sha256, cost_usd=cost, cells=cells)


def _cell(column: _Column, found: Foreseen | Problem) -> EstimatedCell:
    if isinstance(found, Problem):
        told = {"code": found.code, "reason": found.detail}
        return EstimatedCell(profile_id=column.profile_id, **told)
    judged = [check for check in found.checks if check.kind == "judged"]
    answered = sum(check.answered for check in judged)
    return EstimatedCell(
        profile_id=column.profile_id,
        asked=sum(check.reason is None for check in judged) - answered,
        answered=answered,
        cost_usd=found.cost_usd,
        earlier=found.earlier,
    )


def _profile(column: _Column, judge: Judge) -> EstimatedProfile:
    profile, checks = column.wanted.resolved.profile, column.wanted.checks
    judged = {id: check for id, check in checks.items() if check.kind == "judged"}
    return EstimatedProfile(
        profile_id=profile.profile_id,
        version=profile.version,
        content_hash=profile.content_hash,
        judged=len(judged),
        exact=len(checks) - len(judged),
        cost_usd=exact_sum(cell.cost_usd for cell in column.foreseen),
        not_asked={id: why for id, check in judged.items() if (why := judge.skipped(check))},
        learned_from=column.wanted.learned_from,
    )
