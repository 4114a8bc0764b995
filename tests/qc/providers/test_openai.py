"""The OpenAI adapter: what it sends and what it reads."""

import json
from dataclasses import replace

import pytest

from services.qc.domain.answer import parse_answers
from services.qc.domain.rates import Rate
from services.qc.domain.routing import FailureKind
from services.qc.providers import Picture, Provider, ProviderFailed
from services.qc.providers.openai import kind_of_failure
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import ATTEMPT_ID, OPENAI_KEY, SCHEMA, Known, question


async def test_the_picture_comes_before_the_question(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    asked = question("gpt-4o")
    await providers["openai"].ask(asked)

    headers, body = fake.requests[0]
    system, user = body["messages"]
    assert (system["role"], system["content"]) == ("system", asked.system)
    assert [part["type"] for part in user["content"]] == ["image_url", "text"]
    assert user["content"][0]["image_url"]["url"] == asked.pictures[0].data_url
    assert headers["Authorization"] == f"Bearer {OPENAI_KEY}"
    assert headers["X-Client-Request-Id"] == str(ATTEMPT_ID)


async def test_the_schema_is_strict(fake: FakeProviders, providers: dict[str, Provider]) -> None:
    await providers["openai"].ask(question("gpt-4o"))

    asked_format = fake.requests[0][1]["response_format"]
    assert asked_format["json_schema"]["strict"] is True
    assert asked_format["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("model", ["gpt-5", "gpt-6.1-sol", "gpt-5-mini", "o3", "o4-mini"])
async def test_reasoning_models_take_no_temperature(
    model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    await providers["openai"].ask(question(model))

    body = fake.requests[0][1]
    assert body["max_completion_tokens"] == 4_000
    assert not {"temperature", "max_tokens"} & body.keys()


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "qwen2.5-vl", "omni-vision"])
async def test_other_models_take_the_old_names(
    model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    await providers["openai"].ask(question(model))

    body = fake.requests[0][1]
    assert (body["max_tokens"], body["temperature"]) == (4_000, 0)
    assert "max_completion_tokens" not in body


async def test_no_more_is_asked_for_than_the_model_can_give(
    fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known("openai", "gpt-4o", most_output_tokens=1_500)

    await providers["openai"].ask(question("gpt-4o"))

    assert fake.requests[0][1]["max_tokens"] == 1_500


async def test_a_model_that_takes_no_schema_is_told_it_in_words(
    fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known("openai", "gpt-4o", structured=False)

    await providers["openai"].ask(question("gpt-4o"))

    body = fake.requests[0][1]
    assert body["response_format"] == {"type": "json_object"}
    assert json.loads(body["messages"][0]["content"].rpartition("\n")[2]) == SCHEMA


async def test_questions_on_one_creative_share_a_cache_key(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    crop, other = Picture(b"crop", "image/png"), Picture(b"other", "image/png")
    first = question("gpt-4o")
    for asked in (
        first,
        replace(first, text="another check", pictures=(*first.pictures, crop)),
        replace(first, pictures=(other,)),
        replace(first, system="another system"),
        question("gpt-4.1"),
    ):
        await providers["openai"].ask(asked)

    keys = [body["prompt_cache_key"] for _, body in fake.requests]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
    assert all(len(key) == 32 for key in keys)


async def test_a_model_that_caches_nothing_gets_no_cache_key(
    fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known("openai", "gpt-4o", cache_least_tokens=None)

    await providers["openai"].ask(question("gpt-4o"))

    assert "prompt_cache_key" not in fake.requests[0][1]


async def test_a_failure_tells_the_limits_too(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    headers = {
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    fake.answer_with(Scripted(status=429, headers=headers))

    with pytest.raises(ProviderFailed) as failed:
        await providers["openai"].ask(question("gpt-4o"))

    assert failed.value.rates.tokens == Rate(30_000, 0, 360.0)


async def test_a_reply_carries_what_the_ledger_needs(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    headers = {"x-request-id": "req_7", "x-ratelimit-remaining-requests": "499"}
    fake.answer_with(Scripted(headers=headers))

    reply = await providers["openai"].ask(question("gpt-4o"))

    assert (reply.outcome, reply.failure, reply.reason) == ("answered", None, None)
    assert (reply.model_served, reply.service_tier) == ("gpt-4o", "standard")
    assert reply.provider_request_id == "req_7"
    assert reply.rates.requests.remaining == 499
    assert reply.usage is not None
    assert reply.usage.raw == fake.billed[0].usage
    assert reply.usage.cached_input_tokens >= 1_024
    assert parse_answers(reply.text or "", ["logo"]).usable


async def test_an_error_inside_a_200_is_a_failure(
    fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    error = {"code": "insufficient_quota", "message": "You exceeded your current quota."}
    fake.answer_with(Scripted(body={"error": error}))

    with pytest.raises(ProviderFailed) as failed:
        await providers["openai"].ask(question("gpt-4o"))

    assert failed.value.kind is FailureKind.QUOTA_EXHAUSTED


def test_three_meanings_of_429() -> None:
    assert kind_of_failure(429, "rate_limit_exceeded", "slow down") is FailureKind.RATE_LIMITED
    assert kind_of_failure(429, "insufficient_quota", "") is FailureKind.QUOTA_EXHAUSTED
    too_large = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000"
    assert kind_of_failure(429, "rate_limit_exceeded", too_large) is FailureKind.INVALID_REQUEST


def test_a_content_filter_in_front_of_the_model_is_blocked_not_invalid() -> None:
    assert kind_of_failure(400, "content_filter", "filtered") is FailureKind.BLOCKED
    assert kind_of_failure(400, "unknown_parameter", "") is FailureKind.INVALID_REQUEST
    assert kind_of_failure(404, "model_not_found", "") is FailureKind.INVALID_REQUEST
