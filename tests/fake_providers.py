"""A server that answers as OpenAI and Gemini, and keeps the list of what it would have billed.

In a test: `async with FakeProviders() as fake`. As a process that outlives a killed qc:
`python -m tests.fake_providers --port N`, read and scripted through `/_billed`, `/_calls`
and `/_script`. Nothing leaves the machine.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from tests import fake_answers

ATTEMPT_HEADER = "X-Client-Request-Id"
_CUT_SIGNATURE = re.compile(r'("thoughtSignature":\s*")[\w+/=-]*[^\w+/="-][^"]*')
_NOT_REPLAYED = {"content-length", "content-encoding", "transfer-encoding", "connection"}


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer. Without `body` it is the default answer around `text`, or a made-up text; a
    text with a verdict is given to each check that was asked.

    `usage` replaces the counts of a default answer (null: none). `cut` sends half of the body,
    `drop` nothing at all. It is given to calls of that `provider` whose question `contains` the
    words, `times` times (0: always). `billed` is said only when it is not plain from the status.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None
    usage: Any = "as it is"
    delay_s: float = 0.0
    cut: bool = False
    drop: bool = False
    billed: bool | None = None
    provider: str | None = None
    contains: str = ""
    times: int = 1


@dataclass(slots=True)
class Call:
    """One request as the provider saw it; `usage` as it would stand on the bill."""

    attempt_id: str | None
    provider: str
    model: str
    path: str
    question: str
    at: str
    status: int = 0
    usage: Any = None
    billed: bool = False
    fully_sent: bool = False


Script = Callable[[Call], Scripted | None]


class FakeProviders:
    """Serves from the queue of scripted answers, then from `script`, then by default."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.requests: list[tuple[Mapping[str, str], dict[str, Any]]] = []
        self._queue: list[tuple[Scripted, int]] = []
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def billed(self) -> list[Call]:
        return [call for call in self.calls if call.billed]

    @property
    def openai_base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def google_base_url(self) -> str:
        return self.url

    def answer_with(self, *answers: Scripted) -> None:
        self._queue += [(answer, answer.times) for answer in answers]

    def replay(self, path: Path) -> None:
        """Queue a recorded exchange: a JSON file with `response` {status, headers, body(_text)}."""
        self.answer_with(recorded(path))

    def reset(self) -> None:
        self.script = None
        self._queue.clear()
        self.calls.clear()
        self.requests.clear()

    async def start(self, port: int = 0) -> None:
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._openai_chat)
        app.router.add_post("/v1/responses", self._openai_response)
        app.router.add_post(r"/{version:v1|v1beta}/models/{model:[^:/]+}:{verb}", self._gemini)
        app.router.add_get("/_billed", self._tell_billed)
        app.router.add_get("/_calls", self._tell_calls)
        app.router.add_post("/_script", self._take_script)
        return app

    async def _openai_chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return await self._serve(request, body, "openai", body["model"], fake_answers.openai_chat)

    async def _openai_response(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        default = fake_answers.openai_response
        return await self._serve(request, body, "openai", body["model"], default)

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        model = request.match_info["model"]

        def default(body: dict[str, Any], answer: str) -> dict[str, Any]:
            return fake_answers.gemini(body, model, answer)

        return await self._serve(request, await request.json(), "google", model, default)

    async def _serve(
        self,
        request: web.Request,
        body: dict[str, Any],
        provider: str,
        model: str,
        default: Callable[[dict[str, Any], str], dict[str, Any]],
    ) -> web.StreamResponse:
        _, question = fake_answers.question_of(body)
        call = Call(
            attempt_id=request.headers.get(ATTEMPT_HEADER),
            provider=provider,
            model=model,
            path=request.path,
            question=question,
            at=datetime.now(UTC).isoformat(),
        )
        self.calls.append(call)
        self.requests.append((request.headers, body))
        scripted = self._next(call)
        text = fake_answers.check_answers(question)
        if scripted.text is not None:
            text = fake_answers.for_each_check(question, scripted.text)
        answer = _body(scripted, default(body, text))
        call.status, call.usage = scripted.status, _usage(answer)
        call.billed = scripted.status == 200 if scripted.billed is None else scripted.billed
        await asyncio.sleep(scripted.delay_s)
        return await _send(request, scripted, answer, call)

    def _next(self, call: Call) -> Scripted:
        for index, (answer, left) in enumerate(self._queue):
            if answer.provider in (None, call.provider) and answer.contains in call.question:
                if left == 1:
                    del self._queue[index]
                elif left > 1:
                    self._queue[index] = (answer, left - 1)
                return answer
        return (self.script(call) if self.script else None) or Scripted()

    async def _tell_billed(self, _: web.Request) -> web.Response:
        return web.json_response({"billed": [asdict(call) for call in self.billed]})

    async def _tell_calls(self, _: web.Request) -> web.Response:
        return web.json_response({"calls": [asdict(call) for call in self.calls]})

    async def _take_script(self, request: web.Request) -> web.Response:
        """`{"reset": bool, "answers": [the fields of Scripted], "replay": [path]}`."""
        asked = await request.json()
        if asked.get("reset"):
            self.reset()
        self.answer_with(*(Scripted(**answer) for answer in asked.get("answers", [])))
        self.answer_with(*(recorded(Path(path)) for path in asked.get("replay", [])))
        return web.json_response({"queued": len(self._queue)})


def recorded(path: Path) -> Scripted:
    """The answer in a recorded exchange, as it came over the wire.

    Recordings shorten long strings; a thought signature that is no base64 any more is emptied,
    because google-genai refuses the whole event for it.
    """
    response = json.loads(path.read_text())["response"]
    headers = {
        name: value
        for name, value in (response.get("headers") or {}).items()
        if name.lower() not in _NOT_REPLAYED
    }
    body = response.get("body")
    if "body_text" in response:
        body = _CUT_SIGNATURE.sub(r"\1", response["body_text"])
    return Scripted(status=response["status"], headers=headers, body=body)


def _body(scripted: Scripted, default: dict[str, Any]) -> Any:
    if scripted.body is not None:
        return scripted.body
    if scripted.status != 200:
        return {"error": {"code": scripted.status, "message": "scripted failure", "status": "FAKE"}}
    if scripted.usage != "as it is":
        default["usageMetadata" if "candidates" in default else "usage"] = scripted.usage
    return default


def _usage(answer: Any) -> Any:
    return (
        (answer.get("usage") or answer.get("usageMetadata")) if isinstance(answer, dict) else None
    )


async def _send(
    request: web.Request, scripted: Scripted, answer: Any, call: Call
) -> web.StreamResponse:
    if scripted.drop and request.transport:
        request.transport.close()
        return web.Response()
    streamed = "sse" in request.query.get("alt", "")
    payload = _wire(answer, streamed)
    headers = {"Content-Type": _content_type(answer, streamed), **scripted.headers}
    response = web.StreamResponse(status=scripted.status, headers=headers)
    response.content_length = len(payload)
    try:
        await response.prepare(request)
        await response.write(payload[: len(payload) // 2] if scripted.cut else payload)
        if scripted.cut and request.transport:
            request.transport.close()
            return response
        await response.write_eof()
    except ConnectionError:
        return response
    call.fully_sent = True
    return response


def _wire(answer: Any, streamed: bool) -> bytes:
    """The body's bytes. A recorded list of chunks becomes events where events were asked for."""
    if isinstance(answer, str):
        return answer.encode()
    if streamed and isinstance(answer, list):
        return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in answer)
    return json.dumps(answer).encode()


def _content_type(answer: Any, streamed: bool) -> str:
    is_events = isinstance(answer, str) and "data:" in answer[:200]
    return "text/event-stream" if is_events or streamed else "application/json"


async def serve(port: int) -> None:
    """Run until the process is told to stop."""
    fake = FakeProviders()
    await fake.start(port)
    print(fake.url, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await fake.stop()


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Answers as OpenAI and Gemini, on loopback.")
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args(list(arguments) if arguments else None).port))


if __name__ == "__main__":
    main()
