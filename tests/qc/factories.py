"""Valid rows of the qc service. A test names only what it is about."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

from libs.contracts.brand import BrandData
from libs.contracts.profiles import Profile, StoredCheck
from libs.contracts.qc import Creative
from libs.ids import uuid7
from libs.postgres import Pool, transaction
from services.qc import queue, repository
from services.qc.domain.brief import Brief, ReferenceFile
from services.qc.repository import AnalysisRow
from tests.factories import user

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CREATIVE = Creative(
    file_name="a.png", sha256="ab" * 32, bytes=10, format="PNG", width_px=1, height_px=1, pages=1
)


def profile(**checks: StoredCheck) -> Profile:
    return Profile(
        profile_id="some_profile",
        name="Some",
        description="",
        version=1,
        visibility="all",
        visible_to_clients=[],
        created_at=NOON,
        created_by="ada",
        modified_at=NOON,
        modified_by="ada",
        previous_version=None,
        pass_threshold=70,
        checks=checks or {"file_weight": StoredCheck(kind="exact")},
        content_hash="c",
        scoring_hash="s",
    )


async def queued(pool: Pool, client_id: str = "diageo", at: datetime = NOON) -> UUID:
    analysis_id = uuid7()
    async with transaction(pool, [client_id]) as db:
        await repository.add_analysis(
            db, analysis_id, client_id, user(), profile(), CREATIVE, "request-1", at
        )
    return analysis_id


async def claimed(
    pool: Pool, passed: timedelta = timedelta(), lease_for: timedelta = timedelta(seconds=10)
) -> AnalysisRow | None:
    """Claim when so much time has passed since the leases that stand were written."""
    async with transaction(pool) as db:
        if passed:
            shift = "UPDATE analysis SET lease_until = lease_until - $1::interval"
            await db.execute(shift, passed)
        row = await queue.claim(db, uuid4(), NOON, lease_for)
    return AnalysisRow(**row) if row else None


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def brief_with(brand: BrandData | None = None, /, **references: Sequence[Path]) -> Brief:
    """A brief with reference files by kind, told apart by their content as the store does."""
    return Brief(
        brand=brand or BrandData(),
        references={
            kind: [ReferenceFile(path=path, name=path.stem, sha256=_digest(path)) for path in paths]
            for kind, paths in references.items()
        },
    )
