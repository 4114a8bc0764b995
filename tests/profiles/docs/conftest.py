"""A running platform for the guide of the registry."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.processes import Up, fake_providers_process

PASSES = json.dumps(
    {"evidence": "Large, on a calm ground.", "verdict": "pass", "score": 95, "findings": []}
)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """`aiqc up` with what every installation starts with, and a provider that is content."""
    with fake_providers_process() as fake:
        fake.answer_all(text=PASSES)
        with Up(tmp_path / "data", fake.environment) as up:
            yield up
