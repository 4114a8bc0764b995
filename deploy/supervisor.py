"""Keeps programs running until told to stop, and merges what they print into one log.

A killed supervisor takes its children with it on Linux (see deploy.children); elsewhere they
live on and hold their ports, which the next start then names.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TextIO
from urllib.parse import urljoin

import aiohttp

from deploy import CannotStart
from deploy.answers import ANSWER_S, answer, stops_answering
from deploy.children import die_with_us
from deploy.log_output import OURSELVES, Log

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
HEALTHY_S = 10.0
DRAIN_S = 15.0
OUTPUT_S = 1.0
POLL_S = 0.1
BAD_CONFIGURATION = 3
REFUSALS = 5
LINE_BYTES = 65_536


@dataclass(frozen=True)
class Process:
    """One program. `env` is all of its environment and may hold secrets; `argv` must not:
    every user of the machine can read it.

    Exit code 3 says that the configuration is wrong, so that trying again is no use. With a
    `ready_url`, it is killed and started again when it no longer answers at `health_path`.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    ready_url: str | None = None
    health_path: str = "/healthz"


class Supervisor:
    """Runs each process in a session of its own, so that ^C reaches them through us, once."""

    def __init__(self, processes: Sequence[Process], output: TextIO | None = None) -> None:
        self._processes = processes
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._failure: CannotStart | OSError | None = None
        self._last_line: dict[str, str] = {}
        self._log = Log(output or sys.stdout, [process.name for process in processes])

    async def run(self) -> None:
        """Return when all have ended after `stop` or a signal; a second one kills them undrained.

        Raises CannotStart when a process refuses its configuration, and OSError when nobody can
        read the log any more, as after `aiqc up | head`; the others are ended first.
        """
        loop = asyncio.get_running_loop()
        self._log.start(lambda error: loop.call_soon_threadsafe(self._lose_log, error))
        for signal_number in SIGNALS:
            loop.add_signal_handler(signal_number, self._on_signal)
        try:
            await asyncio.gather(*(self._keep(process) for process in self._processes))
        finally:
            self._log.close()
            for signal_number in SIGNALS:
                loop.remove_signal_handler(signal_number)
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        self._stopping.set()

    def _on_signal(self) -> None:
        """Stop; a second signal hurries."""
        if self._stopping.is_set():
            self._hurrying.set()
        self._stopping.set()

    async def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Return when every `ready_url` answers 200; CannotStart says which does not, and why."""
        waiting = [process for process in self._processes if process.ready_url]
        deadline = time.monotonic() + timeout_s
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S)) as session:
            while True:
                answers = [await answer(session, process.ready_url or "") for process in waiting]
                missing = {p.name: a for p, a in zip(waiting, answers, strict=True) if a != "200"}
                if self._stopping.is_set():
                    raise self._failure or CannotStart("stopped before everything was ready")
                if not missing:
                    return
                if time.monotonic() > deadline:
                    reasons = ", ".join(f"{name} ({said})" for name, said in missing.items())
                    raise CannotStart(f"not ready after {timeout_s:.0f} s: {reasons}")
                await asyncio.sleep(POLL_S)

    async def _keep(self, process: Process) -> None:
        delay_s, refusals = FIRST_DELAY_S, 0
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._live(process)
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= HEALTHY_S:
                delay_s, refusals = FIRST_DELAY_S, 0
            refusals = refusals + 1 if code == BAD_CONFIGURATION else 0
            if refusals == REFUSALS:
                self._give_up(f"{process.name} refuses to start: {self._last_line[process.name]}")
                return
            self._log.line(
                OURSELVES, f"{process.name} {_ending(code)}; starts again in {delay_s:.1f} s"
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    async def _live(self, process: Process) -> int:
        """One life of the process; gives its exit code, and leaves nothing of its session."""
        self._last_line[process.name] = "it said nothing"
        async with self._logged(process.name) as write_end:
            try:
                child = await asyncio.create_subprocess_exec(
                    *process.argv,
                    env=process.env,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=write_end,
                    stderr=write_end,
                    start_new_session=True,
                    preexec_fn=die_with_us(signal.SIGTERM),
                )
            except OSError as error:
                self._give_up(f"{process.name} cannot be run: {error.strerror}")
                return BAD_CONFIGURATION
            finally:
                os.close(write_end)
            watching = asyncio.create_task(self._kill_when_hung(process, child))
            try:
                return await self._wait(process, child)
            finally:
                watching.cancel()
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)

    async def _wait(self, process: Process, child: asyncio.subprocess.Process) -> int:
        ended = asyncio.create_task(child.wait())
        if not await _ends_before(ended, self._stopping):
            self._log.line(OURSELVES, f"stopping {process.name}")
            _signal(child, signal.SIGTERM)
            if not await _ends_before(ended, self._hurrying, DRAIN_S):
                self._log.line(OURSELVES, f"{process.name} did not drain and is killed")
                _signal(child, signal.SIGKILL)
        return await ended

    async def _kill_when_hung(self, process: Process, child: asyncio.subprocess.Process) -> None:
        if not process.ready_url:
            return
        await stops_answering(urljoin(process.ready_url, process.health_path))
        if not self._stopping.is_set():
            self._log.line(OURSELVES, f"{process.name} no longer answers and is killed")
            _signal(child, signal.SIGKILL)

    def _give_up(self, reason: str) -> None:
        self._log.line(OURSELVES, reason)
        self._end_with(CannotStart(reason))

    def _lose_log(self, error: OSError) -> None:
        if not self._stopping.is_set():
            self._end_with(error)

    def _end_with(self, failure: CannotStart | OSError) -> None:
        self._failure = self._failure or failure
        self._stopping.set()

    @asynccontextmanager
    async def _logged(self, name: str) -> AsyncIterator[int]:
        """A pipe of our own: asyncio's would also wait for whoever inherited it from the child."""
        read_end, write_end = os.pipe()
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        copying = asyncio.create_task(self._copy_lines(name, reader))
        try:
            yield write_end
        finally:
            await asyncio.wait({copying}, timeout=OUTPUT_S)
            copying.cancel()
            transport.close()

    async def _copy_lines(self, name: str, reader: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await reader.read(LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._print(name, line)
        if rest:
            self._print(name, rest)

    def _print(self, name: str, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if text:
            self._last_line[name] = text
        self._log.line(name, text)


async def _ends_before(
    task: asyncio.Task[int], event: asyncio.Event, timeout_s: float | None = None
) -> bool:
    signalled = asyncio.create_task(event.wait())
    await asyncio.wait({task, signalled}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    return task.done()


def _ending(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _signal(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a signal to a child that may have ended by itself a moment ago."""
    with suppress(ProcessLookupError):
        child.send_signal(number)
