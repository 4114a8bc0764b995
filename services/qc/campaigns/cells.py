"""SQL about cells: one file of a campaign against one of its profiles, and what became of it."""

from dataclasses import dataclass
from uuid import UUID

from libs.contracts.campaigns import CellState
from libs.postgres import Connection
from services.qc.campaigns.rows import CampaignRow
from services.qc.repository import COLUMNS, AnalysisRow

BROKEN = """EXISTS (SELECT FROM check_result r
                     WHERE r.client_id = c.client_id AND r.analysis_id = c.analysis_id
                       AND r.result ->> 'state' = 'error')"""


FILE = """JOIN LATERAL (SELECT name, sha256, bytes FROM campaign_file f
                             WHERE f.client_id = c.client_id AND f.campaign_id = c.campaign_id
                               AND f.file_no = c.file_no
                             LIMIT 1) f ON true"""
"""By its key, whatever the planner thinks of a campaign that has just been made."""


@dataclass(frozen=True, slots=True)
class CellRow:
    """What the driver knows of a cell. `earlier_id` is the analysis of the try before."""

    file_no: int
    profile_no: int
    name: str
    sha256: str
    bytes: int
    analysis_id: UUID | None = None
    earlier_id: UUID | None = None
    state: str = "waiting"
    verdict: str | None = None
    score: float | None = None


async def add_cells(db: Connection, row: CampaignRow) -> None:
    """Every file against every profile."""
    await db.execute(
        """
        INSERT INTO campaign_cell (client_id, campaign_id, file_no, profile_no)
        SELECT client_id, campaign_id, file_no, profile_no
          FROM campaign_file, generate_series(0, $3::int - 1) AS profile_no
         WHERE client_id = $1 AND campaign_id = $2
        """,
        row.client_id,
        row.campaign_id,
        len(row.profiles),
    )


async def progress(db: Connection, row: CampaignRow) -> tuple[int, int]:
    """How many cells have ended, of how many."""
    found = await db.fetchrow(
        """
        SELECT count(*) FILTER (WHERE state NOT IN ('waiting', 'running')) AS done,
               count(*) AS total
          FROM campaign_cell WHERE client_id = $1 AND campaign_id = $2
        """,
        row.client_id,
        row.campaign_id,
    )
    return (found["done"], found["total"]) if found else (0, 0)


async def in_flight(db: Connection, client_id: str) -> int:
    """Cells of the client's campaigns that are being run."""
    running: int = await db.fetchval(
        "SELECT count(*) FROM campaign_cell WHERE client_id = $1 AND state = 'running'", client_id
    )
    return running


async def others_wait(db: Connection) -> bool:
    """Whether an analysis is queued that cannot wait."""
    waiting: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT FROM analysis
                        WHERE state = 'queued'
                          AND brief -> 'given' ->> 'can_wait' IS DISTINCT FROM 'true')
        """
    )
    return waiting


async def next_waiting(db: Connection, row: CampaignRow) -> CellRow | None:
    """File by file, so that what was opened for one profile is known for the next."""
    found = await db.fetchrow(
        f"""
        SELECT c.file_no, c.profile_no, f.name, f.sha256, f.bytes,
               c.earlier[cardinality(c.earlier)] AS earlier_id
          FROM campaign_cell c {FILE}
         WHERE c.client_id = $1 AND c.campaign_id = $2 AND c.state = 'waiting'
         ORDER BY c.file_no, c.profile_no
         LIMIT 1
        """,
        row.client_id,
        row.campaign_id,
    )
    return CellRow(**found) if found else None


async def ended(db: Connection, row: CampaignRow) -> list[CellRow]:
    """Running cells whose analysis has ended; `state` is the analysis'."""
    found = await db.fetch(
        f"""
        SELECT c.file_no, c.profile_no, f.name, f.sha256, f.bytes, c.analysis_id,
               a.state, a.verdict, a.score
          FROM campaign_cell c
          JOIN analysis a USING (client_id, analysis_id)
          {FILE}
         WHERE c.client_id = $1 AND c.campaign_id = $2 AND c.state = 'running'
           AND a.finished_at IS NOT NULL
         ORDER BY a.finished_at, c.file_no, c.profile_no
        """,
        row.client_id,
        row.campaign_id,
    )
    return [CellRow(**one) for one in found]


async def set_cell(
    db: Connection,
    row: CampaignRow,
    cell: CellRow,
    state: CellState,
    *,
    analysis_id: UUID | None = None,
    code: str | None = None,
    reason: str | None = None,
) -> None:
    await db.execute(
        """
        UPDATE campaign_cell SET state = $5, analysis_id = coalesce($6, analysis_id),
                                 code = $7, reason = $8
         WHERE client_id = $1 AND campaign_id = $2 AND file_no = $3 AND profile_no = $4
        """,
        row.client_id,
        row.campaign_id,
        cell.file_no,
        cell.profile_no,
        state,
        analysis_id,
        code,
        reason,
    )


async def cancel_waiting(db: Connection, row: CampaignRow) -> None:
    await db.execute(
        """
        UPDATE campaign_cell SET state = 'cancelled'
         WHERE client_id = $1 AND campaign_id = $2 AND state = 'waiting'
        """,
        row.client_id,
        row.campaign_id,
    )


async def retry(db: Connection, row: CampaignRow) -> int:
    """Let what could not be run, and what has a check that broke, wait again; return how many."""
    found = await db.fetch(
        f"""
        UPDATE campaign_cell c
           SET state = 'waiting', analysis_id = NULL, code = NULL, reason = NULL,
               earlier = array_remove(array_append(c.earlier, c.analysis_id), NULL)
         WHERE c.client_id = $1 AND c.campaign_id = $2
           AND (c.state IN ('failed', 'cancelled') OR c.state = 'done' AND {BROKEN})
        RETURNING 1
        """,
        row.client_id,
        row.campaign_id,
    )
    return len(found)


async def running_analyses(db: Connection, row: CampaignRow) -> list[AnalysisRow]:
    """The analyses of the campaign's running cells that have not ended."""
    found = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM analysis
         WHERE client_id = $1 AND finished_at IS NULL
           AND analysis_id IN (SELECT analysis_id FROM campaign_cell
                                WHERE client_id = $1 AND campaign_id = $2 AND state = 'running')
        """,
        row.client_id,
        row.campaign_id,
    )
    return [AnalysisRow(**one) for one in found]
