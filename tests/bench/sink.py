"""A provider that costs next to nothing: it swallows a request and answers after a while.

The fake providers read every picture; beside many calls they would be what is measured.
"""

import argparse
import asyncio
import json

ANSWER_S = 0.8
_TEXT = "{}"
_USAGE = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}
_ANSWER = {
    "id": "1",
    "model": "gpt-4o",
    "status": "completed",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": _TEXT}}],
    "output": [{"type": "message", "content": [{"type": "output_text", "text": _TEXT}]}],
    "usage": {**_USAGE, "input_tokens": 5, "output_tokens": 5},
    "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": _TEXT}]}}],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 5, "totalTokenCount": 10},
}
"""Of all three dialects at once: each reads its own part."""


class Sink(asyncio.BufferedProtocol):
    """One connection; requests come one after the other on it."""

    buffer = bytearray(1 << 18)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._head = b""
        self._left_bytes: int | None = None

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left_bytes is None:
            self._head += self.buffer[:nbytes]
            head, ended, body = self._head.partition(b"\r\n\r\n")
            if not ended:
                return
            self._left_bytes = _length(head) - len(body)
        else:
            self._left_bytes -= nbytes
        if self._left_bytes <= 0:
            wait_s = 0.0 if self._head.startswith(b"GET") else ANSWER_S
            asyncio.get_running_loop().call_later(wait_s, self._transport.write, _RESPONSE)
            self._head, self._left_bytes = b"", None


def _length(head: bytes) -> int:
    lines = [line.lower().partition(b":") for line in head.split(b"\r\n")]
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


def _response() -> bytes:
    body = json.dumps(_ANSWER).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


_RESPONSE = _response()


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", port, backlog=2_000)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(main(parser.parse_args().port))
