"""A running platform for the guides of the usage service."""

from collections.abc import Iterator

import pytest

from tests.deploy.processes import REPOSITORY
from tests.journeys.processes import Up


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`aiqc up` with an empty ledger, and without a provider's key."""
    folder = tmp_path_factory.mktemp("guide") / "data"
    with Up(folder, {"PYTHONPATH": str(REPOSITORY)}) as up:
        yield up
