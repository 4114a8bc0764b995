"""OpenAI, and every server that speaks its Chat Completions: one question, one HTTP request."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx2
from pydantic import JsonValue

from services.qc.domain.answer_schema import ANSWER_SCHEMA_NAME
from services.qc.domain.routing import KEY_SETTINGS, FailureKind
from services.qc.domain.usage import from_openai_chat
from services.qc.providers.base import (
    ATTEMPT_HEADER,
    ProviderFailed,
    Question,
    Reply,
    ReplyOutcome,
)
from services.qc.providers.failures import (
    quoted,
    redirected,
    retry_after_s,
    unanswered,
)
from services.qc.providers.wire import (
    Object,
    as_list,
    as_object,
    as_text,
    elapsed_ms,
    http_client,
    json_object,
    timeout,
)

DEFAULT_BASE_URL = "https://api.openai.com/v1"
BASE_URL_SETTING = "OPENAI_BASE_URL"

_REASONING_MODEL = re.compile(r"(?:^|/)(?:gpt-(?:[5-9]|\d{2})|o\d)")
_TIERS = {"default": "standard", "auto": "standard", "fast": "priority", "": "standard"}
_OUTCOMES: dict[str, ReplyOutcome] = {"content_filter": "blocked", "length": "truncated"}
_BLOCKED_CODES = {"content_filter", "content_policy_violation"}
_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}


class OpenAIProvider:
    """Chat Completions with a strict JSON schema. The SDK's own retries are off.

    The raw body is read, not the SDK's parsed answer: parsing fails on a value out of
    range and takes the paid usage with it.
    """

    name = "openai"

    def __init__(self, api_key: str, base_url: str | None = None) -> None:
        import openai

        self._key = api_key
        url = base_url or DEFAULT_BASE_URL
        self._sdk = openai.AsyncOpenAI(
            api_key=api_key, base_url=url, max_retries=0, http_client=http_client(url)
        )

    async def aclose(self) -> None:
        await self._sdk.close()

    async def ask(self, question: Question) -> Reply:
        started_s = time.monotonic()
        response = await self._send(question, started_s)
        latency_ms = elapsed_ms(started_s)
        body = json_object(response.text) or {}
        if not as_list(body.get("choices")):
            raise self._without_choices(body, latency_ms)
        return _reply(body, response.headers, latency_ms)

    async def _send(self, question: Question, started_s: float) -> httpx2.Response:
        """The whole answer. The failure is raised outside `except`, so that no SDK error with
        the request in it hangs on to it."""
        import openai

        try:
            async with asyncio.timeout(question.timeout_s):
                raw = await self._sdk.chat.completions.with_raw_response.create(
                    **request_of(question),
                    extra_headers={ATTEMPT_HEADER: str(question.attempt_id)},
                    timeout=timeout(question.timeout_s),
                )
            response: httpx2.Response = raw.http_response
            return response
        except openai.APIStatusError as error:
            failed = self._turned_away(error.response)
        except openai.APIConnectionError as error:
            failed = unanswered(error.__cause__, "OpenAI", BASE_URL_SETTING)
        except TimeoutError as error:
            failed = unanswered(error, "OpenAI", BASE_URL_SETTING)
        failed.latency_ms = elapsed_ms(started_s)
        raise failed

    def _turned_away(self, response: httpx2.Response) -> ProviderFailed:
        status = response.status_code
        if response.is_redirect:
            return redirected(status, "OpenAI", BASE_URL_SETTING)
        error = (json_object(response.text) or {}).get("error")
        code, said = _code(error), quoted(_said(error) or response.reason_phrase, self._key)
        kind = kind_of_failure(status, code, said)
        return ProviderFailed(
            kind,
            _message(kind, status, said),
            status=status,
            retry_after_s=retry_after_s(response.headers, said),
            raw=said if not code else f"{quoted(code, self._key)}: {said}",
            provider_request_id=response.headers.get("x-request-id"),
        )

    def _without_choices(self, body: Object, latency_ms: int) -> ProviderFailed:
        error = body.get("error")
        said = quoted(_said(error), self._key)
        return ProviderFailed(
            kind_of_failure(500, _code(error), said) if error else FailureKind.INTERRUPTED,
            f"OpenAI's answer cannot be read: {said or 'it is not the JSON that was promised'}.",
            status=200,
            usage=from_openai_chat(as_object(body.get("usage"))),
            raw=said,
            latency_ms=latency_ms,
        )


def request_of(question: Question) -> dict[str, Any]:
    """The body of one request: what all checks share first, so that its prefix is cached."""
    pictures = [
        {"type": "image_url", "image_url": {"url": picture.data_url, "detail": "high"}}
        for picture in question.pictures
    ]
    schema = {"name": ANSWER_SCHEMA_NAME, "strict": True, "schema": dict(question.schema)}
    limits: dict[str, Any] = {"max_tokens": question.max_output_tokens, "temperature": 0}
    if _REASONING_MODEL.search(question.model):
        limits = {"max_completion_tokens": question.max_output_tokens}
    return {
        "model": question.model,
        "messages": [
            {"role": "system", "content": question.system},
            {
                "role": "user",
                "content": [
                    *pictures,
                    {"type": "text", "text": question.text},
                ],
            },
        ],
        "response_format": {"type": "json_schema", "json_schema": schema},
        **limits,
    }


def kind_of_failure(status: int, code: str, message: str) -> FailureKind:
    """Read an error answer. A 429 can mean three things, and only one of them is `wait`."""
    if code in _BLOCKED_CODES:
        return FailureKind.BLOCKED
    if code in _QUOTA_CODES or "exceeded your current quota" in message:
        return FailureKind.QUOTA_EXHAUSTED
    if status == 429:
        too_large = message.startswith("Request too large")
        return FailureKind.INVALID_REQUEST if too_large else FailureKind.RATE_LIMITED
    if status in (401, 403):
        return FailureKind.UNAUTHORIZED
    return FailureKind.SERVER_ERROR if _is_transient(status) else FailureKind.INVALID_REQUEST


def _is_transient(status: int) -> bool:
    return status >= 500 or status in (408, 409)


def _message(kind: FailureKind, status: int, said: str) -> str:
    if kind is FailureKind.UNAUTHORIZED:
        why = f" {said}" if status == 403 else ""
        return f"OpenAI refused the key ({status}): check {KEY_SETTINGS['openai']}.{why}"
    if kind is FailureKind.QUOTA_EXHAUSTED:
        return f"The OpenAI account has no credit left ({status}): check its plan and billing."
    return f"OpenAI answered {status}: {said}"


def _reply(body: Object, headers: Mapping[str, str], latency_ms: int) -> Reply:
    choice = as_object(as_list(body["choices"])[0])
    message, finish = as_object(choice.get("message")), str(choice.get("finish_reason") or "")
    text, refusal = as_text(message.get("content")), as_text(message.get("refusal"))
    outcome = _outcome(text, refusal, finish)
    tier = str(body.get("service_tier") or "")
    return Reply(
        text=text,
        outcome=outcome,
        model_served=as_text(body.get("model")),
        usage=from_openai_chat(as_object(body.get("usage"))),
        finish=finish,
        latency_ms=latency_ms,
        service_tier=_TIERS.get(tier, tier),
        tool_calls=_tool_calls(message),
        rate_limits={name: headers[name] for name in headers if name.startswith("x-ratelimit-")},
        provider_request_id=headers.get("x-request-id") or as_text(body.get("id")),
        reason=_reason(outcome, finish, quoted(refusal)),
    )


def _outcome(text: str | None, refusal: str | None, finish: str) -> ReplyOutcome:
    if refusal:
        return "refused"
    outcome = _OUTCOMES.get(finish, "answered")
    return "empty" if outcome == "answered" and not (text or "").strip() else outcome


def _reason(outcome: ReplyOutcome, finish: str, refusal: str) -> str | None:
    return {
        "answered": None,
        "refused": f"The model refused to judge this: {refusal}",
        "blocked": "OpenAI's content filter stopped the answer.",
        "truncated": "The answer was cut off at the limit of output tokens.",
        "empty": f"The model gave no text (it ended with {finish or 'nothing'}).",
    }[outcome]


def _tool_calls(message: Object) -> dict[str, int]:
    calls = [as_object(call).get("function") for call in as_list(message.get("tool_calls"))]
    names = [as_object(call).get("name") for call in [*calls, message.get("function_call")]]
    return dict(Counter(str(name) for name in names if name))


def _code(error: JsonValue) -> str:
    return str(as_object(error).get("code") or "")


def _said(error: JsonValue) -> str:
    return (
        str(as_object(error).get("message") or "") if isinstance(error, dict) else str(error or "")
    )
