"""Looking at real servers and processes from a test."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

REPOSITORY = Path(__file__).parents[2]
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another")
LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: /proc and prctl")


def query(dsn: str, *statements: str) -> object:
    """Run the statements in one session; the first value of the last one."""

    async def ask() -> object:
        db = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await db.execute(statement)
            return await db.fetchval(statements[-1])
        finally:
            await db.close()

    return asyncio.run(ask())


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def is_gone(process_id: int) -> bool:
    """Ended, even if nobody has asked for its exit code yet."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"
