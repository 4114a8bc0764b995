"""Google Gemini through its developer API: one question, one HTTP request."""

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING, Any

import httpx2

from libs.contracts.models import ModelInfo
from services.qc.domain.rates import rates_of_quota
from services.qc.domain.routing import FailureKind
from services.qc.providers import gemini
from services.qc.providers.base import ATTEMPT_HEADER, ProviderFailed, Question, Reply
from services.qc.providers.bodies import Carried, Door
from services.qc.providers.failures import quoted, redirected, retry_after_s, unanswered
from services.qc.providers.question import FindModel
from services.qc.providers.server import Server
from services.qc.providers.tiers import Tiers, is_refusal
from services.qc.providers.transport import http_client
from services.qc.providers.wire import Object, as_list, elapsed_ms, json_object

if TYPE_CHECKING:
    from google.genai import types

DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
BASE_URL_SETTING = "GOOGLE_GEMINI_BASE_URL"
API_VERSION = "v1beta"

_DAILY_QUOTA = re.compile(r"per[ _]?day", re.IGNORECASE)


class GoogleProvider:
    """`generateContent` with a JSON schema. Every way in which the SDK asks twice is off.

    Those are its retries, and the silent second request that it makes on a broken connection
    when it uses aiohttp: it is given a client of its own, which keeps it away from that path
    and from redirects. Its function calling and its continuation of long answers are above
    the request that is made here. The raw body is read, so that no surprise in it can lose the
    paid usage.
    """

    name = "google"

    def __init__(self, server: Server, find_model: FindModel) -> None:
        from google import genai
        from google.genai import types

        self._server = server
        self._key = server.key or ""
        self._find_model = find_model
        self._tiers = Tiers()
        self._door = Door()
        self._http = http_client(server.base_url)
        self._sdk = genai.Client(
            vertexai=False,
            api_key=self._key,
            http_options=types.HttpOptions(
                base_url=server.base_url, api_version=API_VERSION, httpx_async_client=self._http
            ),
        )

    async def aclose(self) -> None:
        self._sdk.close()
        await self._http.aclose()

    async def ask(self, question: Question) -> Reply:
        started_s = time.monotonic()
        info = self._find_model(self.name, question.model)
        tier = self._tiers.to_ask(question, info, started_s)
        answer = await self._send(question, info, tier, started_s)
        latency_ms = elapsed_ms(started_s)
        body = json_object(answer.body or "")
        if body is None:
            raise ProviderFailed(
                FailureKind.INTERRUPTED,
                "Gemini's answer cannot be read: it is not the JSON that was promised.",
                status=200,
                latency_ms=latency_ms,
            )
        return gemini.reply_of(body, {**(answer.headers or {})}, latency_ms)

    async def _send(
        self, question: Question, info: ModelInfo, tier: str, started_s: float
    ) -> "types.HttpResponse":
        """The whole answer. The failure is raised outside `except`, so that no SDK error with
        the request in it hangs on to it."""
        from google.genai import errors

        carried = Carried(question.pictures)
        try:
            path = gemini.path_of(question.model)
            async with asyncio.timeout(question.timeout_s), self._door.opened_for(carried):
                # What `generate_content` calls itself, after it has walked through every value
                # for types that are not among these: that costs twice all the rest of a call.
                return await self._sdk._api_client.async_request(
                    "post",
                    path,
                    gemini.request_of(question, info, tier, carried),
                    _options(question),
                )
        except errors.APIError as error:
            failed = self._turned_away(error, question.model, tier)
        except (httpx2.HTTPError, TimeoutError) as error:
            failed = unanswered(error, "Gemini", BASE_URL_SETTING, carried.left)
        except (json.JSONDecodeError, UnicodeDecodeError):
            failed = ProviderFailed(
                FailureKind.SERVER_ERROR, "Gemini answered with an error that cannot be read."
            )
        except ValueError:
            failed = ProviderFailed(
                FailureKind.INVALID_REQUEST, f"Gemini has no model called {question.model!r}."
            )
        failed.latency_ms = elapsed_ms(started_s)
        raise failed

    def _turned_away(self, error: Any, model: str, tier: str) -> ProviderFailed:
        status, details = int(error.code or 500), _error_details(error.details)
        if 300 <= status < 400:
            return redirected(status, "Gemini", BASE_URL_SETTING)
        said = quoted(error.message or error.status, self._key)
        kind = kind_of_failure(status, str(error.status or ""), said, details)
        if is_refusal(tier, status, str(error.status or ""), said):
            self._tiers.refused(model, tier, time.monotonic())
            kind = FailureKind.TIER_REFUSED
        headers = getattr(error.response, "headers", None) or {}
        asked_s = retry_after_s(headers, said)
        if asked_s is None:
            asked_s = _retry_delay_s(details)
        return ProviderFailed(
            kind,
            self._message(kind, status, said),
            status=status,
            retry_after_s=asked_s,
            rates=rates_of_quota(details, asked_s),
            raw=f"{quoted(error.status, self._key)}: {said}",
        )

    def _message(self, kind: FailureKind, status: int, said: str) -> str:
        if kind is FailureKind.UNAUTHORIZED:
            return f"Gemini refused the key ({status}): check {self._server.key_setting}. {said}"
        if kind is FailureKind.QUOTA_EXHAUSTED:
            return f"The Gemini quota of the day is spent ({status}): check its plan and billing."
        return f"Gemini answered {status}: {said}"


def _options(question: Question) -> "types.HttpOptions":
    from google.genai import types

    return types.HttpOptions(
        headers={ATTEMPT_HEADER: str(question.attempt_id)},
        timeout=max(round(question.timeout_s * 1000), 1),
    )


def kind_of_failure(status: int, word: str, message: str, details: list[Object]) -> FailureKind:
    """Read an error answer. Gemini says 400 to a bad key and 429 to both a burst and a spent day.

    Source: Gemini API docs, "Troubleshooting"; `google.rpc` error details.
    """
    if status < 300:
        return FailureKind.INTERRUPTED
    if status in (401, 403) or _has_reason(details, "API_KEY_INVALID"):
        return FailureKind.UNAUTHORIZED
    if status == 429 or word == "RESOURCE_EXHAUSTED":
        spent = _DAILY_QUOTA.search(message) or _DAILY_QUOTA.search(json.dumps(details))
        return FailureKind.QUOTA_EXHAUSTED if spent else FailureKind.RATE_LIMITED
    if status == 504:
        return FailureKind.TIMED_OUT
    return FailureKind.SERVER_ERROR if status >= 500 else FailureKind.INVALID_REQUEST


def _error_details(document: object) -> list[Object]:
    error = document.get("error", document) if isinstance(document, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [detail for detail in as_list(details) if isinstance(detail, dict)]


def _has_reason(details: list[Object], reason: str) -> bool:
    return any(detail.get("reason") == reason for detail in details)


def _retry_delay_s(details: list[Object]) -> float | None:
    delays = [re.fullmatch(r"([\d.]+)s", str(detail.get("retryDelay", ""))) for detail in details]
    return next((float(delay[1]) for delay in delays if delay), None)
