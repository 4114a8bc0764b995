"""Long work of many analyses (campaigns, replays): whoever drives it holds a lease for one look.

Its table is called like it, with `<table>_id`, `state`, `lease` and `lease_until`, and is driven
while its state is running or cancelling. Leases follow the database's clock alone.
"""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from libs.contracts.access import Actor
from libs.postgres import Connection, Record


class DrivenRow(BaseModel):
    """What every such row has. `lease` is the token of whoever may drive it now."""

    client_id: str
    state: str
    user_id: str
    user_name: str
    user_email: str
    request_id: str
    created_at: datetime
    finished_at: datetime | None = None
    lease: UUID | None = None

    @property
    @abstractmethod
    def key(self) -> UUID:
        """Its own id."""

    @property
    def actor(self) -> Actor:
        """Whoever started it: its analyses and calls are theirs."""
        return Actor(subject=self.user_id, kind="user", name=self.user_name, email=self.user_email)


class LeaseLost(Exception):
    """Another process drives it now, or it has ended: write nothing more about it."""


Row = TypeVar("Row", bound=DrivenRow)


class Driven(Generic[Row]):
    """The rows of one such table."""

    def __init__(self, table: str, columns: str, row: type[Row]) -> None:
        self.table = table
        self.row = row
        self._columns = columns
        self._id = f"{table}_id"

    async def one(self, db: Connection, key: UUID, lock: bool = False) -> Row | None:
        """With `lock` nobody else changes it until the transaction ends."""
        found = await db.fetchrow(
            f"SELECT {self._columns} FROM {self.table} WHERE {self._id} = $1 "
            f"{'FOR UPDATE' if lock else ''}",
            key,
        )
        return self.row(**found) if found else None

    async def newest(
        self, db: Connection, client_id: str | None, before: UUID | None, limit: int
    ) -> list[Row]:
        """The newest first, of one client or of all that the transaction sees."""
        found = await db.fetch(
            f"""
            SELECT {self._columns} FROM {self.table}
             WHERE ($1::text IS NULL OR client_id = $1) AND ($2::uuid IS NULL OR {self._id} < $2)
             ORDER BY {self._id} DESC
             LIMIT $3
            """,
            client_id,
            before,
            limit,
        )
        return [self.row(**one) for one in found]

    async def claim(self, db: Connection, lease: UUID, lease_for: timedelta) -> Record | None:
        """Take the one that waits longest to be looked at."""
        return await db.fetchrow(
            f"""
            UPDATE {self.table} SET lease = $1, lease_until = clock_timestamp() + $2::interval
             WHERE (client_id, {self._id}) = (
                   SELECT client_id, {self._id} FROM {self.table}
                    WHERE state IN ('running', 'cancelling') AND lease_until < clock_timestamp()
                    ORDER BY lease_until
                    LIMIT 1
                      FOR UPDATE SKIP LOCKED)
            RETURNING {self._columns}
            """,
            lease,
            lease_for,
        )

    async def look_again(self, db: Connection, row: Row, after: timedelta) -> None:
        """Let go of it; somebody looks at it again after so long."""
        await db.execute(
            f"""
            UPDATE {self.table} SET lease = NULL, lease_until = clock_timestamp() + $4::interval
             WHERE client_id = $1 AND {self._id} = $2 AND lease = $3
            """,
            row.client_id,
            row.key,
            row.lease,
            after,
        )

    async def hold(self, db: Connection, row: Row) -> Row:
        """Lock it for this transaction, as it is now. Raises LeaseLost."""
        now = await self.one(db, row.key, lock=True)
        if now is None or now.lease != row.lease or now.state not in ("running", "cancelling"):
            raise LeaseLost(str(row.key))
        return now
