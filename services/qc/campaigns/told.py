"""What callers are told of campaigns: rows put together into the contract's shapes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.contracts.campaigns import (
    Campaign,
    CampaignProfile,
    Cell,
    Counts,
    Matrix,
    MatrixRow,
    WebhookState,
)
from libs.contracts.qc import Verdict
from libs.postgres import Connection, Record
from services.qc.campaigns import sums
from services.qc.campaigns.reviews import Reviewed, reviewed
from services.qc.campaigns.rows import CampaignRow, numbered_files
from services.qc.campaigns.sums import Spent

OF_VERDICT: Mapping[Verdict, str] = {
    "pass": "passed",
    "fail": "failing",
    "incomplete": "incomplete",
}


async def campaigns_of(db: Connection, rows: Sequence[CampaignRow]) -> list[Campaign]:
    """The campaigns as they stand, in the order of the rows."""
    return await _campaigns(db, rows, await reviewed(db, rows))


async def _campaigns(
    db: Connection, rows: Sequence[CampaignRow], spoken: Mapping[UUID, Reviewed]
) -> list[Campaign]:
    counts, files = await sums.counts(db, rows), await sums.file_counts(db, rows)
    spent, hooks = await sums.spent(db, rows), await sums.webhooks(db, rows)
    return [
        _campaign(
            row,
            _counted(counts.get(row.campaign_id, Counts()), row, spoken),
            files.get(row.campaign_id, 0),
            spent.get(row.campaign_id, Spent()),
            hooks.get(row.campaign_id),
        )
        for row in rows
    ]


def _counted(counts: Counts, row: CampaignRow, spoken: Mapping[UUID, Reviewed]) -> Counts:
    """The verdicts as they count, with what reviewers said."""
    changes = counts.model_dump()
    for one in spoken.values():
        if one.campaign_id == row.campaign_id:
            changes[OF_VERDICT[one.found]] -= 1
            changes[OF_VERDICT[one.verdict]] += 1
    return Counts(**changes)


async def campaign_of(db: Connection, row: CampaignRow) -> Campaign:
    [campaign] = await campaigns_of(db, [row])
    return campaign


def _campaign(
    row: CampaignRow, counts: Counts, files: int, spent: Spent, hook: WebhookState | None
) -> Campaign:
    return Campaign(
        campaign_id=row.campaign_id,
        client_id=row.client_id,
        name=row.name,
        state=row.state,
        profiles=[
            CampaignProfile(
                profile_id=resolved.profile.profile_id,
                version=resolved.profile.version,
                content_hash=resolved.profile.content_hash,
            )
            for resolved in row.profiles
        ],
        files=files,
        cells=counts,
        placement=row.wishes.get("placement", ""),
        market=row.wishes.get("market", ""),
        can_wait=row.can_wait,
        webhook=hook or (WebhookState(url=row.webhook_url) if row.webhook_url else None),
        created_by=row.user_name or row.user_id,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        cost_usd=None if spent.untold else spent.cost_usd,
        unknown_calls=spent.unknown,
    )


async def matrix_of(db: Connection, row: CampaignRow) -> Matrix:
    """Before the campaign is started no row has cells."""
    cells: dict[int, list[Cell]] = defaultdict(list)
    spoken = await reviewed(db, [row])
    for found in await sums.matrix(db, row):
        cells[found["file_no"]].append(_cell(row, found, spoken.get(found["analysis_id"])))
    rows = [
        MatrixRow(file=file.name, sha256=file.sha256, bytes=file.bytes, cells=cells[number])
        for number, file in (await numbered_files(db, row)).items()
    ]
    [campaign] = await _campaigns(db, [row], spoken)
    return Matrix(campaign=campaign, rows=rows)


def _cell(row: CampaignRow, found: Record, said: Reviewed | None) -> Cell:
    ended = found["state"] == "done"
    told = Cell(
        profile_id=row.profiles[found["profile_no"]].profile.profile_id,
        state=found["state"],
        tries=found["tries"],
        analysis_id=found["analysis_id"],
        verdict=found["verdict"] if ended else None,
        score=found["score"] if ended else None,
        coverage=found["coverage"] if ended else None,
        failed_checks=found["failed_checks"],
        broken_checks=found["broken_checks"],
        cost_usd=None if found["untold"] else found["cost_usd"],
        unknown_calls=found["unknown"],
        suspected=found["suspected"],
        code=found["code"],
        reason=found["reason"],
    )
    if said is None or not ended:
        return told
    return told.model_copy(
        update={
            "verdict": said.verdict,
            "score": said.score,
            "coverage": said.coverage,
            "failed_checks": said.failed_checks,
            "broken_checks": said.broken_checks,
            "reviewed": True,
        }
    )
