"""One child process that opens creatives, as the service sees it: ask, listen, end."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

MAX_LINE_BYTES = 16 << 20
TASKS_PER_CHILD = 200
MAX_COMPLAINT_BYTES = 2_000

log = structlog.get_logger()

Message = dict[str, Any]


class ChildFailed(Exception):
    """The child died or hung over a file; the message says which, for people."""

    too_slow = False


class ChildTooSlow(ChildFailed):
    too_slow = True


@dataclass(frozen=True, slots=True)
class ChildLimits:
    memory_bytes: int
    max_pixels: int
    max_pages: int
    open_timeout_s: float
    examine_timeout_s: float


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tasks = 0
        self._listening = asyncio.create_task(self._log_complaints())

    @classmethod
    async def start(cls, limits: ChildLimits) -> "Child":
        settings = {
            "memory_bytes": limits.memory_bytes,
            "max_pixels": limits.max_pixels,
            "max_pages": limits.max_pages,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.qc.child",
            json.dumps(settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_bare_environment(),
            limit=MAX_LINE_BYTES,
            start_new_session=True,
        )
        return cls(process)

    @property
    def was_used(self) -> bool:
        return self._tasks > 0

    @property
    def fit_for_more(self) -> bool:
        return self._process.returncode is None and self._tasks < TASKS_PER_CHILD

    async def ask(self, request: Message, timeout_s: float) -> AsyncIterator[Message]:
        """Messages until the one that ends the task. Raises ChildFailed."""
        self._tasks += 1
        writer, reader = self._process.stdin, self._process.stdout
        if writer is None or reader is None:
            raise AssertionError("a child has pipes")
        deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            while line := await self._line(reader, deadline):
                message = json.loads(line)
                if "failed" in message:
                    raise ChildFailed(str(message["failed"]))
                yield message
                if "done" in message or "unreadable" in message:
                    return
        except TimeoutError as error:
            raise ChildTooSlow(f"it took longer than {timeout_s:.0f} s") from error
        except (ValueError, ConnectionError) as error:
            raise ChildFailed("the decoder gave no readable answer") from error
        raise ChildFailed("it needs more memory than allowed, or breaks the decoder")

    @staticmethod
    async def _line(reader: asyncio.StreamReader, deadline: float) -> bytes:
        # A deadline for each line, not one around the loop: the caller does its own work
        # between lines, and must not be interrupted there.
        left_s = deadline - asyncio.get_running_loop().time()
        return await asyncio.wait_for(reader.readline(), max(left_s, 0.01))

    async def _log_complaints(self) -> None:
        """What the child prints is words that a file may have chosen: quoted, and short."""
        stream = self._process.stderr
        while stream and (chunk := await stream.read(MAX_COMPLAINT_BYTES)):
            log.warning("a decoder says", words=chunk.decode(errors="replace"))

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening


def _bare_environment() -> dict[str, str]:
    """No key, token or password of the service reaches the process that opens files."""
    return {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }
