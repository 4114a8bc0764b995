"""Asks programs over HTTP whether they are ready, and whether they still answer."""

import asyncio

import aiohttp

ANSWER_S = 2.0
FIRST_PROBE_EVERY_S = 0.5
PROBE_EVERY_S = 5.0
MISSES = 3
NO_ANSWER = "does not answer"


async def answer(session: aiohttp.ClientSession, url: str) -> str:
    """The status code, or that there is none."""
    try:
        async with session.get(url) as response:
            return str(response.status)
    except (aiohttp.ClientError, OSError):
        return NO_ANSWER


async def stops_answering(url: str) -> None:
    """Return when the program has answered once, and then not `MISSES` times in a row.

    Any status is an answer: a program that hangs gives none, and one whose database is gone
    is not mended by a kill. Each question waits for the whole of `PROBE_EVERY_S`, so that
    neither a short stall nor a burst of refused connections looks like a hang.
    """
    # A connection each: a hung program may keep an old one open.
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        timeout=aiohttp.ClientTimeout(PROBE_EVERY_S),
    ) as session:
        started, misses = False, 0
        while misses < MISSES:
            every_s = PROBE_EVERY_S if started else FIRST_PROBE_EVERY_S
            said, _ = await asyncio.gather(answer(session, url), asyncio.sleep(every_s))
            started = started or said != NO_ANSWER
            misses = misses + 1 if started and said == NO_ANSWER else 0
