"""Child processes that open creatives and measure them, with limits on memory and time.

Pictures and PDFs come from anywhere, and their parsers are large. Nothing of a creative is
decoded in the service itself: a child does it, under limits of its own, and speaks JSON lines
only, so that even a child that a file has taken over can do no more than answer wrongly.
Children are warm and used again; one that dies or hangs is replaced.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from libs.contracts.qc import Creative
from libs.problems import Invalid, TooLarge, TooMany, Unsupported
from services.qc.decoder_process import Child, ChildFailed, ChildLimits, Message
from services.qc.domain.brief import Brief
from services.qc.domain.plan_sheet import ReadPlan
from services.qc.domain.views import Showing

LONGEST_QUEUE_S = 30.0
PROBLEMS = {
    "type_not_supported": Unsupported,
    "unknown_type": Unsupported,
    "too_many_pixels": TooLarge,
    "too_many_pages": TooLarge,
    "plan_too_large": TooLarge,
}


class Decoders:
    """A pool of children. Open it with `async with`."""

    def __init__(self, count: int, limits: ChildLimits, most_waiting: int = 200) -> None:
        """Up to `count` files are opened and `count` examined at a time.

        Opening has children of its own: a caller waits for it, and must not stand behind
        an examination of minutes.
        """
        self._limits = limits
        self._opening = asyncio.Semaphore(count)
        self._examining = asyncio.Semaphore(count)
        self._idle: list[Child] = []
        self._waiting = 0
        self._most_waiting = most_waiting

    async def __aenter__(self) -> "Decoders":
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._idle:
            await self._idle.pop().end()

    async def open(self, path: Path, name: str) -> Message:
        """Decode the whole file once; return its facts.

        They are format, width_px, height_px, pages, strip, duration_s and notes.

        Raises Invalid, Unsupported or TooLarge with a sentence that says what to do, and
        TooMany when the others would have to be waited for too long.
        """
        return await self._ask_once({"do": "open", "path": str(path), "name": name})

    async def read_plan(self, path: Path) -> ReadPlan:
        """The placements in a media plan's file; raises as `open` does."""
        told = await self._ask_once({"do": "plan", "path": str(path)})
        return ReadPlan.model_validate(told["plan"])

    async def _ask_once(self, request: Message) -> Message:
        try:
            async with self._place_to_open():
                told = [m async for m in self._converse(request, self._limits.open_timeout_s)]
        except ChildFailed as error:
            raise Invalid(
                "too_hard_to_open",
                f"The file could not be opened: {error}. Export it again, smaller or flattened.",
            ) from error
        if "unreadable" in told[-1]:
            raise _problem(told[-1]["unreadable"])
        return told[-1]

    async def examine(
        self,
        path: Path,
        creative: Creative,
        checks: Mapping[str, Message],
        brief: Brief,
        showing: Showing | None = None,
        evidence: Message | None = None,
    ) -> AsyncIterator[Message]:
        """Measure `checks` ({check_id: {"measure", "parameters"}}), draw what is `showing`.
        `evidence` ({"folder", "previews"}) wants crops of findings, and {"previews"} of pages.
        Yields {"drawn": [Shown]}, {"started": check_id}, {"check_id", "measured", "duration_ms"},
        then {"sight": Sight, "crops": [Shown]}. Every check gets an outcome: one that kills its
        child is an error, the others go on in a new one; in a file that cannot be opened all are.
        """
        left, wanted = dict(checks), showing
        async with self._examining:
            while left or wanted:
                request = _to_examine(path, creative, left, brief, wanted, evidence)
                at, reason = None, ""
                try:
                    async for message in self._converse(request, self._limits.examine_timeout_s):
                        if "unreadable" in message:
                            reason = str(message["unreadable"]["detail"])
                            break
                        at = message.get("started", at)
                        left.pop(message.get("check_id", ""), None)
                        wanted = None if "sight" in message else wanted
                        if "done" not in message:
                            yield message
                    else:
                        return
                except ChildFailed as error:
                    reason = f"{error}"
                lost = [at] if at in left else list(left)
                for check_id in lost:
                    left.pop(check_id)
                    yield {"check_id": check_id, "measured": _error(reason), "duration_ms": None}
                if lost != [at]:
                    return

    async def _converse(self, request: Message, timeout_s: float) -> AsyncIterator[Message]:
        """Ask a child; a used one that turns out to be dead is replaced once, and asked anew.

        Both have `timeout_s` together: a file that takes long in one child takes long in the next.
        """
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            heard = False
            async with self._child() as child:
                used = child.was_used
                try:
                    left_s = deadline - asyncio.get_running_loop().time()
                    async for message in child.ask(request, left_s):
                        heard = True
                        yield message
                    return
                except ChildFailed as failure:
                    await child.end()
                    if heard or not used or failure.too_slow:
                        raise

    @asynccontextmanager
    async def _place_to_open(self) -> AsyncIterator[None]:
        if self._waiting >= self._most_waiting:
            raise _busy()
        self._waiting += 1
        try:
            await asyncio.wait_for(self._opening.acquire(), LONGEST_QUEUE_S)
        except TimeoutError as error:
            raise _busy() from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._opening.release()

    @asynccontextmanager
    async def _child(self) -> AsyncIterator["Child"]:
        while self._idle and not self._idle[-1].fit_for_more:
            await self._idle.pop().end()
        child = self._idle.pop() if self._idle else await Child.start(self._limits)
        try:
            yield child
        except BaseException:
            await child.end()
            raise
        if child.fit_for_more:
            self._idle.append(child)
        else:
            await child.end()


def _to_examine(
    path: Path,
    creative: Creative,
    checks: Mapping[str, Message],
    brief: Brief,
    showing: Showing | None,
    evidence: Message | None,
) -> Message:
    return {
        "do": "examine",
        "path": str(path),
        "name": creative.file_name,
        "checks": dict(checks),
        "brief": brief.model_dump(mode="json"),
        "showing": showing and showing.model_dump(mode="json"),
        "evidence": evidence,
    }


def _busy() -> TooMany:
    return TooMany("busy", "Too many files are being opened; try again in a moment.", 5)


def _problem(unreadable: Message) -> Exception:
    kind = PROBLEMS.get(unreadable["code"], Invalid)
    return kind(unreadable["code"], unreadable["detail"])


def _error(reason: str) -> Message:
    return {
        "state": "error",
        "score": None,
        "findings": [],
        "measurements": {},
        "reason": f"The check could not be measured: {reason.rstrip('.')}.",
    }
