"""Every SQL statement about a brand client."""

from libs.postgres import Connection
from services.profiles.domain.clients import ClientState

COLUMNS = """client_id, name, approval_required, revision, created_at, created_by, archived_at,
             archived_by"""


async def client(db: Connection, client_id: str) -> ClientState | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM client WHERE client_id = $1", client_id)
    return ClientState(**row) if row else None


async def lock_client(db: Connection, client_id: str) -> ClientState | None:
    """The client, held against other changes of it and of its pins until the transaction ends."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS} FROM client WHERE client_id = $1 FOR NO KEY UPDATE", client_id
    )
    return ClientState(**row) if row else None


async def update_client(db: Connection, client: ClientState) -> ClientState:
    """Write a client that is locked; the time of archiving is the database's.

    Returns it as it is then.
    """
    row = await db.fetchrow(
        f"""
        UPDATE client
           SET name = $2, approval_required = $3, revision = $4, archived_by = $5,
               archived_at = CASE WHEN $5::text IS NOT NULL
                                  THEN coalesce(archived_at, clock_timestamp()) END
         WHERE client_id = $1
        RETURNING {COLUMNS}
        """,
        client.client_id,
        client.name,
        client.approval_required,
        client.revision,
        client.archived_by,
    )
    if row is None:
        raise LookupError(f"there is no client {client.client_id}")
    return ClientState(**row)


async def pins_of(db: Connection, client_id: str) -> dict[str, int]:
    """The pinned versions of the client, by slug."""
    rows = await db.fetch(
        """
        SELECT slug, pinned_version FROM client_binding
         WHERE client_id = $1 AND pinned_version IS NOT NULL
        """,
        client_id,
    )
    return {row["slug"]: row["pinned_version"] for row in rows}
