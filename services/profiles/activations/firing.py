"""Carrying out what is due. Every process of the registry looks; the database decides who acts."""

import asyncio

import structlog

from libs.contracts.access import Actor
from libs.contracts.activations import ScheduleState
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict, Unavailable
from services.profiles import repository
from services.profiles.activations import schedule_rows
from services.profiles.activations.scheduling import change_of
from services.profiles.approval import require_no_approval
from services.profiles.domain.activations import Planned, obstacle
from services.profiles.domain.family import Family
from services.profiles.reading import exact_version
from services.profiles.writing import write_move

log = structlog.get_logger()
LOOK_EVERY_S = 1.0


async def run(pool: Pool) -> None:
    """Look for what is due until cancelled."""
    while True:
        try:
            await fire_due(pool)
        except Unavailable:
            log.warning("schedules wait for the database")
        except Exception:
            log.exception("schedules could not be looked at")
        await asyncio.sleep(LOOK_EVERY_S)


async def fire_due(pool: Pool) -> int:
    """Carry out all that is due, the earliest first; return how many this process ended.

    A profile whose move fails is passed over, so that it holds up no other.
    """
    fired, failed = 0, list[str]()
    while True:
        async with transaction(pool) as db:
            due = await schedule_rows.next_due(db, failed)
        if due is None:
            return fired
        schedule_id, slug = due
        try:
            async with transaction(pool) as db:
                # The family first, as everybody locks; then whether it is still to be done.
                family = await repository.lock_family(db, slug)
                planned = await schedule_rows.one(db, schedule_id)
                if family and planned and planned.state == "pending":
                    await _fire(db, family, planned)
                    fired += 1
        except Unavailable:
            raise
        except Exception:
            log.exception("a schedule could not be carried out", schedule=str(schedule_id))
            failed.append(slug)


async def _fire(db: Connection, family: Family, planned: Planned) -> None:
    """Move and mark in the caller's transaction: a process that dies leaves all to the next."""
    why = obstacle(planned, family) or await _approval_missing(db, family, planned)
    actor = Actor(subject=planned.created_by, kind="user")
    if not why:
        active = await exact_version(db, family, family.active_version)
        chosen = await exact_version(db, family, planned.version)
        await write_move(db, actor, family, (active, chosen), "schedule", planned.note)
    state: ScheduleState = "conflict" if why else "done"
    ended = await schedule_rows.end(db, planned.schedule_id, state, actor.subject, why)
    assert ended, "the family's lock keeps a schedule from ending twice"
    await repository.add_audit_event(db, change_of(ended, 2, actor.subject))
    log.info("a schedule ended", schedule=str(ended.schedule_id), state=state, why=why)


async def _approval_missing(db: Connection, family: Family, planned: Planned) -> str:
    try:
        await require_no_approval(db, family, version=planned.version)
    except Conflict as conflict:
        return conflict.detail
    return ""
