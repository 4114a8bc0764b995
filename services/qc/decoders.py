"""Child processes that open creatives and measure them, with limits on memory and time.

Pictures and PDFs come from anywhere, and their parsers are large. Nothing of a creative is
decoded in the service itself: a child does it, under limits of its own, and speaks JSON lines
only, so that even a child that a file has taken over can do no more than answer wrongly.
Children are warm and used again; one that dies or hangs is replaced.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from libs.contracts.qc import Creative
from libs.problems import Invalid, TooLarge, TooMany, Unsupported

log = structlog.get_logger()

MAX_LINE_BYTES = 16 << 20
TASKS_PER_CHILD = 200
PROBLEMS = {
    "type_not_supported": Unsupported,
    "unknown_type": Unsupported,
    "too_many_pixels": TooLarge,
    "too_many_pages": TooLarge,
}

Message = dict[str, Any]


class ChildFailed(Exception):
    """The child died or hung over a file; the message says which, for people."""


@dataclass(frozen=True, slots=True)
class ChildLimits:
    memory_bytes: int
    max_pixels: int
    max_pages: int
    open_timeout_s: float
    examine_timeout_s: float


class Decoders:
    """A pool of children. Open it with `async with`."""

    def __init__(self, count: int, limits: ChildLimits, most_waiting: int = 200) -> None:
        self._limits = limits
        self._room = asyncio.Semaphore(count)
        self._idle: list[_Child] = []
        self._waiting = 0
        self._most_waiting = most_waiting

    async def __aenter__(self) -> "Decoders":
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._idle:
            await self._idle.pop().end()

    async def open(self, path: Path, name: str) -> Message:
        """Decode the whole file once; return its facts: format, width_px, height_px, pages.

        Raises Invalid, Unsupported or TooLarge with a sentence that says what to do.
        """
        request = {"do": "open", "path": str(path), "name": name}
        try:
            async with self._child() as child:
                async for message in child.ask(request, self._limits.open_timeout_s):
                    if "unreadable" in message:
                        raise _problem(message["unreadable"])
                    return message
        except ChildFailed as error:
            raise Invalid(
                "too_hard_to_open",
                f"The file could not be opened: {error}. Export it again, smaller or flattened.",
            ) from error
        raise AssertionError("a child answers or fails")

    async def examine(
        self,
        path: Path,
        creative: Creative,
        checks: Mapping[str, Message],
        references: Mapping[str, Sequence[Path]],
        picture: Path | None,
    ) -> AsyncIterator[Message]:
        """Measure `checks` ({check_id: {"measure", "parameters"}}) and draw `picture`.

        Yields {"started": check_id}, then {"check_id", "measured", "duration_ms"} for each, and
        {"picture": true} once the JPEG for the judged checks lies at `picture`. A check that
        kills its child ends as an error, and the others go on in a new one.
        """
        left, wanted = dict(checks), picture
        while left or wanted:
            request = {
                "do": "examine",
                "path": str(path),
                "name": creative.file_name,
                "checks": left,
                "references": {kind: list(map(str, found)) for kind, found in references.items()},
                "picture": str(wanted) if wanted else None,
            }
            at = None
            try:
                async with self._child() as child:
                    async for message in child.ask(request, self._limits.examine_timeout_s):
                        at = message.get("started", at)
                        left.pop(message.get("check_id", ""), None)
                        wanted = None if "picture" in message else wanted
                        if "done" not in message:
                            yield message
                return
            except ChildFailed as error:
                guilty = at if at in left else None
                if guilty is None:
                    raise
                left.pop(guilty)
                yield {"check_id": guilty, "measured": _error(str(error)), "duration_ms": None}

    @asynccontextmanager
    async def _child(self) -> AsyncIterator["_Child"]:
        if self._waiting >= self._most_waiting:
            raise TooMany("busy", "Too many files are being opened; try again in a moment.", 5)
        self._waiting += 1
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
        try:
            child = self._idle.pop() if self._idle else await _Child.start(self._limits)
            try:
                yield child
            except BaseException:
                await child.end()
                raise
            if child.fit_for_more:
                self._idle.append(child)
            else:
                await child.end()
        finally:
            self._room.release()


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tasks = 0

    @classmethod
    async def start(cls, limits: ChildLimits) -> "_Child":
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
            env=_bare_environment(),
            limit=MAX_LINE_BYTES,
            start_new_session=True,
        )
        return cls(process)

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
            raise ChildFailed(f"it took longer than {timeout_s:.0f} s") from error
        except (ValueError, ConnectionError) as error:
            raise ChildFailed("the decoder gave no readable answer") from error
        raise ChildFailed("it needs more memory than allowed, or breaks the decoder")

    @staticmethod
    async def _line(reader: asyncio.StreamReader, deadline: float) -> bytes:
        # A deadline for each line, not one around the loop: the caller does its own work
        # between lines, and must not be interrupted there.
        left_s = deadline - asyncio.get_running_loop().time()
        return await asyncio.wait_for(reader.readline(), max(left_s, 0.01))

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


def _bare_environment() -> dict[str, str]:
    """No key, token or password of the service reaches the process that opens files."""
    return {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _problem(unreadable: Message) -> Exception:
    kind = PROBLEMS.get(unreadable["code"], Invalid)
    return kind(unreadable["code"], unreadable["detail"])


def _error(reason: str) -> Message:
    return {
        "state": "error",
        "score": None,
        "findings": [],
        "measurements": {},
        "reason": f"The check could not be measured: {reason}.",
    }
