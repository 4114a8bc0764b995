"""A new version with all that belongs to it, in one statement."""

from dataclasses import dataclass

from libs.postgres import Connection
from services.profiles.domain.family import Change
from services.profiles.domain.saving import Saving
from services.profiles.repository import CHECKS

# One question to the server, not four: a save holds its profile's row while it asks.
_ADD = """
    WITH version AS (
        INSERT INTO profile_version (slug, version, created_by, name, description,
               pass_threshold, checks, check_count, content_hash, scoring_hash, based_on, replaced)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ), pointer AS (
        UPDATE profile
           SET last_version = $2, active_version = $2, revision = $13,
               visibility = $14, visible_to_clients = $15
         WHERE slug = $1
    ), move AS (
        INSERT INTO activation (slug, revision, version, activated_by, reason, note)
        VALUES ($1, $13, $2, $3, $16, $17)
    ), event AS (
        INSERT INTO audit_event (object_kind, object_id, revision, actor, action, before_hash,
               after_hash, request_id, details)
        VALUES ('profile', $1, $13, $3, $18, $19, $20, $21, $22)
    )
    SELECT c.client_id, pinned_version, approval_required
      FROM client AS c
      LEFT JOIN client_binding AS b ON b.client_id = c.client_id AND b.slug = $1
     WHERE archived_at IS NULL AND ($14 = 'all' OR c.client_id = ANY ($15::text[]))
     ORDER BY c.client_id
"""


@dataclass(frozen=True, slots=True)
class ClientBinding:
    """How a client is bound to the profile: pinned to a version, or floating where that is None.

    `approval_required`: it wants changes to be approved.
    """

    client_id: str
    pinned_version: int | None
    approval_required: bool


async def add_saved_version(
    db: Connection, saving: Saving, change: Change, reason: str, note: str
) -> list[ClientBinding]:
    """The version, the pointer that moves to it, its activation and the row of the audit.

    The family is locked, and `saving` has content. Two who add the same version clash. Returns
    the clients of the new audience that this transaction may see.
    """
    content, after = saving.content, saving.after
    assert content, "there is no version to add"
    version = (
        content.name,
        content.description,
        content.pass_threshold,
        CHECKS.dump_json(dict(content.checks)).decode(),
        len(content.checks),
        content.hash,
        content.scoring_hash,
        saving.base.version,
        saving.active.version,
    )
    family = (after.revision, after.audience.visibility, list(after.audience.clients))
    hashes = (change.before_hash, change.after_hash)
    rows = await db.fetch(
        _ADD,
        after.slug,
        after.active_version,
        change.actor,
        *version,
        *family,
        reason,
        note,
        change.action,
        *hashes,
        change.request_id,
        change.details,
    )
    return [ClientBinding(**row) for row in rows]
