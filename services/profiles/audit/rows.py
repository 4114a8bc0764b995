"""Every SQL statement that reads the audit."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from libs.postgres import Connection, Record
from services.profiles.domain.audit_chain import Key, Link

AT_ONCE = 2_000
COLUMNS = """
    seq, object_kind, object_id, revision, at, actor, action, before_hash, after_hash,
    request_id, details, previous_hash, hash
"""
SAID = "concat_ws(' ', object_id, actor, action, request_id, details->>'note', details->>'name')"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of the audit; what is None or empty filters nothing. `end_at` is outside."""

    before_seq: int | None = None
    object_kind: str | None = None
    object_ids: tuple[str, ...] = ()
    client_id: str | None = None
    actor: str | None = None
    actions: tuple[str, ...] = ()
    start_at: datetime | None = None
    end_at: datetime | None = None
    text: str | None = None


async def events(db: Connection, wanted: Wanted, limit: int) -> list[Record]:
    """The newest first."""
    where, values = _where(wanted)
    return await db.fetch(
        f"SELECT {COLUMNS} FROM audit_event WHERE {where} ORDER BY seq DESC LIMIT {limit:d}",
        *values,
    )


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    """Only what is asked for stands in the statement, so that each has a plan of its own."""
    given: dict[str, object] = {
        "seq < {}": wanted.before_seq,
        "object_kind = {}": wanted.object_kind,
        "object_id = ANY ({}::text[])": wanted.object_ids or None,
        "(object_kind IN ('client', 'brand') AND object_id = {0}"
        " OR CASE WHEN object_kind IN ('draft', 'schedule') THEN details->>'profile'"
        " WHEN object_kind = 'profile' THEN object_id END IN (SELECT slug FROM profile"
        " WHERE visibility = 'all' OR {0} = ANY (visible_to_clients)))": wanted.client_id,
        "actor = {}": wanted.actor,
        "(action = ANY ({0}::text[]) OR split_part(action, '.', 1) = ANY ({0}::text[]))": (
            wanted.actions or None
        ),
        "at >= {}": wanted.start_at,
        "at < {}": wanted.end_at,
        f"{SAID} ILIKE {{}}": _anywhere(wanted.text) if wanted.text else None,
    }
    asked = {clause: value for clause, value in given.items() if value is not None}
    clauses = [clause.format(f"${number}") for number, clause in enumerate(asked, 1)]
    return " AND ".join(clauses) or "true", list(asked.values())


def _anywhere(text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    return f"%{escaped}%"


async def links(db: Connection) -> AsyncIterator[list[Link]]:
    """Every row that this transaction may see, each object's in the order of its revisions."""
    cursor = await db.cursor(
        """
        SELECT seq, object_kind, object_id, revision, at, actor, action, before_hash, after_hash,
               request_id, details::text AS details, previous_hash, hash
          FROM audit_event ORDER BY object_kind, object_id, revision
        """
    )
    while rows := await cursor.fetch(AT_ONCE):
        yield [Link(**row) for row in rows]


async def counters(db: Connection) -> dict[Key, int]:
    """How far the objects themselves say that they have come."""
    rows = await db.fetch(
        """
        SELECT 'profile' AS kind, slug AS id, revision FROM profile
         UNION ALL
        SELECT 'client', client_id, revision FROM client
         UNION ALL
        SELECT 'brand', client_id, max(version) FROM brand_version GROUP BY client_id
         UNION ALL
        SELECT 'draft', draft_id::text, revision FROM draft
         UNION ALL
        SELECT 'schedule', schedule_id::text, CASE state WHEN 'pending' THEN 1 ELSE 2 END
          FROM schedule
        """
    )
    return {(row["kind"], row["id"]): row["revision"] for row in rows}


async def hashes(
    db: Connection, keys: list[tuple[str, str, int]]
) -> dict[tuple[str, str, int], str]:
    """The hashes of these revisions, as far as they are there."""
    kinds, ids, numbers = zip(*keys, strict=True) if keys else ((), (), ())
    rows = await db.fetch(
        """
        SELECT object_kind, object_id, revision, hash
          FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (object_kind, object_id, revision)
          JOIN audit_event USING (object_kind, object_id, revision)
        """,
        kinds,
        ids,
        numbers,
    )
    return {(row["object_kind"], row["object_id"], row["revision"]): row["hash"] for row in rows}


async def heads(db: Connection, keys: list[Key]) -> dict[Key, int]:
    """The newest revision of each of these objects, as far as they are there."""
    kinds, ids = zip(*keys, strict=True) if keys else ((), ())
    rows = await db.fetch(
        """
        SELECT object_kind, object_id, max(revision) AS revision
          FROM unnest($1::text[], $2::text[]) AS t (object_kind, object_id)
          JOIN audit_event USING (object_kind, object_id)
         GROUP BY object_kind, object_id
        """,
        kinds,
        ids,
    )
    return {(row["object_kind"], row["object_id"]): row["revision"] for row in rows}
