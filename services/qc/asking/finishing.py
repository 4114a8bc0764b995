"""What must come to its end, whoever is told to stop meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

LAST_MOMENT_S = 2.0

Answer = TypeVar("Answer")


async def to_its_end(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Do `work`; cancelled meanwhile, give it a moment to end, and only then stop.

    For writing down what a call cost: by then it is known, and cut off it would be unknown.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LAST_MOMENT_S)
        task.cancel()
        raise
