"""OpenAI's Chat Completions: the body of a question, and what an answer says."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from libs.contracts.models import ModelInfo
from services.qc.domain.answer_schema import ANSWER_SCHEMA_NAME
from services.qc.domain.rates import rates_of
from services.qc.domain.usage import TokenUsage, from_openai_chat
from services.qc.providers.base import Question, Reply, ReplyOutcome
from services.qc.providers.bodies import Carried
from services.qc.providers.failures import quoted
from services.qc.providers.question import cache_key, most_output_tokens, reasons, system_of
from services.qc.providers.tiers import asked_as, served_as
from services.qc.providers.wire import Object, as_list, as_object, as_text

PATH = "/chat/completions"

_OUTCOMES: dict[str, ReplyOutcome] = {"content_filter": "blocked", "length": "truncated"}


def request_of(question: Question, info: ModelInfo, tier: str, carried: Carried) -> dict[str, Any]:
    """What all checks share comes first, so that its prefix is cached."""
    limits: dict[str, Any] = {"max_tokens": most_output_tokens(question, info), "temperature": 0}
    if reasons(info):
        limits = {"max_completion_tokens": most_output_tokens(question, info)}
    pictures = [
        {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
        for url in carried.data_urls
    ]
    return {
        "model": question.model,
        "messages": [
            {"role": "system", "content": system_of(question, info)},
            {"role": "user", "content": [*pictures, {"type": "text", "text": question.text}]},
        ],
        "response_format": _format(question, info),
        **limits,
        **asked_as(tier),
        **cache_key(question, info),
    }


def reply_of(body: Object, headers: Mapping[str, str], latency_ms: int) -> Reply | None:
    """None when the body holds no answer."""
    choices = as_list(body.get("choices"))
    if not choices:
        return None
    choice = as_object(choices[0])
    message, finish = as_object(choice.get("message")), str(choice.get("finish_reason") or "")
    text, refusal = _text(message.get("content")), as_text(message.get("refusal"))
    outcome = _outcome(text, refusal, finish)
    return Reply(
        text=text,
        outcome=outcome,
        model_served=as_text(body.get("model")),
        usage=usage_of(body),
        finish=finish,
        latency_ms=latency_ms,
        service_tier=served_as(body.get("service_tier")),
        tool_calls=_tool_calls(message),
        rates=rates_of(headers),
        provider_request_id=headers.get("x-request-id") or as_text(body.get("id")),
        reason=why(outcome, finish, refusal),
    )


def usage_of(body: Object) -> TokenUsage | None:
    return from_openai_chat(as_object(body.get("usage")))


def why(outcome: ReplyOutcome, finish: str, refusal: str | None) -> str | None:
    """A sentence for people on an answer that does not answer."""
    return {
        "answered": None,
        "refused": f"The model refused to judge this: {quoted(refusal)}",
        "blocked": "The provider's content filter stopped the answer.",
        "truncated": "The answer was cut off at the limit of output tokens.",
        "empty": f"The model gave no text (it ended with {quoted(finish) or 'nothing'}).",
    }[outcome]


def _format(question: Question, info: ModelInfo) -> dict[str, Any]:
    if not info.structured:
        return {"type": "json_object"}
    schema = {"name": ANSWER_SCHEMA_NAME, "strict": True, "schema": dict(question.schema)}
    return {"type": "json_schema", "json_schema": schema}


def _text(content: JsonValue) -> str | None:
    """Some servers answer in parts, of which those that the model thinks are no answer."""
    parts = [as_object(part) for part in as_list(content)]
    said = [as_text(part.get("text")) or "" for part in parts if part.get("type") == "text"]
    return as_text(content) or "".join(said) or None


def _outcome(text: str | None, refusal: str | None, finish: str) -> ReplyOutcome:
    if refusal:
        return "refused"
    outcome = _OUTCOMES.get(finish, "answered")
    return "empty" if outcome == "answered" and not (text or "").strip() else outcome


def _tool_calls(message: Object) -> dict[str, int]:
    calls = [as_object(call) for call in as_list(message.get("tool_calls"))]
    functions = [call.get("function") or call.get("custom") for call in calls]
    names = [as_object(call).get("name") for call in [*functions, message.get("function_call")]]
    return dict(Counter(str(name) for name in names if name))
