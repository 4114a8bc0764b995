"""Real programs that answer, stall, stop answering, or never begin."""

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TextIO

import pytest

from deploy.ports import free_ports
from deploy.supervisor import Process, Supervisor
from tests.deploy.processes import LINUX_ONLY, is_gone
from tests.deploy.supervised import python, run_until, said, text_of

SERVER = """
import http.server, os, signal, sys, time

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == '/readyz' else 503)
        self.end_headers()
        print('asked for', self.path, flush=True)

    def log_message(self, *_):
        pass

signal.signal(signal.SIGUSR1, lambda *_: time.sleep(1.2))
signal.signal(signal.SIGUSR2, lambda *_: [None for _ in iter(int, 1)])
signal.signal(signal.SIGTERM, lambda *_: (server.server_close(), time.sleep(DRAIN_S), os._exit(0)))
BEFORE
server = http.server.HTTPServer(('127.0.0.1', PORT), Answer)
print('serving as', os.getpid(), flush=True)
server.serve_forever()
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hang is noticed after 1.5 s."""
    monkeypatch.setattr("deploy.answers.FIRST_PROBE_EVERY_S", 0.1)
    monkeypatch.setattr("deploy.answers.PROBE_EVERY_S", 0.5)


def server(before: str = "", drain_s: float = 0) -> Process:
    port = free_ports(1)[0]
    code = SERVER.replace("PORT", str(port)).replace("BEFORE", before)
    code = code.replace("DRAIN_S", str(drain_s))
    return python("qc", code, f"http://127.0.0.1:{port}/readyz")


def pid_of(output: TextIO) -> int:
    return int(re.findall(r"serving as (\d+)", text_of(output))[-1])


def supervise(output: TextIO, process: Process, during: Callable[[], Awaitable[object]]) -> str:
    asyncio.run(run_until(Supervisor([process], output), during))
    return text_of(output)


@LINUX_ONLY
@pytest.mark.parametrize("hang", [signal.SIGSTOP, signal.SIGUSR2], ids=["stopped", "busy"])
def test_a_program_that_hangs_is_killed_and_started_again(output: TextIO, hang: int) -> None:
    hung: list[int] = []

    async def during() -> None:
        await said(output, "asked for /healthz", times=2)
        hung.append(pid_of(output))
        os.kill(hung[0], hang)
        await said(output, "serving as", times=2)
        await said(output, f"serving as {pid_of(output)}")

    log = supervise(output, server(), during)

    assert "aiqc | qc no longer answers and is killed\n" in log
    assert "aiqc | qc was killed by signal 9; starts again in 0.2 s\n" in log
    assert pid_of(output) != hung[0]
    assert is_gone(hung[0])


def test_a_short_stall_is_no_hang(output: TextIO) -> None:
    async def during() -> None:
        await said(output, "asked for /healthz", times=2)
        for _ in range(3):
            os.kill(pid_of(output), signal.SIGUSR1)
            await asyncio.sleep(1.3)
            asked = text_of(output).count("asked for")
            await said(output, "asked for", times=asked + 1)

    assert "killed" not in supervise(output, server(), during)


def test_a_program_that_is_slow_to_start_is_left_to_it(output: TextIO) -> None:
    slow = server(before="time.sleep(2.5)")
    assert "killed" not in supervise(output, slow, lambda: said(output, "asked for /healthz"))


def test_a_program_that_drains_may_stop_answering(output: TextIO) -> None:
    slow = server(drain_s=2.5)
    log = supervise(output, slow, lambda: said(output, "asked for /healthz", times=2))
    assert "stopping qc" in log
    assert "killed" not in log


def test_a_program_says_where_it_wants_to_be_asked(output: TextIO) -> None:
    process = replace(server(), health_path="/alive")
    supervise(output, process, lambda: said(output, "asked for /alive", times=2))


def test_who_has_no_address_is_never_asked(output: TextIO) -> None:
    process = replace(server(), ready_url=None)

    async def during() -> None:
        await said(output, "serving as")
        await asyncio.sleep(2)

    assert "asked for" not in supervise(output, process, during)
