"""The whole platform, with providers that answer as scripted."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from deploy.database import Dsns
from deploy.sample import Sample, write_sample
from tests.fake_providers import FakeProviders
from tests.house import House, open_house
from tests.trust import Trust


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture
async def fake() -> AsyncIterator[FakeProviders]:
    async with FakeProviders() as fake:
        yield fake


@pytest.fixture
async def house(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders
) -> AsyncIterator[House]:
    async with open_house(dsns, trust, tmp_path, fake) as house:
        yield house


@pytest.fixture
async def house_without_keys(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path
) -> AsyncIterator[House]:
    async with open_house(dsns, trust, tmp_path) as house:
        yield house
