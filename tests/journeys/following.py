"""What the journeys do again and again."""

import asyncio
from pathlib import Path
from uuid import UUID

from aiohttp import ClientSession

from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis, CheckResult, ProgressEvent
from libs.contracts.usage import LedgerEntry
from tests.house import House

PATIENCE_S = 600.0


async def analyse(
    api: GatewayApi, file: Path, client: str = "diageo", profile: str = "diageo_key_visual"
) -> tuple[Analysis, list[ProgressEvent]]:
    """Upload, follow to the end, and wait until the ledger has told the cost."""
    analysis_id = await api.analyse(file, client, profile)
    events = [event async for event in api.events(analysis_id)]
    return await with_cost(api, analysis_id), events


async def with_cost(api: GatewayApi, analysis_id: UUID) -> Analysis:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            analysis = await api.analysis(analysis_id)
            if analysis.state in ("done", "failed") and analysis.cost_usd is not None:
                return analysis
            await asyncio.sleep(0.1)


async def ended(api: GatewayApi, analysis_id: UUID) -> Analysis:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            analysis = await api.analysis(analysis_id)
            if analysis.state in ("done", "failed", "cancelled"):
                return analysis
            await asyncio.sleep(0.1)


async def entries_of(house: House, analysis_id: UUID, at_least: int = 0) -> list[LedgerEntry]:
    """The ledger's entries, once there are that many."""
    async with ClientSession() as session, asyncio.timeout(PATIENCE_S):
        usage = house.usage_api(session)
        while True:
            entries = (await usage.entries_of(analysis_id)).entries
            if len(entries) >= at_least:
                return entries
            await asyncio.sleep(0.1)


def by_id(analysis: Analysis) -> dict[str, CheckResult]:
    return {result.check_id: result for result in analysis.checks}
