"""OpenAI, and every server that speaks its dialects: one question, one HTTP request."""

import asyncio
import re
import time
from collections.abc import Collection, Mapping
from typing import Any, Protocol

import httpx2
from pydantic import JsonValue

from libs.contracts.models import ModelInfo
from services.qc.domain.rates import rates_of
from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import TokenUsage
from services.qc.providers import chat, responses
from services.qc.providers.base import ATTEMPT_HEADER, ProviderFailed, Question, Reply
from services.qc.providers.bodies import Carried, Door
from services.qc.providers.failures import quoted, redirected, retry_after_s, unanswered
from services.qc.providers.question import FindModel
from services.qc.providers.server import Server
from services.qc.providers.tiers import Tiers, is_refusal
from services.qc.providers.transport import http_client
from services.qc.providers.wire import Object, as_object, elapsed_ms, json_object, timeout

DEFAULT_BASE_URL = "https://api.openai.com/v1"
BASE_URL_SETTING = "OPENAI_BASE_URL"

_BLOCKED_CODES = {
    "content_filter",
    "content_policy_violation",
    "image_content_policy_violation",
}
_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}
_INVALID_CODE = re.compile(r"(?:invalid|unsupported|empty|image)_")
NO_KEY = "none"
"""The SDK wants one; it is not sent."""

_HEADERS = frozenset(
    ("accept", "accept-encoding", "content-type", "host", "user-agent", ATTEMPT_HEADER.lower())
)


class Dialect(Protocol):
    """The request body, the reply in an answer (None: there is none), and its usage."""

    PATH: str

    def request_of(
        self, question: Question, info: ModelInfo, tier: str, carried: Carried, /
    ) -> dict[str, Any]: ...

    def reply_of(
        self, body: Object, headers: Mapping[str, str], latency_ms: int, /
    ) -> Reply | None: ...

    def usage_of(self, body: Object, /) -> TokenUsage | None: ...


_DIALECTS: dict[str, Dialect] = {"chat": chat, "responses": responses}


class OpenAIProvider:
    """Chat Completions or Responses, whichever serves the model, with a strict JSON schema.

    The SDK's own retries are off. The raw body is read, not the SDK's parsed answer: parsing
    fails on a value out of range and takes the paid usage with it.
    """

    def __init__(self, server: Server, find_model: FindModel) -> None:
        import openai

        self.name = server.name
        self._server = server
        self._find_model = find_model
        self._tiers = Tiers()
        self._door = Door()
        self._sdk = openai.AsyncOpenAI(
            api_key=server.key or NO_KEY,
            base_url=server.base_url,
            max_retries=0,
            http_client=http_client(server.base_url, _headers_for(server)),
        )

    async def aclose(self) -> None:
        await self._sdk.close()

    async def ask(self, question: Question) -> Reply:
        started_s = time.monotonic()
        info = self._find_model(self.name, question.model)
        tier = self._tiers.to_ask(question, info, started_s)
        response = await self._send(question, info, tier, started_s)
        latency_ms = elapsed_ms(started_s)
        body = json_object(response.text) or {}
        dialect = _dialect(info)
        reply = dialect.reply_of(body, response.headers, latency_ms)
        if reply is None:
            raise self._without_answer(dialect, body, latency_ms)
        return reply

    async def _send(
        self, question: Question, info: ModelInfo, tier: str, started_s: float
    ) -> httpx2.Response:
        """The whole answer. The failure is raised outside `except`, so that no SDK error with
        the request in it hangs on to it."""
        import openai

        dialect, server, carried = _dialect(info), self._server, Carried(question.pictures)
        try:
            async with asyncio.timeout(question.timeout_s), self._door.opened_for(carried):
                # By path: the methods with names walk through every value for types that are
                # not among these, which costs as much as all the rest of a call.
                return await self._sdk.post(
                    dialect.PATH,
                    body=dialect.request_of(question, info, tier, carried),
                    cast_to=httpx2.Response,
                    options={
                        "headers": {ATTEMPT_HEADER: str(question.attempt_id)},
                        "timeout": timeout(question.timeout_s),
                    },
                )
        except openai.APIStatusError as error:
            failed = self._turned_away(error.response, question.model, tier)
        except openai.APIConnectionError as error:
            failed = unanswered(error.__cause__, server.title, server.url_setting, carried.left)
        except TimeoutError as error:
            failed = unanswered(error, server.title, server.url_setting, carried.left)
        failed.latency_ms = elapsed_ms(started_s)
        raise failed

    def _turned_away(self, response: httpx2.Response, model: str, tier: str) -> ProviderFailed:
        status = response.status_code
        if response.is_redirect:
            return redirected(status, self._server.title, self._server.url_setting)
        error = _error_in(response.text)
        code = _code(error)
        said = quoted(_said(error) or response.reason_phrase, self._server.key or "")
        kind = kind_of_failure(status, code, said)
        if is_refusal(tier, status, f"{code} {_param(error)}", said):
            self._tiers.refused(model, tier, time.monotonic())
            kind = FailureKind.TIER_REFUSED
        return ProviderFailed(
            kind,
            self._message(kind, status, said),
            status=status,
            retry_after_s=retry_after_s(response.headers, said),
            rates=rates_of(response.headers),
            raw=said if not code else f"{quoted(code, self._server.key or '')}: {said}",
            provider_request_id=response.headers.get("x-request-id"),
        )

    def _without_answer(self, dialect: Dialect, body: Object, latency_ms: int) -> ProviderFailed:
        error = body.get("error")
        said = quoted(_said(error), self._server.key or "")
        return ProviderFailed(
            kind_of_failure(200, _code(error), said) if error else FailureKind.INTERRUPTED,
            f"{self._server.title}'s answer cannot be read: "
            f"{said or 'it is not the JSON that was promised'}.",
            status=200,
            usage=dialect.usage_of(body),
            raw=said,
            latency_ms=latency_ms,
        )

    def _message(self, kind: FailureKind, status: int, said: str) -> str:
        title = self._server.title
        if kind is FailureKind.UNAUTHORIZED:
            why = f" {said}" if status == 403 else ""
            return f"{title} refused the key ({status}): check {self._server.key_setting}.{why}"
        if kind is FailureKind.QUOTA_EXHAUSTED:
            return f"The {title} account has no credit left ({status}): check its plan and billing."
        return f"{title} answered {status}: {said}"


def _dialect(info: ModelInfo) -> Dialect:
    return _DIALECTS.get(info.api) or _DIALECTS["chat"]


def _headers_for(server: Server) -> Collection[str] | None:
    """Those that another server than OpenAI gets. The SDK takes more from the environment, such
    as organisation and project, which are meant for OpenAI alone.
    """
    if server.name == "openai":
        return None
    return _HEADERS | {"authorization"} if server.key else _HEADERS


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
    if status == 200:
        return _kind_inside(code)
    return FailureKind.SERVER_ERROR if _is_transient(status) else FailureKind.INVALID_REQUEST


def _kind_inside(code: str) -> FailureKind:
    """An error that came as an answer. Source: OpenAI API reference, `ResponseError`."""
    if code == "rate_limit_exceeded":
        return FailureKind.RATE_LIMITED
    is_invalid = _INVALID_CODE.match(code)
    return FailureKind.INVALID_REQUEST if is_invalid else FailureKind.SERVER_ERROR


def _is_transient(status: int) -> bool:
    return status >= 500 or status in (408, 409)


def _error_in(text: str) -> JsonValue:
    """What an answer says went wrong: OpenAI's `error`, or a form that another server has."""
    document = json_object(text) or json_object(text.strip().removeprefix("[").removesuffix("]"))
    body = document or {}
    return body.get("error") or body


def _code(error: JsonValue) -> str:
    return str(as_object(error).get("code") or "")


def _param(error: JsonValue) -> str:
    return str(as_object(error).get("param") or "")


def _said(error: JsonValue) -> str:
    if not isinstance(error, dict):
        return str(error or "")
    return str(error.get("message") or error.get("detail") or "")
