"""Recorded answers of OpenAI and Gemini, through the real SDKs: the tokens are the expected ones.

Which way a recording goes: what came in one piece through our adapters; event streams, which
the adapters do not use, through the SDK's own call, with our usage function on what it yields.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from google import genai
from google.genai import errors, types

from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import (
    TokenUsage,
    from_gemini,
    from_openai_chat,
    from_openai_responses,
)
from services.qc.providers import Provider, ProviderFailed
from tests.fake_providers import FakeProviders
from tests.qc.providers.conftest import BY_RESPONSES, GOOGLE_KEY, MODELS, OPENAI_KEY, question

ROOT = Path(__file__).parents[3]
OWN = ROOT / "tests" / "fixtures" / "provider_responses"
SHARED = ROOT.parent / "shared" / "data" / "provider-responses"
RECORDINGS = sorted(path for folder in (OWN, SHARED) for path in folder.glob("*/*.json"))

OUTCOMES = {
    "ok": "answered",
    "tool_call": "empty",
    "bad_tool_call": "empty",
    "image_only": "empty",
    "empty": "empty",
    "refused": "refused",
    "truncated": "truncated",
    "blocked_prompt": "blocked",
    "blocked_output": "blocked",
}
WRONG = FailureKind.INVALID_REQUEST
NOT_ENDED = ("in_progress",)
TURNED_AWAY_AS = {
    "chat__error__issue__429-rate-limit-gpt-4o": FailureKind.RATE_LIMITED,
    "chat__error__issue__429-request-too-large": FailureKind.INVALID_REQUEST,
    "chat__error__issue__500-server-error": FailureKind.SERVER_ERROR,
    "chat__error__pai__model-name-suggestion-openai-chat__0": FailureKind.INVALID_REQUEST,
    "generate__error__firebase__unary-failure-context-cache-model-doesnt-match__0": (
        FailureKind.INVALID_REQUEST
    ),
    "generate__error__firebase__unary-failure-firebaseml-api-not-enabled__0": (
        FailureKind.UNAUTHORIZED
    ),
    "generate__error__firebase__unary-failure-quota-exceeded__0": FailureKind.RATE_LIMITED,
    "generate__error__firebase__unary-failure-unknown-model__0": FailureKind.INVALID_REQUEST,
    "generate__error__issue__429-resource-exhausted-vertex": FailureKind.RATE_LIMITED,
    "generate__error__issue__503-overloaded": FailureKind.SERVER_ERROR,
    "generate__error__otel__generate-content-invalid-role__0": FailureKind.INVALID_REQUEST,
    "responses__error__pai__model-name-suggestion-openai-responses__0": WRONG,
    "responses__error__pai__multimodal-tool-return-matrix-direct-url-audio-openai-respon__1": WRONG,
    "responses__error__pai__multimodal-tool-return-matrix-direct-url-force-download-audi__2": WRONG,
    "responses__error__vercelai__reasoning-model-temperature-error__0": WRONG,
    "chat__error__401": FailureKind.UNAUTHORIZED,
    "generate__error__400_bad_key": FailureKind.UNAUTHORIZED,
}


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def by_adapter(path: Path) -> bool:
    exchange = load(path)
    return exchange["api"] in ("chat.completions", "responses", "generateContent") and (
        "body_text" not in exchange["response"]
    )


def of_kind(prefix: str, *, adapter: bool) -> list[Any]:
    paths = [p for p in RECORDINGS if p.name.startswith(prefix) and by_adapter(p) == adapter]
    return [pytest.param(path, id=f"{path.parents[1].name}-{path.stem}") for path in paths]


def assert_expected(usage: TokenUsage | None, path: Path) -> None:
    expected = load(path)["expected"]["usage"]
    if expected is None:
        assert usage is None
        return
    assert usage is not None
    assert usage.input_tokens == expected["input_tokens"]
    assert usage.cached_input_tokens == expected["cached_input_tokens"]
    assert usage.output_tokens == expected["output_tokens"]
    assert usage.reasoning_tokens == expected["reasoning_tokens"]
    assert usage.tool_input_tokens == expected.get("tool_use_prompt_tokens", 0)
    assert usage.total_tokens == expected["total_tokens_reported"]
    assert usage.source == "actual"


def name_of(path: Path) -> str:
    return "google" if path.parent.name == "gemini" else "openai"


def test_the_shared_recordings_are_all_here() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there: only the repository's own small answers are used")

    assert len([path for path in RECORDINGS if path.is_relative_to(SHARED)]) == 75
    ways = ("chat", "generate", "responses", "stream")
    sent = [way for way in ways for adapter in (True, False) for _ in of_kind(way, adapter=adapter)]
    assert len(sent) == len(RECORDINGS)


BY_ADAPTER = [
    case for way in ("chat", "generate", "responses") for case in of_kind(way, adapter=True)
]


@pytest.mark.parametrize("path", BY_ADAPTER)
async def test_an_answer_through_our_adapter(
    path: Path, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    fake.replay(path)
    name, expected = name_of(path), load(path)["expected"]
    asked = question(BY_RESPONSES if load(path)["api"] == "responses" else MODELS[name])

    if expected["outcome"] in ("error", *NOT_ENDED):
        with pytest.raises(ProviderFailed) as failed:
            await providers[name].ask(asked)
        ended = expected["outcome"] == "error"
        assert failed.value.kind is (
            TURNED_AWAY_AS[path.stem] if ended else FailureKind.INTERRUPTED
        )
        assert failed.value.status == load(path)["response"]["status"]
        assert_expected(failed.value.usage, path)
    else:
        reply = await providers[name].ask(asked)
        assert reply.outcome == OUTCOMES[expected["outcome"]]
        assert (reply.failure is None) == (reply.outcome == "answered")
        assert_expected(reply.usage, path)
    assert len(fake.calls) == 1


@pytest.fixture
async def openai_sdk(fake: FakeProviders) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key=OPENAI_KEY, base_url=fake.openai_base_url, max_retries=0
    ) as sdk:
        yield sdk


@pytest.mark.parametrize("path", of_kind("chat", adapter=False))
async def test_a_streamed_chat_completion(
    path: Path, fake: FakeProviders, openai_sdk: openai.AsyncOpenAI
) -> None:
    fake.replay(path)
    usage = None

    chunks = await openai_sdk.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in chunks:
        usage = chunk.usage or usage

    assert_expected(from_openai_chat(usage.model_dump(mode="json") if usage else None), path)


@pytest.mark.parametrize("path", of_kind("responses", adapter=False))
async def test_a_streamed_response(
    path: Path, fake: FakeProviders, openai_sdk: openai.AsyncOpenAI
) -> None:
    fake.replay(path)
    usage = None

    try:
        events = await openai_sdk.responses.create(model="gpt-4o", input="?", stream=True)
        async for event in events:
            usage = getattr(getattr(event, "response", None), "usage", None) or usage
    except openai.APIError:
        assert load(path)["expected"]["outcome"] == "error"

    assert_expected(from_openai_responses(usage.model_dump(mode="json") if usage else None), path)


@pytest.mark.parametrize("path", of_kind("stream", adapter=False))
async def test_a_streamed_gemini_answer(path: Path, fake: FakeProviders) -> None:
    fake.replay(path)
    sdk = genai.Client(
        api_key=GOOGLE_KEY,
        http_options=types.HttpOptions(base_url=fake.google_base_url, api_version="v1beta"),
    )
    usage = None

    try:
        chunks = await sdk.aio.models.generate_content_stream(model="gemini-2.5-pro", contents="?")
        async for chunk in chunks:
            usage = chunk.usage_metadata or usage
    except errors.APIError:
        assert load(path)["expected"]["outcome"] == "error"
    finally:
        await sdk.aio.aclose()

    block = usage.model_dump(mode="json", by_alias=True, exclude_none=True) if usage else None
    assert_expected(from_gemini(block), path)
