"""Supervisors to look at: one in a process of its own, or one in the test's own loop."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

from deploy.supervisor import Process, Supervisor
from tests.deploy.processes import REPOSITORY

SUPERVISE = """
import asyncio, os, sys
from deploy import CannotStart
from deploy.supervisor import Process, Supervisor
processes = [
    Process(f'child{number}', [sys.executable, '-c', code], {**os.environ, 'KEY': 's3cret'})
    for number, code in enumerate(sys.argv[1:])
]
try:
    asyncio.run(Supervisor(processes).run())
except CannotStart as error:
    sys.exit(f'gave up: {error}')
"""


class Supervised:
    """A supervisor in a process of its own, and its log so far."""

    def __init__(self, *children: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, *children],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=REPOSITORY,
        )
        self.log = ""

    def read_until(self, pattern: str, times: int = 1) -> str:
        assert self.process.stdout is not None
        deadline = time.monotonic() + 30
        while len(re.findall(pattern, self.log)) < times:
            line = self.process.stdout.readline()
            assert line and time.monotonic() < deadline, f"no {pattern!r}: {self.log}"
            self.log += line
        return self.log

    def end(self, signal_number: int) -> str:
        """The whole log after the signal."""
        self.process.send_signal(signal_number)
        self.log += self.process.communicate(timeout=20)[0]
        return self.log

    def children(self) -> list[int]:
        folder = Path(f"/proc/{self.process.pid}/task")
        return [int(pid) for f in folder.glob("*/children") for pid in f.read_text().split()]


Start = Callable[..., Supervised]


def text_of(output: TextIO) -> str:
    return Path(output.name).read_text()


def python(name: str, code: str, ready_url: str | None = None) -> Process:
    return Process(name, [sys.executable, "-c", code], dict(os.environ), ready_url)


async def run_until(supervisor: Supervisor, condition: Callable[[], Awaitable[object]]) -> None:
    running = asyncio.create_task(supervisor.run())
    try:
        await condition()
    finally:
        supervisor.stop()
        await running


async def said(output: TextIO, text: str, times: int = 1) -> None:
    for _ in range(400):
        if text_of(output).count(text) >= times:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never said {text!r}: {text_of(output)}")


def run_until_said(output: TextIO, processes: list[Process], text: str) -> str:
    asyncio.run(run_until(Supervisor(processes, output), lambda: said(output, text)))
    return text_of(output)
