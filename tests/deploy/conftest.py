"""Supervisors that end with their test, and a file for their log."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from tests.deploy.supervised import Start, Supervised


@pytest.fixture
def supervise() -> Iterator[Start]:
    started: list[Supervised] = []

    def start(*children: str) -> Supervised:
        started.append(Supervised(*children))
        return started[-1]

    yield start
    for supervised in started:
        if supervised.process.poll() is None:
            supervised.end(signal.SIGTERM)


@pytest.fixture
def output(tmp_path: Path) -> Iterator[TextIO]:
    with (tmp_path / "log").open("w") as file:
        yield file
