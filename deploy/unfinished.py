"""The marks of a restore that has not ended: nothing starts on what bears one.

A file in the data directory names the backup; a comment on the schemas says so of a database,
which may be used from another data directory.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from deploy import CannotStart

if TYPE_CHECKING:
    from deploy.database import Connection

UNFINISHED_FILE = "restore.unfinished"
COMMENT = "AI QC: a restore that did not end"


def refuse_unfinished(data_dir: Path) -> None:
    """Raises CannotStart."""
    if (data_dir / UNFINISHED_FILE).exists():
        backup = (data_dir / UNFINISHED_FILE).read_text().strip()
        raise CannotStart(
            f"the restore of {backup} into {data_dir} did not end: run `aiqc restore` again, or "
            "choose another folder with AIQC_DATA_DIR"
        )


async def refuse_unfinished_database(db: "Connection") -> None:
    """Raises CannotStart."""
    if await unfinished_schemas(db):
        raise CannotStart(
            "a restore into this database did not end: run `aiqc restore` again, or give AI QC "
            "another database"
        )


async def unfinished_schemas(db: "Connection") -> dict[str, str]:
    """The owners of the schemas that hold what a restore made so far."""
    rows = await db.fetch(
        """
        SELECT nspname::text AS schema, pg_get_userbyid(nspowner)::text AS owner
        FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') = $1
        """,
        COMMENT,
    )
    return {row["schema"]: row["owner"] for row in rows}
