"""Rules of the active pointer: what a move does, what a schedule waits for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.contracts.activations import Activated, Activation, Schedule, ScheduleState
from services.profiles.domain.audience import Audience
from services.profiles.domain.family import Family, Version
from services.profiles.domain.slug import profile_id_of


@dataclass(frozen=True, slots=True)
class Move:
    """One place where the active pointer was, from `activated_at` on."""

    slug: str
    revision: int
    version: int
    reason: str
    note: str
    activated_at: datetime
    activated_by: str
    previous_version: int | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule: `version` is activated at `activate_at` if `expected_version` is active."""

    schedule_id: UUID
    slug: str
    version: int
    expected_version: int
    activate_at: datetime
    audience: Audience
    note: str
    state: ScheduleState
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None


def obstacle(planned: Planned, family: Family) -> str:
    """Why the move that is due cannot happen, for people; empty when it can.

    Who made the schedule had the right for the clients of then: it does not grow with them.
    """
    if family.archived_at is not None:
        return f"{family.slug} is archived"
    if family.active_version != planned.expected_version:
        return (
            f"{family.id_of(family.active_version)} was active instead of "
            f"{family.id_of(planned.expected_version)}"
        )
    if not _within(family.audience, planned.audience):
        return "clients use the profile now that did not when this was scheduled"
    return ""


def _within(now: Audience, then: Audience) -> bool:
    if then.visibility == "all":
        return True
    return now.visibility == "client_specific" and set(now.clients) <= set(then.clients)


def activated(
    before: Family, after: Family, versions: tuple[Version, Version], pinned: list[str]
) -> Activated:
    """The answer to a move from the first of `versions` to the second."""
    active, chosen = versions
    old, new = before.id_of(active.version), after.id_of(chosen.version)
    changed = active.version != chosen.version
    return Activated(
        message=f"{new} is active instead of {old}" if changed else f"{new} was active already",
        profile_id=new,
        previous_profile_id=old,
        version=chosen.version,
        changed=changed,
        comparable=active.scoring_hash == chosen.scoring_hash,
        pinned_clients=pinned,
        etag=after.etag(chosen.version),
    )


def activation_of(move: Move) -> Activation:
    """A line of the history."""
    before = move.previous_version
    return Activation(
        profile_id=profile_id_of(move.slug, move.version),
        version=move.version,
        previous_profile_id=profile_id_of(move.slug, before) if before else None,
        reason=move.reason,
        note=move.note,
        activated_at=move.activated_at,
        activated_by=move.activated_by,
        ended_at=move.ended_at,
    )


def schedule_of(planned: Planned) -> Schedule:
    """The schedule as an answer."""
    return Schedule(
        schedule_id=planned.schedule_id,
        profile_id=profile_id_of(planned.slug, planned.version),
        expected_profile_id=profile_id_of(planned.slug, planned.expected_version),
        activate_at=planned.activate_at,
        note=planned.note,
        state=planned.state,
        reason=planned.reason,
        created_at=planned.created_at,
        created_by=planned.created_by,
        ended_at=planned.ended_at,
        ended_by=planned.ended_by,
    )
