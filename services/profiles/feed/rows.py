"""Every SQL statement of the change feed."""

from libs.contracts.feed import ProfileEvent
from libs.postgres import Connection, Record
from services.profiles.domain.slug import profile_id_of


async def look(db: Connection) -> tuple[int, int, int]:
    """The newest number that is seen, the oldest transaction that runs, the next one's id."""
    row = await db.fetchrow(
        """
        SELECT (SELECT coalesce(max(seq), 0) FROM audit_event) AS newest,
               pg_snapshot_xmin(snapshot)::text::bigint AS oldest_running,
               pg_snapshot_xmax(snapshot)::text::bigint AS next_id
          FROM pg_current_snapshot() AS snapshot
        """
    )
    assert row
    return row["newest"], row["oldest_running"], row["next_id"]


async def events(db: Connection, after: int, until: int, limit: int) -> list[ProfileEvent]:
    """Those that this transaction may see, in order; `until` is among them."""
    rows = await db.fetch(
        """
        SELECT seq, action, at, actor, object_kind, object_id, revision, request_id,
               details->'version' AS version
          FROM audit_event WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3
        """,
        after,
        until,
        limit,
    )
    return [_event(row) for row in rows]


def _event(row: Record) -> ProfileEvent:
    fields = dict(row)
    version = fields["version"] if isinstance(fields["version"], int) else None
    is_profile = row["object_kind"] == "profile" and version is not None
    return ProfileEvent(
        **fields
        | {
            "kind": fields.pop("action"),
            "version": version,
            "profile_id": profile_id_of(row["object_id"], version or 1) if is_profile else None,
        }
    )
