"""OpenAI's Responses, for the models that are served by it: what is sent and what is read."""

from typing import Any

import pytest

from services.qc.domain.answer import parse_answers
from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import UNKNOWN_USAGE, settled_usage
from services.qc.providers import Provider, ProviderFailed, Reply
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import (
    ATTEMPT_ID,
    BY_RESPONSES,
    OPENAI_KEY,
    SCHEMA,
    Known,
    question,
)

USAGE = {"input_tokens": 900, "output_tokens": 40, "total_tokens": 940}


def said(*items: dict[str, Any], **other: Any) -> Scripted:
    body = {"id": "resp_1", "model": BY_RESPONSES, "status": "completed", "usage": USAGE}
    return Scripted(body={**body, "output": [*items], **other})


def message(**part: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [part]}


TEXT = message(type="output_text", text="{}")


@pytest.fixture
def provider(providers: dict[str, Provider], fake: FakeProviders) -> Provider:
    return providers["openai"]


async def reply_to(provider: Provider) -> Reply:
    return await provider.ask(question(BY_RESPONSES))


async def test_the_model_decides_how_it_is_asked(
    provider: Provider, fake: FakeProviders, known: Known
) -> None:
    known("openai", "gpt-4o", api="responses")

    await provider.ask(question("gpt-4o"))
    await provider.ask(question("gpt-4.1"))
    await reply_to(provider)

    paths = ["/v1/responses", "/v1/chat/completions", "/v1/responses"]
    assert [call.path for call in fake.calls] == paths


async def test_the_picture_comes_before_the_question_and_nothing_is_kept(
    provider: Provider, fake: FakeProviders
) -> None:
    asked = question(BY_RESPONSES)
    await provider.ask(asked)

    headers, body = fake.requests[0]
    [user] = body["input"]
    assert body["instructions"] == asked.system
    assert [part["type"] for part in user["content"]] == ["input_image", "input_text"]
    assert user["content"][0]["image_url"] == asked.pictures[0].data_url
    assert body["store"] is False
    assert body["max_output_tokens"] == 4_000
    assert "temperature" not in body
    assert headers["Authorization"] == f"Bearer {OPENAI_KEY}"
    assert headers["X-Client-Request-Id"] == str(ATTEMPT_ID)


async def test_the_schema_is_strict(provider: Provider, fake: FakeProviders) -> None:
    await reply_to(provider)

    asked_format = fake.requests[0][1]["text"]["format"]
    assert (asked_format["type"], asked_format["strict"]) == ("json_schema", True)
    assert asked_format["schema"] == SCHEMA


async def test_a_model_that_does_not_think_is_asked_without_chance(
    provider: Provider, fake: FakeProviders, known: Known
) -> None:
    known("openai", "gpt-4o", api="responses", reasoning=False)

    await provider.ask(question("gpt-4o"))

    assert fake.requests[0][1]["temperature"] == 0


async def test_a_reply_carries_what_the_ledger_needs(
    provider: Provider, fake: FakeProviders
) -> None:
    headers = {"x-request-id": "req_7", "x-ratelimit-remaining-tokens": "120"}
    fake.answer_with(Scripted(headers=headers))

    reply = await reply_to(provider)

    assert (reply.outcome, reply.failure, reply.reason) == ("answered", None, None)
    assert (reply.model_served, reply.service_tier) == (BY_RESPONSES, "standard")
    assert (reply.provider_request_id, reply.rates.tokens.remaining) == ("req_7", 120)
    assert reply.usage is not None
    assert reply.usage.raw == fake.billed[0].usage
    assert parse_answers(reply.text or "", ["logo"]).usable


async def test_what_the_model_thinks_is_not_its_answer(
    provider: Provider, fake: FakeProviders
) -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    fake.answer_with(said(thought, TEXT))

    assert (await reply_to(provider)).text == "{}"


async def test_tool_calls_are_counted_by_name(provider: Provider, fake: FakeProviders) -> None:
    lookup = {"type": "function_call", "name": "look_up", "arguments": "{}"}
    search = {"type": "web_search_call", "status": "completed"}
    fake.answer_with(said(lookup, search, search, TEXT))

    reply = await reply_to(provider)

    assert reply.tool_calls == {"look_up": 1, "web_search": 2}
    assert reply.outcome == "answered"


@pytest.mark.parametrize(
    ("scripted", "outcome", "kind"),
    [
        (
            said(message(type="refusal", refusal="I cannot judge people.")),
            "refused",
            FailureKind.REFUSED,
        ),
        (
            said(TEXT, status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "truncated",
            FailureKind.UNUSABLE_ANSWER,
        ),
        (
            said(status="incomplete", incomplete_details={"reason": "content_filter"}),
            "blocked",
            FailureKind.BLOCKED,
        ),
        (said(TEXT, status="incomplete"), "truncated", FailureKind.UNUSABLE_ANSWER),
        (said(), "empty", FailureKind.UNUSABLE_ANSWER),
        (
            said(message(type="output_text", text="  ")),
            "empty",
            FailureKind.UNUSABLE_ANSWER,
        ),
    ],
)
async def test_an_answer_that_does_not_answer_keeps_its_usage(
    scripted: Scripted,
    outcome: str,
    kind: FailureKind,
    provider: Provider,
    fake: FakeProviders,
) -> None:
    fake.answer_with(scripted)

    reply = await reply_to(provider)

    assert (reply.outcome, reply.failure) == (outcome, kind)
    assert reply.reason
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (900, 40)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("server_error", FailureKind.SERVER_ERROR),
        ("rate_limit_exceeded", FailureKind.RATE_LIMITED),
        ("insufficient_quota", FailureKind.QUOTA_EXHAUSTED),
        ("invalid_image", FailureKind.INVALID_REQUEST),
        ("image_content_policy_violation", FailureKind.BLOCKED),
        ("something_new", FailureKind.SERVER_ERROR),
    ],
)
async def test_a_failure_inside_a_200_is_a_failure_with_its_usage(
    code: str, kind: FailureKind, provider: Provider, fake: FakeProviders
) -> None:
    fake.answer_with(said(status="failed", error={"code": code, "message": "no"}))

    with pytest.raises(ProviderFailed) as failed:
        await reply_to(provider)

    assert (failed.value.kind, failed.value.status) == (kind, 200)
    assert failed.value.usage is not None
    assert failed.value.usage.input_tokens == 900


@pytest.mark.parametrize(
    "scripted",
    [said(status="in_progress"), said(status="queued"), Scripted(body={"status": "completed"})],
)
async def test_an_answer_that_has_not_ended_is_interrupted(
    scripted: Scripted, provider: Provider, fake: FakeProviders
) -> None:
    fake.answer_with(scripted)

    with pytest.raises(ProviderFailed) as failed:
        await reply_to(provider)

    assert failed.value.kind is FailureKind.INTERRUPTED
    assert settled_usage(None, failed.value.kind) == UNKNOWN_USAGE
