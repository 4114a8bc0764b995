"""The qc schema of a real database."""

from collections.abc import AsyncIterator, Mapping

import pytest

from deploy.database import Dsns
from libs.postgres import Pool, migrate, open_pool
from services.qc.app import MIGRATIONS


@pytest.fixture
async def pool(dsns: Mapping[str, Dsns]) -> AsyncIterator[Pool]:
    await migrate(dsns["qc"].owner, "qc", MIGRATIONS)
    async with open_pool(dsns["qc"].run, "qc") as pool:
        yield pool
