"""Servers that answer nonsense: always one call, one ProviderFailed or reply, nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import UNKNOWN_USAGE, settled_usage
from services.qc.providers import Provider, ProviderFailed, chat, gemini, open_providers, responses
from services.qc.providers.wire import Object, json_object
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import BY_RESPONSES, GOOGLE_KEY, MODELS, OPENAI_KEY, question

WAYS = [("openai", MODELS["openai"]), ("openai", BY_RESPONSES), ("google", MODELS["google"])]
each_way = pytest.mark.parametrize(("name", "model"), WAYS)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
RAW = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a status that is none": b"HTTP/1.1 9999 What\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "a header in Latin 1": OK + b"X-Request-Id: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    "a header without end": OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n{}",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "a length that is too long": OK + b"Content-Length: 50\r\n\r\n{}",
    "a length below zero": OK + b"Content-Length: -1\r\n\r\n{}",
    "broken chunks": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "no gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "an encoding that is none": OK + b"Content-Encoding: rot13\r\nContent-Length: 2\r\n\r\n{}",
    "no UTF-8": OK + b"Content-Length: 4\r\n\r\n\xff\xfe{}",
    "a charset that is none": b"HTTP/1.1 200 OK\r\nContent-Type: text/x; charset=wrong\r\n"
    b"Content-Length: 2\r\n\r\n{}",
    "deep JSON": OK + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000,
    "an error that is no text": b"HTTP/1.1 500 X\r\nContent-Type: application/json\r\n"
    b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
    "a limit that is none": OK + b"X-RateLimit-Remaining-Tokens: 1e999\r\n"
    b"Retry-After: \xd9\xa3\r\nContent-Length: 2\r\n\r\n{}",
}


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that reads a whole request, answers `raw` and hangs up; and its calls."""
    calls: list[int] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
        await reader.readexactly(int(lengths[0].split(b":")[1]))
        calls.append(1)
        writer.write(raw)
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", calls
    server.close()


@each_way
@pytest.mark.parametrize("raw", RAW)
async def test_nonsense_on_the_wire_is_a_failed_call_that_may_be_billed(
    raw: str, name: str, model: str
) -> None:
    async with (
        answering(RAW[raw]) as (url, calls),
        open_providers(
            openai_api_key=SecretStr(OPENAI_KEY),
            openai_base_url=url,
            google_api_key=SecretStr(GOOGLE_KEY),
            google_base_url=url,
        ) as providers,
    ):
        failed = None
        try:
            reply = await providers[name].ask(question(model))
        except ProviderFailed as error:
            failed = error

    assert len(calls) == 1
    if failed is None:
        assert reply.outcome == "empty"
    elif failed.kind is not FailureKind.INVALID_REQUEST or failed.status != 304:
        assert settled_usage(failed.usage, failed.kind) == UNKNOWN_USAGE, failed.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("choices", "message", "content", "refusal", "tool_calls", "function", "name"),
                    *("finish_reason", "usage", "model", "id", "service_tier", "error", "code"),
                    *("output", "status", "type", "text", "incomplete_details", "reason"),
                    *("candidates", "parts", "finishReason", "usageMetadata", "promptFeedback"),
                    *("groundingMetadata", "webSearchQueries", "functionCall", "promptTokenCount"),
                    *("prompt_tokens", "input_tokens", "total_tokens", "prompt_tokens_details"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_no_answer_breaks_its_reading(document: Any) -> None:
    listed = {"choices": [document], "output": [document], "candidates": [document]}
    bodies = [json_object(json.dumps(body)) or {} for body in (listed, document)]
    for one in bodies:
        for read in (chat.reply_of, responses.reply_of, gemini.reply_of):
            reply = read(one, {}, 1)
            if reply is not None and reply.outcome == "answered":
                assert (reply.text or "").strip()
        for usage_of in (chat.usage_of, responses.usage_of):
            usage_of(one)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"object": "error", "message": "Unknown model.", "code": 400}, "Unknown model."),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
        ([{"error": {"code": 400, "message": "Listed error."}}], "Listed error."),
        ({"error": "Just words."}, "Just words."),
        ({"error": {"message": {"text": "nested"}}}, "nested"),
    ],
)
async def test_an_error_in_another_servers_form_is_told(
    body: Any, words: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.answer_with(Scripted(status=400, body=body))

    with pytest.raises(ProviderFailed) as failed:
        await providers["openai"].ask(question("gpt-4o"))

    assert words in failed.value.message


async def test_an_answer_in_parts_is_put_together(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": '{"a":'},
        {"type": "text", "text": " 1}"},
    ]
    body: Object = {"choices": [{"finish_reason": "stop", "message": {"content": parts}}]}  # type: ignore[dict-item]
    fake.answer_with(Scripted(body=body))

    reply = await providers["openai"].ask(question("gpt-4o"))

    assert (reply.outcome, reply.text) == ("answered", '{"a": 1}')
