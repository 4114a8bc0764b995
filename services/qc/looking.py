"""What an analysis has a child draw and look for, and what becomes of what was seen.

Orders in the creative are stored before anything is asked, once, and stay.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from pydantic import JsonValue, TypeAdapter, ValidationError

from libs.contracts.profiles import Check
from libs.contracts.qc import Creative, Suspicion
from libs.postgres import Connection, Pool, insist, transaction
from services.qc import kept, repository
from services.qc.checks import CHECKS
from services.qc.domain.brief import Brief
from services.qc.domain.views import Showing, Sight, SizeSeen, sides_to_draw
from services.qc.domain.wants import together, wants_of
from services.qc.gallery import MOST_REFERENCES, Gallery
from services.qc.repository import AnalysisRow

SIGHT_VERSION = 1
"""Raise it whenever the same file may be seen otherwise than before."""

SUSPICIONS: TypeAdapter[list[Suspicion]] = TypeAdapter(list[Suspicion])


def showing_for(
    creative: Creative,
    checks: Mapping[str, Check],
    judged: Mapping[str, Check],
    brief: Brief,
    models: Sequence[SizeSeen],
    folder: Path,
) -> Showing:
    """What the models that are asked `judged` need to see, and whether words are read.

    Words are read for models, and where exact checks among `checks` read them anyway.
    """
    sides, widths = sides_to_draw(creative, models) if judged else ({}, {})
    wants = together(wants_of(check_id, check) for check_id, check in judged.items())
    measured = {check.measure or check_id for check_id, check in checks.items()}
    return Showing(
        folder=folder,
        sides_px=sides,
        seen_px=widths if wants.small_print else {},
        references={
            kind: min(len(brief.files(kind)), MOST_REFERENCES)
            for kind in wants.references
            if brief.files(kind)
        },
        reads=bool(judged)
        or any(check.reads_words for name, check in CHECKS.items() if name in measured),
    )


def sight_name(brief: Brief, showing: Showing) -> str:
    """What a sight follows from beside the file, for the key under which it is kept."""
    logos: list[JsonValue] = [file.sha256 for file in brief.files("logo")]
    shows = bool(showing.sides_px)
    return json.dumps(["sight", SIGHT_VERSION, showing.reads, shows, logos if shows else []])


def kept_sight(found: Mapping[str, dict[str, JsonValue]], key: str) -> Sight | None:
    try:
        return Sight.model_validate(found[key])
    except (KeyError, ValidationError):
        return None


async def store(pool: Pool, row: AnalysisRow, gallery: Gallery, key: str) -> None:
    """Store the suspicions of the analysis, and keep the sight for the same file.

    Raises LeaseLost.
    """
    sight = gallery.sight
    found = {key: sight.model_dump(mode="json")} if sight else {}

    async def write() -> None:
        async with transaction(pool, [row.client_id]) as db:
            await repository.hold(db, row)
            await add_suspicions(row, gallery, db)
            await kept.keep(db, row.client_id, found, datetime.now(UTC))

    await insist(write)


async def add_suspicions(row: AnalysisRow, gallery: Gallery, db: Connection) -> None:
    """Those of a held analysis; what was stored first stays."""
    await db.execute(
        """
        INSERT INTO suspected (client_id, analysis_id, suspicions) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        """,
        row.client_id,
        row.analysis_id,
        SUSPICIONS.dump_python(gallery.suspected, mode="json"),
    )


async def suspicions(db: Connection, client_id: str, analysis_id: UUID) -> list[Suspicion]:
    """None were found, or nobody has looked yet, when it is empty."""
    stored = await db.fetchval(
        "SELECT suspicions FROM suspected WHERE client_id = $1 AND analysis_id = $2",
        client_id,
        analysis_id,
    )
    return SUSPICIONS.validate_python(stored or [])
