"""A running platform for the guide of the registry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.processes import REPOSITORY
from tests.journeys.processes import Up


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """`aiqc up` with what every installation starts with, and without a provider's key."""
    with Up(tmp_path / "data", {"PYTHONPATH": str(REPOSITORY)}) as up:
        yield up
