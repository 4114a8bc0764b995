"""Making, listing and cancelling schedules: moves of the pointer that are to come."""

from datetime import timedelta
from uuid import UUID

from libs import telemetry
from libs.contracts.access import Actor
from libs.contracts.activations import Schedule, ScheduleList, ScheduleRequest
from libs.ids import uuid7
from libs.postgres import Pool
from libs.problems import Conflict, Invalid, NotFound
from services.profiles import repository
from services.profiles.access import unknown_profile
from services.profiles.activations import rows, schedule_rows
from services.profiles.approval import require_no_approval
from services.profiles.domain.activations import Planned, schedule_of
from services.profiles.domain.canonical import digest
from services.profiles.domain.family import Change
from services.profiles.domain.slug import profile_id_of
from services.profiles.holding import Held, held, parsed, seen
from services.profiles.reading import exact_version

FARTHEST = timedelta(days=366)
MOST_PENDING = 50
MOST_LISTED = 200


async def schedule(pool: Pool, actor: Actor, profile_id: str, wanted: ScheduleRequest) -> Schedule:
    """Plan to activate exactly that version at an instant of the database's clock.

    Raises NotFound, Forbidden, Invalid, and Conflict when it takes an approved draft or the
    instant is taken.
    """
    async with held(pool, actor, profile_id) as hold:
        db, family = hold.db, hold.family
        await exact_version(db, family, hold.number)
        await require_no_approval(db, family, version=hold.number)
        planned = await _plan(hold, actor, wanted)
        await schedule_rows.add(db, planned)
        await repository.add_audit_event(db, change_of(planned, 1, actor.subject))
        return schedule_of(planned)


async def list_schedules(pool: Pool, actor: Actor, profile_id: str) -> ScheduleList:
    """Raises NotFound."""
    async with seen(pool, actor, profile_id) as hold:
        if hold.number > hold.family.last_version:
            raise unknown_profile(profile_id)
        found = await schedule_rows.of_profile(hold.db, hold.family.slug, MOST_LISTED)
    return ScheduleList(schedules=[schedule_of(planned) for planned in found])


async def cancel(pool: Pool, actor: Actor, profile_id: str, schedule_id: UUID) -> Schedule:
    """Cancel what is to come; done twice it cancels once. Raises Conflict for what is over."""
    async with held(pool, actor, profile_id) as hold:
        db = hold.db
        ended = None
        before = await schedule_rows.one(db, schedule_id)
        if before and before.slug == hold.family.slug:
            ended = await schedule_rows.end(db, schedule_id, "cancelled", actor.subject)
        if ended:
            await repository.add_audit_event(db, change_of(ended, 2, actor.subject))
            return schedule_of(ended)
    if before is None or before.slug != parsed(profile_id)[0]:
        raise NotFound("unknown_schedule", f"{profile_id} has no schedule {schedule_id}.")
    if before.state != "cancelled":
        raise Conflict("schedule_over", f"That schedule is over: {before.state}.")
    return schedule_of(before)


def change_of(planned: Planned, revision: int, by: str) -> Change:
    """The audit's row of a schedule that was made (revision 1) or that ended (2)."""
    what = "create" if revision == 1 else planned.state
    return Change(
        object_kind="schedule",
        object_id=str(planned.schedule_id),
        revision=revision,
        action=f"schedule.{what}",
        actor=by,
        before_hash=None if revision == 1 else _hash(planned, "pending"),
        after_hash=_hash(planned, planned.state),
        request_id=telemetry.request_id(),
        details={
            "profile": planned.slug,
            "version": planned.version,
            "expected_version": planned.expected_version,
            "activate_at": planned.activate_at.isoformat(),
            **({"note": planned.note} if planned.note else {}),
            **({"reason": planned.reason} if planned.reason else {}),
        },
    )


async def _plan(hold: Held, actor: Actor, wanted: ScheduleRequest) -> Planned:
    db, family = hold.db, hold.family
    now = await rows.now(db)
    if not now < wanted.activate_at <= now + FARTHEST:
        raise Invalid(
            "bad_instant",
            f"activate_at: it is {now:%Y-%m-%dT%H:%M:%SZ}; give a later instant, within a year.",
        )
    if await schedule_rows.pending_at(db, family.slug, wanted.activate_at):
        raise Conflict("instant_taken", "Another schedule has that instant: cancel it first.")
    if await schedule_rows.count_pending(db, family.slug) >= MOST_PENDING:
        raise Conflict(
            "too_many_schedules", f"{MOST_PENDING} schedules are pending: cancel one first."
        )
    expected = await _expected(hold, wanted)
    if expected == hold.number:
        raise Invalid(
            "no_move",
            f"{family.id_of(hold.number)} will be active by then anyway: there is no move.",
        )
    return Planned(
        uuid7(), family.slug, hold.number, expected, wanted.activate_at, family.audience,
        wanted.note, "pending", "", now, actor.subject, None, None,
    )  # fmt: skip


async def _expected(hold: Held, wanted: ScheduleRequest) -> int:
    db, family = hold.db, hold.family
    if wanted.expected_profile_id is None:
        earlier = await schedule_rows.last_before(db, family.slug, wanted.activate_at)
        return earlier.version if earlier else family.active_version
    slug, number = parsed(wanted.expected_profile_id)
    if slug != family.slug:
        raise Invalid(
            "other_profile",
            f"expected_profile_id: name a version of {family.slug}, as "
            f"{profile_id_of(family.slug, family.active_version)}.",
        )
    return (await exact_version(db, family, number)).version


def _hash(planned: Planned, state: str) -> str:
    """SHA-256 in hex of what the schedule says and has become."""
    return digest(
        {
            "profile": planned.slug,
            "version": planned.version,
            "expected_version": planned.expected_version,
            "activate_at": planned.activate_at.isoformat(),
            "state": state,
        }
    )
