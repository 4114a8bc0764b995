"""A lean HTTP client: prepared bytes out, answers counted. It must not be what is measured."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from yarl import URL

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: answers a second, and the time of each answer."""

    per_s: float
    latencies_ms: list[float] = field(repr=False)

    def latency_ms(self, share: float) -> float:
        """The latency that `share` of the answers do not exceed."""
        return sorted(self.latencies_ms)[int(share * (len(self.latencies_ms) - 1))]


async def get(url: URL, headers: dict[str, str], connections: int, requests: int) -> Load:
    """`requests` GETs in all, one at a time on each of `connections`; each must answer 200."""
    message = message_of("GET", url, headers)
    return await ask(url, [[message] * (requests // connections)] * connections)


def message_of(method: str, url: URL, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", f"Host: {url.host}:{url.port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def ask(url: URL, messages: Sequence[Sequence[bytes]]) -> Load:
    """A connection for each sequence, which sends its requests one after another."""
    began = time.perf_counter()
    taken = await asyncio.gather(*(_one_after_another(url, one) for one in messages))
    latencies_ms = [ms for connection in taken for ms in connection]
    return Load(len(latencies_ms) / (time.perf_counter() - began), latencies_ms)


async def _one_after_another(url: URL, messages: Sequence[bytes]) -> list[float]:
    reader, writer = await asyncio.open_connection(url.host, url.port)
    latencies_ms = []
    try:
        for message in messages:
            began = time.perf_counter()
            writer.write(message)
            await _answer(reader)
            latencies_ms.append((time.perf_counter() - began) * 1000)
    finally:
        writer.close()
        await writer.wait_closed()
    return latencies_ms


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = _LENGTH.search(head)
    assert length, head
    return await reader.readexactly(int(length[1]))
