"""The way to a server: one host, honest errors, limits on what comes back."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import SecretStr

from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import NO_USAGE, settled_usage
from services.qc.providers import Provider, ProviderFailed, open_providers
from services.qc.providers.transport import MAX_ANSWER_BYTES, http_client
from tests.fake_answers import gemini, openai_chat
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import GOOGLE_KEY, MODELS, OPENAI_KEY, question

each_provider = pytest.mark.parametrize("name", ["openai", "google"])


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[dict[str, Provider]]:
    async with open_providers(
        openai_api_key=SecretStr(OPENAI_KEY),
        openai_base_url=url,
        google_api_key=SecretStr(GOOGLE_KEY),
        google_base_url=url,
    ) as providers:
        yield providers


async def failure(provider: Provider, timeout_s: float = 10.0) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        await provider.ask(question(MODELS[provider.name], timeout_s=timeout_s))
    return failed.value


def answer(request: web.Request) -> dict[str, object]:
    is_gemini = ":generateContent" in request.path
    body = gemini({"contents": [{}]}, "gemini-2.5-pro", "{}") if is_gemini else None
    return body or openai_chat({"model": "gpt-4o", "messages": [{}]}, "{}")


@pytest.mark.parametrize(
    "elsewhere", ["http://localhost:{port}", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
)
async def test_no_other_host_is_spoken_to(elsewhere: str, fake: FakeProviders) -> None:
    other = elsewhere.format(port=httpx2.URL(fake.url).port)
    async with http_client(f"{fake.url}/v1") as client:
        with pytest.raises(httpx2.UnsupportedProtocol, match="not the configured one"):
            await client.post(f"{other}/v1/chat/completions", json={"model": "gpt-4o"})
        allowed = await client.post(f"{fake.url}/v1/chat/completions", json={"model": "gpt-4o"})

    assert allowed.status_code == 200
    assert len(fake.calls) == 1


@each_provider
async def test_a_call_that_could_not_leave_in_time_is_not_billed(name: str) -> None:
    """The server takes the connection and says nothing: the TLS handshake never ends."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with opened(f"https://127.0.0.1:{silent.getsockname()[1]}") as providers:
            failed = await failure(providers[name], timeout_s=0.5)

    assert failed.kind is FailureKind.UNREACHABLE
    assert settled_usage(failed.usage, failed.kind) == NO_USAGE


@each_provider
async def test_a_call_that_left_and_was_never_read_may_be_billed(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with opened(f"http://127.0.0.1:{silent.getsockname()[1]}") as providers:
            failed = await failure(providers[name], timeout_s=0.5)

    assert failed.kind is FailureKind.TIMED_OUT


@each_provider
async def test_a_server_that_hangs_up_while_it_is_sent_to_may_have_billed(name: str) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        await asyncio.sleep(1)
        return web.Response()

    async with served(hang_up) as url, opened(url) as providers:
        failed = await failure(providers[name])

    assert failed.kind is FailureKind.INTERRUPTED


@each_provider
async def test_an_answer_that_comes_twice_is_not_that_of_the_next_call(name: str) -> None:
    calls = 0

    async def twice(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        await request.read()
        body = json.dumps({**answer(request), "id": f"call {calls}", "responseId": f"call {calls}"})
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        assert isinstance(request.transport, asyncio.Transport)
        transport = request.transport
        transport.write(f"{head}\r\n\r\n{body}".encode())
        await asyncio.sleep(0.1)
        transport.write(f"{head}\r\n\r\n{body}".encode())
        await asyncio.sleep(1)
        return web.Response()

    async with served(twice) as url, opened(url) as providers:
        asked = question(MODELS[name])
        ids = []
        for _ in range(3):
            ids.append((await providers[name].ask(asked)).provider_request_id)
            await asyncio.sleep(0.3)

    assert ids == ["call 1", "call 2", "call 3"]


@each_provider
async def test_a_packed_answer_is_read(name: str) -> None:
    async def packed(request: web.Request) -> web.Response:
        response = web.json_response(answer(request))
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with served(packed) as url, opened(url) as providers:
        reply = await providers[name].ask(question(MODELS[name]))

    assert reply.text == "{}"
    assert reply.usage is not None


@each_provider
@pytest.mark.parametrize("packed", [True, False])
async def test_an_answer_without_end_is_not_taken_in(name: str, packed: bool) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if packed:
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        for _ in range(200):
            await response.write(bytes(MAX_ANSWER_BYTES // 100))
        return response

    async with served(endless) as url, opened(url) as providers:
        failed = await failure(providers[name])

    assert failed.kind is FailureKind.INTERRUPTED


async def test_what_a_server_sets_is_not_sent_back(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(headers={"Set-Cookie": "who=me; Path=/"}, times=2))

    for _ in range(2):
        await providers["openai"].ask(question("gpt-4o"))

    assert all("Cookie" not in headers for headers, _ in fake.requests)


async def test_a_proxy_of_the_environment_never_gets_what_goes_to_loopback(
    monkeypatch: pytest.MonkeyPatch, fake: FakeProviders
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async with opened(fake.openai_base_url) as providers:
        reply = await providers["openai"].ask(question("gpt-4o"))

    assert reply.outcome == "answered"


async def test_a_proxy_of_the_environment_is_used_for_other_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    asked = []

    async def proxy(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        return web.json_response(answer(request))

    async with served(proxy) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("http_proxy", url)
        async with opened("http://models.example/v1") as providers:
            reply = await providers["openai"].ask(question("gpt-4o"))

    assert reply.outcome == "answered"
    assert asked == ["http://models.example/v1/chat/completions"]
