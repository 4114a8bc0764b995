"""Every SQL statement of the profile registry."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import TypeAdapter

from libs.contracts.profiles import Check, Client, StoredCheck
from libs.postgres import Connection, Record
from services.profiles.domain.audience import Audience
from services.profiles.domain.content import Content, content_hash, scoring_hash
from services.profiles.domain.family import Change, Family, Line, Version

CHECKS = TypeAdapter(dict[str, Check])
STORED_CHECKS = TypeAdapter(dict[str, StoredCheck])


async def clients(db: Connection, *, archived: bool = False) -> list[Client]:
    """Those in use, or those that are archived."""
    rows = await db.fetch(
        """
        SELECT client_id, name, approval_required, archived_at FROM client
         WHERE (archived_at IS NOT NULL) = $1 ORDER BY client_id
        """,
        archived,
    )
    return [Client(**row) for row in rows]


async def known_clients(db: Connection, client_ids: Collection[str]) -> set[str]:
    """Those of `client_ids` that exist and that this transaction may see."""
    rows = await db.fetch(
        "SELECT client_id FROM client WHERE client_id = ANY ($1::text[])", list(client_ids)
    )
    return {row["client_id"] for row in rows}


async def archived_clients(db: Connection, client_ids: Collection[str]) -> set[str]:
    """Those of `client_ids` that are archived."""
    rows = await db.fetch(
        """
        SELECT client_id FROM client
         WHERE client_id = ANY ($1::text[]) AND archived_at IS NOT NULL
        """,
        list(client_ids),
    )
    return {row["client_id"] for row in rows}


async def add_client(db: Connection, client: Client, created_by: str) -> bool:
    """False when there is a client with that id already; it stays as it is."""
    added = await db.fetchval(
        """
        INSERT INTO client (client_id, name, created_by, approval_required)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING client_id
        """,
        client.client_id,
        client.name,
        created_by,
        client.approval_required,
    )
    return added is not None


async def family(db: Connection, slug: str) -> Family | None:
    row = await db.fetchrow(
        """
        SELECT slug, visibility, visible_to_clients, last_version, active_version, revision,
               created_at, created_by, archived_at
          FROM profile WHERE slug = $1
        """,
        slug,
    )
    return family_of(row) if row else None


async def lock_family(db: Connection, slug: str) -> Family | None:
    """The family, held against other savers until the transaction ends.

    None also when this transaction may see it but not change it: row-level security hides it.
    """
    row = await db.fetchrow(
        """
        SELECT slug, visibility, visible_to_clients, last_version, active_version, revision,
               created_at, created_by, archived_at
          FROM profile WHERE slug = $1
           FOR NO KEY UPDATE
        """,
        slug,
    )
    return family_of(row) if row else None


async def add_family(
    db: Connection, slug: str, audience: Audience, created_by: str
) -> Family | None:
    """A family whose version 1 must follow in this transaction; None when the slug is taken."""
    row = await db.fetchrow(
        """
        INSERT INTO profile (slug, visibility, visible_to_clients, created_by)
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
        RETURNING slug, visibility, visible_to_clients, last_version, active_version, revision,
                  created_at, created_by, archived_at
        """,
        slug,
        audience.visibility,
        list(audience.clients),
        created_by,
    )
    return family_of(row) if row else None


async def update_family(db: Connection, family: Family) -> None:
    """Write pointers, rights and revision of a family that is locked."""
    await db.execute(
        """
        UPDATE profile
           SET visibility = $2, visible_to_clients = $3, last_version = $4,
               active_version = $5, revision = $6
         WHERE slug = $1
        """,
        family.slug,
        family.audience.visibility,
        list(family.audience.clients),
        family.last_version,
        family.active_version,
        family.revision,
    )


async def version(db: Connection, slug: str, number: int) -> Version | None:
    row = await db.fetchrow(
        """
        SELECT version, name, description, pass_threshold, checks, content_hash, scoring_hash,
               based_on, created_at, created_by
          FROM profile_version WHERE slug = $1 AND version = $2
        """,
        slug,
        number,
    )
    return version_of(row) if row else None


async def add_first_version(db: Connection, slug: str, content: Content, created_by: str) -> None:
    await db.execute(
        """
        INSERT INTO profile_version (slug, version, name, description, pass_threshold, checks,
               check_count, content_hash, scoring_hash, created_by)
        VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        slug,
        content.name,
        content.description,
        content.pass_threshold,
        CHECKS.dump_json(dict(content.checks)).decode(),
        len(content.checks),
        content_hash(content),
        scoring_hash(content),
        created_by,
    )


async def history(db: Connection, slug: str) -> list[Line]:
    """Every version of a profile, the newest first."""
    rows = await db.fetch(
        """
        SELECT slug, version, version = active_version AS active, visibility,
               visible_to_clients, name, description, pass_threshold, check_count, based_on,
               content_hash, scoring_hash, v.created_at, v.created_by
          FROM profile
          JOIN profile_version AS v USING (slug)
         WHERE slug = $1
         ORDER BY version DESC
        """,
        slug,
    )
    return [line_of(row) for row in rows]


async def add_activation(
    db: Connection, family: Family, reason: str, by: str, note: str = ""
) -> None:
    """Note that the active pointer moved to where `family` has it."""
    await db.execute(
        """
        INSERT INTO activation (slug, revision, version, reason, activated_by, note)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        family.slug,
        family.revision,
        family.active_version,
        reason,
        by,
        note,
    )


async def add_audit_event(db: Connection, change: Change) -> None:
    await db.execute(
        """
        INSERT INTO audit_event (object_kind, object_id, revision, action, actor,
               before_hash, after_hash, request_id, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        change.object_kind,
        change.object_id,
        change.revision,
        change.action,
        change.actor,
        change.before_hash,
        change.after_hash,
        change.request_id,
        change.details,
    )


def _audience(row: Record) -> Audience:
    return Audience(row["visibility"], tuple(row["visible_to_clients"]))


def family_of(row: Record) -> Family:
    return Family(
        row["slug"],
        _audience(row),
        row["last_version"],
        row["active_version"],
        row["revision"],
        row["created_at"],
        row["created_by"],
        row["archived_at"],
    )


def version_of(row: Record | Mapping[str, Any]) -> Version:
    checks = STORED_CHECKS.validate_json(row["checks"])
    return Version(
        row["version"],
        Content(row["name"], row["description"], row["pass_threshold"], checks),
        row["content_hash"],
        row["scoring_hash"],
        row["based_on"],
        row["created_at"],
        row["created_by"],
    )


def line_of(row: Record) -> Line:
    fields = dict(row)
    audience = Audience(fields.pop("visibility"), tuple(fields.pop("visible_to_clients")))
    return Line(audience=audience, **fields)
