"""The Gemini adapter: what it sends and what it reads."""

import base64
import json
from typing import Any

import pytest
from google import genai
from google.genai import types

from services.qc.domain.rates import Rate
from services.qc.domain.routing import FailureKind
from services.qc.providers import Provider, ProviderFailed, Question
from services.qc.providers.base import ATTEMPT_HEADER
from services.qc.providers.google import kind_of_failure
from services.qc.providers.wire import Object
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import ATTEMPT_ID, GOOGLE_KEY, PICTURE, SCHEMA, Known, question


async def test_the_picture_comes_before_the_question(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    asked = question("gemini-2.5-pro")
    await providers["google"].ask(asked)

    headers, body = fake.requests[0]
    picture, text = body["contents"][0]["parts"]
    assert base64.urlsafe_b64decode(picture["inlineData"]["data"]) == PICTURE
    assert text["text"] == asked.text
    assert body["systemInstruction"]["parts"][0]["text"] == asked.system
    assert body["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert headers["x-goog-api-key"] == GOOGLE_KEY
    assert headers["X-Client-Request-Id"] == str(ATTEMPT_ID)
    assert fake.calls[0].path == "/v1beta/models/gemini-2.5-pro:generateContent"


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "models/gemini-3-pro"])
async def test_the_request_is_the_one_that_the_sdk_would_write(
    model: str, fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    """`generate_content` itself is not called, for what it costs: the wire must not tell."""
    known("google", model, tiers=("standard", "flex"))
    asked = question(model, service_tier="flex")
    await providers["google"].ask(asked)
    await _generate_content(fake.google_base_url, asked)

    (ours_headers, ours), (their_headers, theirs) = fake.requests
    assert ours.pop("contents") == _with_plain_base64(theirs.pop("contents"))
    assert ours == theirs
    assert fake.calls[0].path == fake.calls[1].path
    names = {"x-goog-api-key", "x-goog-api-client", "x-server-timeout", "x-client-request-id"}
    assert all(ours_headers[name] == their_headers[name] for name in names)


async def _generate_content(url: str, asked: Question) -> None:
    options = types.HttpOptions(
        base_url=url,
        api_version="v1beta",
        headers={ATTEMPT_HEADER: str(asked.attempt_id)},
        timeout=round(asked.timeout_s * 1000),
    )
    async with genai.Client(api_key=GOOGLE_KEY, http_options=options).aio as sdk:
        [picture] = [types.Part.from_bytes(data=PICTURE, mime_type="image/png")]
        await sdk.models.generate_content(
            model=asked.model,
            contents=types.Content(role="user", parts=[picture, types.Part(text=asked.text)]),
            config=types.GenerateContentConfig(
                system_instruction=asked.system,
                response_mime_type="application/json",
                response_json_schema=dict(asked.schema),
                max_output_tokens=asked.max_output_tokens,
                service_tier=types.ServiceTier.FLEX,
                temperature=0 if "gemini-2" in asked.model else None,
            ),
        )


def _with_plain_base64(contents: list[Any]) -> list[Any]:
    """The SDK writes its own alphabet of base64, and a name of its own for the type."""
    [said] = contents
    for part in said["parts"]:
        if blob := part.get("inlineData"):
            data = base64.b64encode(base64.urlsafe_b64decode(blob["data"])).decode()
            mime = blob.get("mimeType") or blob["mime_type"]
            part["inlineData"] = {"data": data, "mimeType": mime}
    return contents


async def test_thinking_and_tools_are_left_alone(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    await providers["google"].ask(question("gemini-2.5-pro"))

    body = fake.requests[0][1]
    assert "tools" not in body
    assert "thinkingConfig" not in body["generationConfig"]


@pytest.mark.parametrize(("model", "fixed"), [("gemini-2.5-pro", True), ("gemini-3-pro", False)])
async def test_temperature_is_only_set_where_google_does_not_advise_against_it(
    model: str, fixed: bool, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    await providers["google"].ask(question(model))

    assert ("temperature" in fake.requests[0][1]["generationConfig"]) is fixed


async def test_a_reply_carries_what_the_ledger_needs(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    reply = await providers["google"].ask(question("gemini-2.5-pro"))

    billed = fake.billed[0].usage
    assert (reply.outcome, reply.failure) == ("answered", None)
    assert (reply.model_served, reply.service_tier) == ("gemini-2.5-pro", "standard")
    assert reply.usage is not None
    assert reply.usage.raw == billed
    assert (
        reply.usage.output_tokens == billed["candidatesTokenCount"] + billed["thoughtsTokenCount"]
    )
    assert reply.usage.adds_up


async def test_the_header_tells_the_tier_that_was_really_used(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    usage = {"promptTokenCount": 5, "totalTokenCount": 5, "trafficType": "ON_DEMAND_FLEX"}
    fake.answer_with(Scripted(usage=usage))
    fake.answer_with(Scripted(usage=usage, headers={"X-Gemini-Service-Tier": "priority"}))

    by_usage = await providers["google"].ask(question("gemini-2.5-pro"))
    by_header = await providers["google"].ask(question("gemini-2.5-pro"))

    assert (by_usage.service_tier, by_header.service_tier) == ("flex", "priority")


async def test_an_answer_that_could_be_continued_is_still_one_request(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    part = {"content": {"parts": [{"text": "{"}]}, "finishReason": "CONTINUATION"}
    fake.answer_with(
        Scripted(body={"candidates": [{**part, "continuationToken": "AAAA"}]}, times=3)
    )

    await providers["google"].ask(question("gemini-3-pro"))

    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    "model", ["x/../../files", "x?key=1", "x#y", "x:stream", "x%2fy", "/x", "x/", "", "x y"]
)
async def test_a_model_name_cannot_change_the_path(
    model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    with pytest.raises(ProviderFailed) as failed:
        await providers["google"].ask(question(model))

    assert failed.value.kind is FailureKind.INVALID_REQUEST
    assert fake.calls == []


async def test_the_wait_stands_in_the_error_details(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    error = {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED", "details": [retry]}
    fake.answer_with(Scripted(status=429, body={"error": error}))

    with pytest.raises(ProviderFailed) as failed:
        await providers["google"].ask(question("gemini-2.5-pro"))

    assert (failed.value.kind, failed.value.retry_after_s) == (FailureKind.RATE_LIMITED, 34.5)


async def test_a_refusal_tells_the_limits(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
        "quotaValue": "15",
    }
    details = [{"violations": [violation]}, {"retryDelay": "12s"}]
    error = {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED", "details": details}
    fake.answer_with(Scripted(status=429, body={"error": error}))

    with pytest.raises(ProviderFailed) as failed:
        await providers["google"].ask(question("gemini-2.5-pro"))

    assert failed.value.rates.requests == Rate(15, 0, 12.0)


async def test_no_more_is_asked_for_than_the_model_can_give(
    fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known("google", "gemini-2.5-pro", most_output_tokens=1_500)

    await providers["google"].ask(question("gemini-2.5-pro"))

    assert fake.requests[0][1]["generationConfig"]["maxOutputTokens"] == 1_500


async def test_a_model_that_takes_no_schema_is_told_it_in_words(
    fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known("google", "gemini-2.5-pro", structured=False)

    await providers["google"].ask(question("gemini-2.5-pro"))

    body = fake.requests[0][1]
    said = body["systemInstruction"]["parts"][0]["text"]
    assert "responseJsonSchema" not in body["generationConfig"]
    assert json.loads(said.rpartition("\n")[2]) == SCHEMA


def test_a_burst_and_a_spent_day_are_told_apart() -> None:
    quota: Object = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}
    per_day: Object = {"violations": [quota]}

    assert kind_of_failure(429, "RESOURCE_EXHAUSTED", "x", []) is FailureKind.RATE_LIMITED
    assert kind_of_failure(429, "x", "x", [per_day]) is FailureKind.QUOTA_EXHAUSTED
    assert kind_of_failure(503, "RESOURCE_EXHAUSTED", "x", []) is FailureKind.RATE_LIMITED
    assert kind_of_failure(503, "UNAVAILABLE", "x", []) is FailureKind.SERVER_ERROR


def test_a_bad_key_is_a_400_with_a_reason() -> None:
    reason: Object = {"reason": "API_KEY_INVALID"}

    assert kind_of_failure(400, "x", "x", [reason]) is FailureKind.UNAUTHORIZED
    assert kind_of_failure(400, "x", "x", []) is FailureKind.INVALID_REQUEST
