"""Every SQL statement about schedules."""

from datetime import datetime
from uuid import UUID

from libs.contracts.activations import ScheduleState
from libs.postgres import Connection, Record
from services.profiles.domain.activations import Planned
from services.profiles.domain.audience import Audience

COLUMNS = """schedule_id, slug, version, expected_version, activate_at, visibility,
    visible_to_clients, note, state, reason, created_at, created_by, ended_at, ended_by"""


async def add(db: Connection, planned: Planned) -> None:
    """Raises a clash when the profile has a schedule for that very instant already."""
    await db.execute(
        """
        INSERT INTO schedule (schedule_id, slug, version, expected_version, activate_at,
               visibility, visible_to_clients, note, created_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        planned.schedule_id,
        planned.slug,
        planned.version,
        planned.expected_version,
        planned.activate_at,
        planned.audience.visibility,
        list(planned.audience.clients),
        planned.note,
        planned.created_at,
        planned.created_by,
    )


async def of_profile(db: Connection, slug: str, limit: int) -> list[Planned]:
    """Those to come first, the next of them on top; then the newest of what is over."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM schedule WHERE slug = $1
         ORDER BY ended_at DESC NULLS FIRST, activate_at LIMIT $2
        """,
        slug,
        limit,
    )
    return [_planned(row) for row in rows]


async def last_before(db: Connection, slug: str, at: datetime) -> Planned | None:
    """The last that is pending and due before that instant."""
    row = await db.fetchrow(
        f"""
        SELECT {COLUMNS} FROM schedule
         WHERE slug = $1 AND state = 'pending' AND activate_at < $2
         ORDER BY activate_at DESC LIMIT 1
        """,
        slug,
        at,
    )
    return _planned(row) if row else None


async def pending_at(db: Connection, slug: str, at: datetime) -> bool:
    """Whether one is pending for that very instant."""
    there: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT FROM schedule
                        WHERE slug = $1 AND activate_at = $2 AND state = 'pending')
        """,
        slug,
        at,
    )
    return there


async def count_pending(db: Connection, slug: str) -> int:
    count: int = await db.fetchval(
        "SELECT count(*) FROM schedule WHERE slug = $1 AND state = 'pending'", slug
    )
    return count


async def one(db: Connection, schedule_id: UUID) -> Planned | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM schedule WHERE schedule_id = $1", schedule_id)
    return _planned(row) if row else None


async def next_due(db: Connection, passed_over: list[str]) -> tuple[UUID, str] | None:
    """Id and slug of what is due by the database's clock, the earliest first."""
    row = await db.fetchrow(
        """
        SELECT schedule_id, slug FROM schedule
         WHERE state = 'pending' AND activate_at <= clock_timestamp()
           AND slug <> ALL ($1::text[])
         ORDER BY activate_at, schedule_id LIMIT 1
        """,
        passed_over,
    )
    return (row["schedule_id"], row["slug"]) if row else None


async def end(
    db: Connection, schedule_id: UUID, state: ScheduleState, by: str, reason: str = ""
) -> Planned | None:
    """End it; None when it had ended before, which is what makes it happen once."""
    row = await db.fetchrow(
        f"""
        UPDATE schedule SET state = $2, ended_by = $3, reason = $4, ended_at = clock_timestamp()
         WHERE schedule_id = $1 AND state = 'pending'
        RETURNING {COLUMNS}
        """,
        schedule_id,
        state,
        by,
        reason,
    )
    return _planned(row) if row else None


def _planned(row: Record) -> Planned:
    fields = dict(row)
    audience = Audience(fields.pop("visibility"), tuple(fields.pop("visible_to_clients")))
    return Planned(audience=audience, **fields)
