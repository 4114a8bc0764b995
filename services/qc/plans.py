"""Every SQL statement about media plans: their versions, and which one is active."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.contracts.assets import MediaPlan, PlanActivation, PlanSummary
from libs.ids import uuid7
from libs.postgres import Connection
from services.qc.domain.plan_sheet import ReadPlan

SUMMARY = """client_id, plan_id, name, version, sha256, file_name, bytes, created_at, created_by,
             archived_at, jsonb_array_length(placements) AS placement_count"""
ACTIVE = """plan_id IS NOT DISTINCT FROM
            (SELECT a.plan_id FROM plan_activation AS a WHERE a.client_id = media_plan.client_id
              ORDER BY a.revision DESC LIMIT 1) AS active"""
MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A media plan that somebody uploaded for the client."""

    client_id: str
    name: str
    file_name: str
    sha256: str
    size_bytes: int
    read: ReadPlan
    by: str
    at: datetime


async def add_plan(db: Connection, new: NewPlan) -> UUID:
    """The plan's id. What says the same as the newest version of that name is that version.

    Two at once clash on the number: one of them raises, and finds the other's when tried again.
    """
    newest = await db.fetchrow(
        """
        SELECT plan_id, version, sha256 = $3 AND placements = $4 AND archived_at IS NULL AS same
          FROM media_plan WHERE client_id = $1 AND name = $2
         ORDER BY version DESC
         LIMIT 1
        """,
        new.client_id,
        new.name,
        new.sha256,
        _json(new.read.placements),
    )
    if newest and newest["same"]:
        there: UUID = newest["plan_id"]
        return there
    return await _add_version(db, new, newest["version"] + 1 if newest else 1)


async def _add_version(db: Connection, new: NewPlan, version: int) -> UUID:
    plan_id = uuid7(new.at)
    await db.execute(
        """
        INSERT INTO media_plan (client_id, plan_id, name, version, sha256, file_name, bytes,
                                placements, left_out, notes, created_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        new.client_id,
        plan_id,
        new.name,
        version,
        new.sha256,
        new.file_name,
        new.size_bytes,
        _json(new.read.placements),
        _json(new.read.errors),
        _json(new.read.notes),
        new.at,
        new.by,
    )
    return plan_id


def _json(models: Sequence[BaseModel]) -> list[object]:
    return [model.model_dump(mode="json") for model in models]


async def plan(db: Connection, plan_id: UUID) -> MediaPlan | None:
    row = await db.fetchrow(
        f"""
        SELECT {SUMMARY}, {ACTIVE}, placements, left_out, notes
          FROM media_plan WHERE plan_id = $1
        """,
        plan_id,
    )
    return MediaPlan(**row) if row else None


async def active_plan(db: Connection, client_id: str) -> MediaPlan | None:
    plan_id = await db.fetchval(
        """
        SELECT plan_id FROM plan_activation WHERE client_id = $1 ORDER BY revision DESC LIMIT 1
        """,
        client_id,
    )
    return await plan(db, plan_id) if plan_id else None


async def plans(db: Connection, client_id: str, archived: bool = False) -> list[PlanSummary]:
    """Plans of the client, newest first; or the archived ones."""
    rows = await db.fetch(
        f"""
        SELECT {SUMMARY}, {ACTIVE} FROM media_plan
         WHERE client_id = $1 AND (archived_at IS NOT NULL) = $2
         ORDER BY plan_id DESC
         LIMIT $3
        """,
        client_id,
        archived,
        MAX_LISTED,
    )
    return [PlanSummary(**row) for row in rows]


async def activations(db: Connection, client_id: str) -> list[PlanActivation]:
    """Which plan was active from when on, the latest first."""
    rows = await db.fetch(
        """
        SELECT plan_id, name, version, activated_at, activated_by
          FROM plan_activation
          LEFT JOIN media_plan USING (client_id, plan_id)
         WHERE client_id = $1
         ORDER BY revision DESC
         LIMIT $2
        """,
        client_id,
        MAX_LISTED,
    )
    return [PlanActivation(**row) for row in rows]


async def activate(
    db: Connection, client_id: str, plan_id: UUID | None, by: str, at: datetime
) -> None:
    """Make it the one active plan, or none; one that is already stays, without a new line.

    Two at once clash on the revision, and one of them raises.
    """
    await db.execute(
        """
        INSERT INTO plan_activation (client_id, revision, plan_id, activated_at, activated_by)
        SELECT $1, coalesce(max(revision), 0) + 1, $2, $4, $3
          FROM plan_activation WHERE client_id = $1
        HAVING $2::uuid IS DISTINCT FROM
               (SELECT plan_id FROM plan_activation WHERE client_id = $1
                 ORDER BY revision DESC LIMIT 1)
        """,
        client_id,
        plan_id,
        by,
        at,
    )


async def held(db: Connection, client_id: str, plan_id: UUID) -> bool:
    """Lock the plan for this transaction; True when it is archived."""
    archived: bool = await db.fetchval(
        """
        SELECT archived_at IS NOT NULL FROM media_plan
         WHERE client_id = $1 AND plan_id = $2
           FOR UPDATE
        """,
        client_id,
        plan_id,
    )
    return archived


async def archive(db: Connection, client_id: str, plan_id: UUID, by: str, at: datetime) -> None:
    await db.execute(
        """
        UPDATE media_plan SET archived_by = $3, archived_at = $4
         WHERE client_id = $1 AND plan_id = $2 AND archived_at IS NULL
        """,
        client_id,
        plan_id,
        by,
        at,
    )
