"""The ledger's entries as Parquet: every column as the database has it, to the last digit.

Money is kept as text, because numeric has no size that a Parquet decimal must have; so are ids
and JSON. Any tool that reads Parquet can sum `cost_usd` after casting it to a decimal.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.usage.staging import COLUMNS, ENTRY

UTC = UTC
KINDS: Mapping[str, str] = {
    **{name: ENTRY[name] for name in COLUMNS["ledger_entry"]},
    "person_id": "uuid",
    "batch_id": "uuid",
    "recorded_at": "timestamptz",
}
"""The stored columns of an entry and their types in Postgres; `day` follows from them."""

_ARROW = {
    "text": pa.string(),
    "uuid": pa.string(),
    "jsonb": pa.string(),
    "numeric": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "bytea": pa.binary(),
    "text[]": pa.list_(pa.string()),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
SCHEMA = pa.schema([(name, _ARROW[kind]) for name, kind in KINDS.items()])
AS_TEXT = {"uuid", "jsonb", "numeric"}
SELECTED = ", ".join(f"{name}::text" if kind in AS_TEXT else name for name, kind in KINDS.items())
"""What to select so that a row can be written."""


class Writer:
    """Writes entries to one Parquet file, some thousands at a time."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetWriter(path, SCHEMA, compression="zstd")

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = {name: [row[name] for row in rows] for name in KINDS}
        self._file.write_table(pa.table(columns, schema=SCHEMA))

    def close(self) -> None:
        self._file.close()


def read(
    path: Path,
    days: tuple[date | None, date | None] = (None, None),
    client_ids: Sequence[str] | None = None,
) -> Iterator[list[tuple[Any, ...]]]:
    """The entries of a file, in the order of `KINDS`, some thousands at a time.

    Of these clients only, and of these days, both included; None does not narrow.
    """
    table = pq.read_table(path, schema=SCHEMA, filters=_wanted(days, client_ids))
    for batch in table.to_batches(max_chunksize=5_000):
        columns = [column.to_pylist() for column in batch.columns]
        yield list(zip(*columns, strict=True))


def _wanted(
    days: tuple[date | None, date | None], client_ids: Sequence[str] | None
) -> pc.Expression | None:
    first_on, last_on = days
    conditions = []
    if first_on is not None:
        conditions.append(pc.field("occurred_at") >= pa.scalar(_midnight(first_on)))
    if last_on is not None and last_on != date.max:
        conditions.append(
            pc.field("occurred_at") < pa.scalar(_midnight(last_on + timedelta(days=1)))
        )
    if client_ids is not None:
        conditions.append(pc.field("client_id").isin(list(client_ids)))
    wanted = None
    for condition in conditions:
        wanted = condition if wanted is None else wanted & condition
    return wanted


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC))
