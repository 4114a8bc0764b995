"""The same file again: from the claim to the verdict when every exact result is kept."""

from collections.abc import Mapping
from pathlib import Path

from deploy.database import Dsns
from deploy.sample import write_sample
from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis
from libs.postgres import Connection
from tests.bench.board import Board, at_most, typical
from tests.house import open_house
from tests.journeys.following import ended
from tests.trust import Trust

BENCH = "kept results"
REPEATS = 20
ONLY = ",".join(
    (
        "aspect_ratio",
        "background_contrast",
        "file_naming",
        "image_resolution",
        "logo_visibility",
        "spelling",
        "text_readability",
    )
)


async def check(api: GatewayApi, file: Path) -> Analysis:
    given = {"only": ONLY}
    return await ended(api, await api.analyse(file, "diageo", "diageo_key_visual", given))


async def test_cached_repeat(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, admin_db: Connection, board: Board
) -> None:
    sample = write_sample(tmp_path)
    async with open_house(dsns, trust, tmp_path) as house, house.signed_in() as api:
        await api.add_logo(sample.logo, "diageo")
        first = await check(api, sample.creative)
        again = [await check(api, sample.creative) for _ in range(REPEATS)]
    rows = await admin_db.fetch(
        "SELECT analysis_id, finished_at - started_at AS took FROM qc.analysis"
    )
    took_ms = {row["analysis_id"]: row["took"].total_seconds() * 1000 for row in rows}

    assert all(result.cached for one in again for result in one.checks)
    assert all(one.score == first.score for one in again)
    repeats = [took_ms[one.analysis_id] for one in again]
    board.write(BENCH, "ms from claim to verdict, measured", took_ms[first.analysis_id], 1)
    board.write(BENCH, "ms from claim to verdict, kept", typical(repeats), REPEATS, at_most(50))
    board.write(BENCH, "ms from claim to verdict, kept, the best", min(repeats), REPEATS)
