"""A lean HTTP client: prepared bytes out, answers counted. It must not be what is measured."""

import asyncio
import re
import time
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
    lines = [f"GET {url.raw_path_qs} HTTP/1.1", f"Host: {url.host}:{url.port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    began = time.perf_counter()
    taken = await asyncio.gather(
        *(_one_after_another(url, request, requests // connections) for _ in range(connections))
    )
    latencies_ms = [ms for connection in taken for ms in connection]
    return Load(len(latencies_ms) / (time.perf_counter() - began), latencies_ms)


async def _one_after_another(url: URL, request: bytes, count: int) -> list[float]:
    reader, writer = await asyncio.open_connection(url.host, url.port)
    latencies_ms = []
    try:
        for _ in range(count):
            began = time.perf_counter()
            writer.write(request)
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
